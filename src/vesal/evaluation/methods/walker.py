"""Random walker: how likely it is to come from a voxel to a seed of the object first.

Grady, Random walks for image segmentation, IEEE TPAMI 2006, as scikit-image has it.
"""

import numpy as np
from scipy import ndimage

from vesal.arrays import Intensities, MaskArray
from vesal.errors import ResourceError
from vesal.evaluation.methods.seeded import SeededTrial, through_window
from vesal.evaluation.methods.window import Window
from vesal.images import Image

# How hard edges are to cross. Beyond scikit-image's 130, which is for rasters: in a volume a walk
# from the surface of a few seeds goes astray more easily. Chosen on tests/data.
_BETA = 2000.0
_TOLERANCE = 1e-3  # of the solver; only which side of a half a chance is on matters


class WalkerMethod:
    """Random walker in a window round what was said.

    Args:
        name: how tables call it.

    Raises:
        ResourceError: scikit-image is missing.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        _check_installed()

    @property
    def name(self) -> str:
        """How tables call it."""
        return self._name

    @property
    def identity(self) -> str:
        """The algorithm; the number grows when its answers change."""
        return "random-walker 1"

    @property
    def prompts(self) -> tuple[str, ...]:
        """A box limits it, a scribble is many clicks."""
        return ("point", "box", "scribble")

    def begin(self, image: Image) -> SeededTrial:
        """A trial of a new object."""
        return SeededTrial(image, through_window(_chances))


def _check_installed() -> None:
    try:
        import skimage.segmentation  # noqa: F401
    except ModuleNotFoundError as error:
        msg = "the random walker needs scikit-image: pip install 'vesal[evaluate]'"
        raise ResourceError(msg) from error


def _chances(window: Window) -> Intensities:
    """How likely a walk from each voxel meets the object's seeds before all others."""
    from skimage.segmentation import random_walker

    positive, negative = _thickened(window)
    labels = np.where(positive, 1, np.where(negative | window.beyond, 2, 0))
    certain = (labels != 0).all()
    if certain or not (labels == 2).any() or window.values.max() == window.values.min():
        return positive.astype(np.float32)  # nothing to walk over, or by
    chances = random_walker(
        window.values,
        labels,
        beta=_BETA,
        mode="cg_j",
        tol=_TOLERANCE,
        prob_tol=np.inf,  # hardly conducting edges leave 0 to 1 by a little: no matter here
        return_full_prob=True,
        spacing=np.array(window.grid.spacing_mm) / min(window.grid.spacing_mm),
    )
    return np.asarray(chances[0], np.float32)


def _thickened(window: Window) -> tuple[MaskArray, MaskArray]:
    """Seeds with the voxels beside them: walks in a volume hardly ever meet a single voxel."""
    positive = ndimage.binary_dilation(window.positive) & ~window.negative & ~window.beyond
    negative = ndimage.binary_dilation(window.negative) & ~window.positive
    both = positive & negative & ~window.positive & ~window.negative
    return (positive | window.positive) & ~both, negative & ~both
