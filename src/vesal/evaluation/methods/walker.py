"""Grady's random walker by scikit-image, in a window round what was said.

L. Grady, Random walks for image segmentation, IEEE PAMI 28 (2006): the probability that a walker
who starts at a voxel, and seldom steps across an edge, meets a seed of the object first.
"""

from importlib.metadata import version

import numpy as np

from vesal.arrays import Intensities
from vesal.evaluation.methods.baseline import Baseline, Found
from vesal.evaluation.methods.window import SETTINGS, Window, window_of
from vesal.extras import needing
from vesal.images import Image
from vesal.inference.request import Request

_SIDE = 40  # voxels along the window's longest axis: 64 take ten times as long
_BETA = 1000.0  # chosen on tests/data: 130, scikit-image's own, sees no soft tissue
_TOLERANCE = 1e-3  # of the solver; the masks agree with those of 1e-6 to a Dice of 0.996
_INSIDE, _OUTSIDE = 1, 2


def walker_method(name: str = "random-walker") -> Baseline:
    """The random walker in a window round the clicks, its faces taken for background.

    Raises:
        ResourceError: scikit-image is missing.
    """
    with needing("evaluate", "the random walker"):
        import skimage  # noqa: F401
    settings = f"beta {_BETA:g}, {_SIDE} voxels, {SETTINGS}"
    identity = f"random walker, {settings}, scikit-image {version('scikit-image')}"
    return Baseline(name, identity=identity, look=_Walker)


class _Walker:
    def __init__(self, image: Image) -> None:
        self._grid = image.grid
        self._values = image.grey()

    def find(self, request: Request) -> Found:
        """Where the object's seeds are met first."""
        seen = window_of(self._values, self._grid, request, _SIDE)
        return seen.found(probability(seen), self._grid)


def probability(seen: Window, beta: float = _BETA) -> Intensities:
    """How likely a walker from each voxel of a window meets a seed of the object first, 0 to 1."""
    if seen.is_plain:
        return seen.inside.astype(np.float32)
    from skimage.segmentation import random_walker

    labels = np.where(seen.inside, _INSIDE, np.where(seen.outside, _OUTSIDE, 0))
    if labels.all():
        return seen.inside.astype(np.float32)
    found = random_walker(
        seen.values.astype(np.float64),
        labels,
        beta=beta,
        mode="bf" if seen.grid.ndim == 2 else "cg_j",  # a picture is soon solved directly
        tol=_TOLERANCE,
        spacing=seen.grid.spacing_mm / np.min(seen.grid.spacing_mm),
        prob_tol=np.inf,  # clipped below instead of a warning
        return_full_prob=True,
    )
    return np.asarray(np.clip(found[0], 0, 1), np.float32)
