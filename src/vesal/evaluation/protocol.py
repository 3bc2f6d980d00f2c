"""The simulated user at work: click, look, click where it is most wrong."""

import time
from dataclasses import dataclass

import numpy as np

from vesal.arrays import MaskArray
from vesal.errors import ConfigError
from vesal.evaluation.metrics import dice
from vesal.prompts import Click
from vesal.prompts.simulate import error_click
from vesal.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One click and what came of it."""

    click: Click
    dice: float
    elapsed_s: float
    stability: float | None
    """What the session said of the answer, without knowing the truth."""


def click_rounds(session: Session, target: MaskArray, rounds: int) -> tuple[Round, ...]:
    """What happens in up to ``rounds`` clicks, each in the middle of the largest error.

    The whole image is given, nothing is cropped round the target, and Dice is measured on the
    image's own grid. Ends early when mask and target are equal.
    """
    grid = session.image.grid
    done: list[Round] = []
    for _ in range(rounds):
        found = error_click(target, session.mask.array, grid.spacing_mm)
        if found is None:
            break
        index, positive = found
        point = grid.to_world(np.array([index], np.float64))[0]
        click = Click(point_mm=tuple(float(v) for v in point), positive=positive)
        started = time.perf_counter()
        mask = session.add(click)
        elapsed_s = time.perf_counter() - started
        done.append(
            Round(
                click=click,
                dice=dice(mask.array, target),
                elapsed_s=elapsed_s,
                stability=session.stability,
            )
        )
    return tuple(done)


def dice_after(rounds: tuple[Round, ...], clicks: int) -> float:
    """Dice after that many clicks; a user who is content earlier keeps what there is.

    Without any round mask and target were equal from the start: 1.

    Raises:
        ConfigError: less than one click.
    """
    if clicks < 1:
        msg = f"Dice is known after 1 click or more, got {clicks}"
        raise ConfigError(msg)
    return rounds[min(clicks, len(rounds)) - 1].dice if rounds else 1.0
