"""A bright ball in a volume of thick slices, and a 2D model that takes what is bright."""

import numpy as np
from numpy.typing import NDArray

from tests.fakes import BrightSegmenter
from tests.phantoms import ball_image
from vesal.geometry import Grid
from vesal.images import Image
from vesal.inference.answer import Answer
from vesal.inference.clicks import Clicks
from vesal.inference.slice_predictor import SlicePredictor

GRID = Grid(shape=(40, 36, 20), affine=np.diag([-1.0, 1.0, 3.0, 1.0]))
CENTRE = (-20.0, 18.0, 30.0)
BALL = ball_image(GRID, CENTRE, 10.0)
REACHED = [7, 8, 9, 10, 11, 12, 13]
"""Slices of 3 mm that a ball of 10 mm at slice 10 reaches."""
NOTHING = Clicks(points_mm=np.zeros((0, 3)), positive=np.zeros(0, np.bool_))


def said(*points: tuple[tuple[float, ...], bool]) -> Clicks:
    """Clicks at points in mm."""
    return Clicks(
        points_mm=np.array([point for point, _ in points], np.float64),
        positive=np.array([side for _, side in points]),
    )


ONE = said((CENTRE, True))
SCALE = np.array([86 / 36, 96 / 40])
"""Pages of 36 rows and 40 columns are enlarged to 86 and 96 in a square of 96."""


def slices_of(answer: Answer) -> list[int]:
    """The slices that the mask reaches."""
    return np.flatnonzero(answer.mask.full().any(axis=(0, 1))).tolist()


def agreement(mask: NDArray[np.bool_], image: Image) -> float:
    """Dice of a mask and what is bright."""
    truth = image.array > 550
    return float(2 * (mask & truth).sum() / (mask.sum() + truth.sum()))


def looking(model: BrightSegmenter, image: Image = BALL) -> SlicePredictor:
    """A predictor on an image."""
    return SlicePredictor(image, model, model.config)
