"""Cases in memory, as the rules of curation get them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vesal.datasets import Opened, Pair, Target
from vesal.geometry import Grid, Patch
from vesal.images import Image

NOWHERE = Path("nowhere")


def opened(
    array: NDArray[np.generic],
    grid: Grid,
    masks: dict[str, NDArray[np.bool_]],
    **facts: str,
) -> Opened:
    """A case of an array and masks on one grid."""
    said = {"name": "case_1", "modality": "CT", "dataset": "Set", **facts}
    pair = Pair(image=NOWHERE, **said)  # type: ignore[arg-type]  # all texts
    targets = tuple(Target(name=name, patch=Patch.of(mask)) for name, mask in masks.items())
    return Opened(pair=pair, image=Image(array=array, grid=grid), targets=targets)


def ras(*shape: int, spacing_mm: tuple[float, ...] = (1.0, 1.0, 1.0)) -> Grid:
    """A volume whose axes run to the right, the front and the head."""
    return Grid(shape=shape, affine=np.diag([*spacing_mm, 1.0]))


def raster(rows: int, columns: int) -> Grid:
    """A picture, row by row."""
    return Grid(shape=(rows, columns), affine=np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 1]]))
