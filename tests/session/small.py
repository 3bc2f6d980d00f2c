"""Small sessions for tests: a volume of bright bodies, and objects made by hand."""

import numpy as np

from tests.fakes import BrightModel
from tests.grids import UGLY
from tests.phantoms import ball_image, enlarged
from vesal.geometry import Grid, Patch
from vesal.images import Image
from vesal.labels import Segment
from vesal.session import Session
from vesal.session.objects import Object, Objects, Outline, Overlap

GRID = enlarged(UGLY["oblique"], 16)
"""An oblique grid of 40 x 30 x 16 voxels or so."""

PLACES = [(8, 8, 4), (28, 20, 11)]
"""The middles of two bright balls that do not touch, array indices."""


def at(*voxel: float, grid: Grid = GRID) -> tuple[float, ...]:
    """The world position of an array index."""
    return tuple(float(v) for v in grid.to_world(np.array([voxel], np.float64))[0])


def two_balls(grid: Grid = GRID) -> Image:
    """Two bright balls of 8 mm and 6 mm on a dark ground."""
    balls = [
        ball_image(grid, at(*place, grid=grid), radius).array
        for place, radius in zip(PLACES, (8.0, 6.0), strict=True)
    ]
    return Image(array=np.maximum(*balls), grid=grid)


def new_session(model: BrightModel | None = None) -> Session:
    """A session on the two balls, with a model that takes what is bright."""
    return Session(two_balls(), model or BrightModel())


def made(number: int, mask: np.ndarray, *, accepted: bool = False, locked: bool = False) -> Object:
    """An object with a mask."""
    return Object(
        segment=Segment(number=number, name=f"object {number}", colour=(10 * number, 0, 0)),
        outline=Outline(patch=Patch.of(mask)),
        accepted=accepted,
        locked=locked,
    )


def several(*every: Object, overlap: Overlap = "accepted") -> Objects:
    """Objects at one moment."""
    return Objects(every=every, current=1, last=len(every), overlap=overlap)
