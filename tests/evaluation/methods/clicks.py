"""Clicks on voxels, and a simulated user for short."""

import numpy as np

from vesal.arrays import MaskArray
from vesal.evaluation.method import Method
from vesal.evaluation.metrics import dice
from vesal.geometry import Grid
from vesal.images import Image
from vesal.prompts import Click
from vesal.prompts.simulate import error_click


def click(grid: Grid, voxel: tuple[int, ...], *, positive: bool = True) -> Click:
    """The click on the centre of a voxel."""
    point = grid.to_world(np.array([voxel], np.float64))[0]
    return Click(point_mm=tuple(point.tolist()), positive=positive)


def dice_after(method: Method, image: Image, target: MaskArray, clicks: int) -> float:
    """Dice after so many clicks, each in the middle of the largest error."""
    trial = method.begin(image)
    mask = np.zeros_like(target)
    for _ in range(clicks):
        found = error_click(target, mask, image.grid.spacing_mm)
        if found is None:
            return 1.0
        mask = trial.add([click(image.grid, found[0], positive=found[1])])
    return dice(mask, target)
