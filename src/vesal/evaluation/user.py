"""The simulated user: sees the truth and the mask so far, and says something."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vesal.arrays import MaskArray
from vesal.geometry.grid import Grid
from vesal.prompts import Prompt
from vesal.prompts.place import click_on
from vesal.prompts.simulate import Placed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sight:
    """What a simulated user goes by.

    Attributes:
        grid: of the image that the method is shown.
        truth: what is to be outlined, on that grid.
        mask: what the method has outlined so far.
        rng: for rules that choose at random.
    """

    grid: Grid
    truth: MaskArray
    mask: MaskArray
    rng: np.random.Generator


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a user says in one round.

    Attributes:
        prompts: all at once.
        words: the same for a table: "+ 12 40 7" for a click on that voxel, or a kind.
    """

    prompts: tuple[Prompt, ...]
    words: str


Rule = Callable[[Sight], Said | None]
"""What a user says next; None if there is nothing to say."""


def said_click(placed: Placed, grid: Grid) -> Said:
    """A click in the middle of a voxel."""
    voxel, positive = placed
    words = " ".join(["+" if positive else "-", *(str(i) for i in voxel)])
    return Said(prompts=(click_on(grid, voxel, positive=positive),), words=words)


def clicked(words: str) -> Placed | None:
    """The voxel and sign of a click from what a table says of it; None for anything else."""
    sign, *rest = words.split() or [""]
    if sign not in ("+", "-") or not rest:
        return None
    return tuple(int(word) for word in rest), sign == "+"


def generator_for(*names: object) -> np.random.Generator:
    """A generator whose draws follow from names alone: the same on every machine, in any order."""
    digest = hashlib.sha256("\0".join(str(name) for name in names).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))
