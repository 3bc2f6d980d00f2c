"""Which predictor shows an image to a model: by the model's config, and nothing else."""

from vesal.checkpoints.identity import identity
from vesal.errors import ConfigError, ImageError
from vesal.images import Image
from vesal.images.fingerprint import fingerprint
from vesal.images.intensity import is_constant
from vesal.inference.answer import Predictor
from vesal.inference.cube_predictor import CubePredictor
from vesal.inference.habits import HABITS
from vesal.inference.slice_predictor import SlicePredictor
from vesal.inference.store import Shelf, Store
from vesal.inference.window_predictor import WindowPredictor
from vesal.models.promptable import Promptable
from vesal.models.sam_config import SamConfig


def predictor_for(
    image: Image, model: Promptable, *, full_history: bool = False, store: Store | None = None
) -> Predictor:
    """The predictor for a model looking at an image.

    Args:
        image: what is segmented.
        model: any model of the zoo or of a file.
        full_history: tell a 3D SAM all clicks at each step instead of the newest and its own last
            logits; the other models are told all clicks anyway.
        store: where encoded parts of the image are kept on disk; a model without tensors, which
            nothing tells apart from others, is never kept.

    Raises:
        ImageError: all voxels are equal, so that there is nothing to find; or the model was not
            made for images of so many axes.
        ConfigError: a 2D model of a family that has no 2D models.
    """
    if is_constant(image.intensities):
        msg = f"{image.source.name} has the same value in every voxel: there is nothing to find"
        raise ImageError(msg)
    config = model.config
    if image.grid.ndim not in config.capabilities.image_ndims:
        msg = f"this model needs a volume, got {image.source.name}, which has two axes"
        raise ImageError(msg)
    shelf = _shelf(image, model, store)
    if not isinstance(config, SamConfig):
        return WindowPredictor(image, model, config, shelf)
    if config.ndim == 3:
        return CubePredictor(image, model, config, full_history=full_history, shelf=shelf)
    if config.family not in HABITS:
        msg = f"2D models are of the families {', '.join(HABITS)}, got {config.family!r}"
        raise ConfigError(msg)
    return SlicePredictor(image, model, config, shelf)


def _shelf(image: Image, model: Promptable, store: Store | None) -> Shelf | None:
    if store is None:
        return None
    weights = identity(model)
    return Shelf(store=store, image=fingerprint(image), weights=weights) if weights else None
