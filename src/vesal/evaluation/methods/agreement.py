"""How a user who contradicts an earlier word is understood: the newest word counts.

A session refuses prompts that contradict each other, so that its user can mend them; a simulated
user cannot be asked.
"""

from dataclasses import replace

import numpy as np

from vesal.prompts import Box, Click, Prompt
from vesal.session.objects import Batch

_APART_MM = 1e-6  # clicks on one voxel are in the very same place


def agreeing(said: tuple[Batch, ...], prompts: Batch) -> tuple[Batch, ...]:
    """What was said of an object with what is said now, without what that contradicts.

    A box is widened to hold a later positive click outside of it; a click on a voxel that was
    clicked the other way takes the older one back.

    Args:
        said: batches so far, oldest first.
        prompts: the newest one.
    """
    for prompt in prompts:
        if isinstance(prompt, Click):
            mended = (_mended(batch, prompt) for batch in said)
            said = tuple(batch for batch in mended if batch)
    return (*said, prompts)


def _mended(batch: Batch, click: Click) -> Batch:
    return tuple(_widened(p, click) for p in batch if not _contrary(p, click))


def _contrary(prompt: Prompt, click: Click) -> bool:
    if not isinstance(prompt, Click) or prompt.positive == click.positive:
        return False
    return bool(np.abs(np.subtract(prompt.point_mm, click.point_mm)).max() < _APART_MM)


def _widened(prompt: Prompt, click: Click) -> Prompt:
    """A box with the click in it; one on a slice says nothing of others, and stays there."""
    if not isinstance(prompt, Box) or not (prompt.positive and click.positive):
        return prompt
    place = np.linalg.solve(prompt.directions, np.array(click.point_mm, np.float64))
    low, high = np.array(prompt.low_mm), np.array(prompt.high_mm)
    flat = low == high
    low, high = (
        np.where(flat, end, extreme(end, place))
        for end, extreme in ((low, np.minimum), (high, np.maximum))
    )
    if (low == prompt.low_mm).all() and (high == prompt.high_mm).all():
        return prompt
    return replace(prompt, low_mm=tuple(low.tolist()), high_mm=tuple(high.tolist()))
