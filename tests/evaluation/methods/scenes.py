"""Real images with an object each, and a user who corrects the worst error."""

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vesal.evaluation.method import Trial
from vesal.geometry import Grid
from vesal.images import Image, open_image
from vesal.prompts.place import click_on
from vesal.prompts.simulate import error_click

Mask = NDArray[np.bool_]
DATA = Path(__file__).parents[2] / "data"
BASELINES = ("ball", "geodesic", "random-walker", "region-growing")


@cache
def scene(name: str) -> tuple[Image, Mask]:
    """The "lesion" of a brain, a "nucleus" in a stack or a "cell" on a raster, and its mask."""
    image, labels, value = {
        "lesion": ("brain1_image.nrrd", "brain1_label.nrrd", 1),
        "nucleus": ("img3d.tif", "mask3d.tif", 59),
        "cell": ("img2d.tif", "mask2d.tif", 149),
    }[name]
    return open_image(DATA / image), open_image(DATA / labels).array == value


def dice(first: Mask, second: Mask) -> float:
    """Dice coefficient of two masks that are not both empty."""
    return float(2 * (first & second).sum() / (first.sum() + second.sum()))


def corrected(trial: Trial, image: Image, truth: Mask, clicks: int) -> Mask:
    """The mask after so many clicks, each in the middle of the worst error."""
    mask = np.zeros(truth.shape, np.bool_)
    for _ in range(clicks):
        placed = error_click(truth, mask, image.grid.spacing_mm)
        if placed is None:
            break
        mask = trial.add([click_on(image.grid, placed[0], positive=placed[1])])
    return mask


def stored_otherwise(image: Image, order: tuple[int, ...], flips: tuple[int, ...]) -> Image:
    """The same image of the same world with its axes in another order, some of them flipped."""
    ndim = image.grid.ndim
    matrix = np.eye(ndim + 1)[:, [*order, ndim]]  # new index -> old index
    array = image.array.transpose(order)
    for axis in flips:
        array = np.flip(array, axis)
        flip = np.eye(ndim + 1)
        flip[axis, axis], flip[axis, -1] = -1, array.shape[axis] - 1
        matrix = matrix @ flip
    grid = Grid(shape=array.shape, affine=image.grid.affine @ matrix)
    return Image(array=array, grid=grid, source=image.source)
