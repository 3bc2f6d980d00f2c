"""Which predictor a model gets, and what is refused before any."""

from dataclasses import replace

import numpy as np
import pytest

from tests.fakes import BrightModel, BrightSegmenter, bright_segmenter
from tests.grids import RASTERS
from vesal.errors import ConfigError, ImageError
from vesal.geometry import Grid
from vesal.images import Image
from vesal.inference.cube_predictor import CubePredictor
from vesal.inference.predictor import predictor_for
from vesal.inference.slice_predictor import SlicePredictor
from vesal.inference.window_predictor import WindowPredictor
from vesal.models.promptable import Promptable

VOLUME = Image(
    array=np.arange(60, dtype=np.float32).reshape(3, 4, 5),
    grid=Grid(shape=(3, 4, 5), affine=np.eye(4)),
)


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        (BrightModel(), WindowPredictor),
        (bright_segmenter("sam-med3d"), CubePredictor),
        (bright_segmenter("sam"), SlicePredictor),
    ],
)
def test_the_config_says_how_a_model_looks_at_an_image(model: Promptable, kind: type) -> None:
    """Nothing but the config is asked."""
    assert isinstance(predictor_for(VOLUME, model), kind)


def test_a_picture_is_refused_by_a_model_for_volumes() -> None:
    """The message says what would be right."""
    grid = RASTERS["pixels"]
    picture = Image(array=np.arange(np.prod(grid.shape)).reshape(grid.shape), grid=grid)
    with pytest.raises(ImageError, match="needs a volume, got"):
        predictor_for(picture, bright_segmenter("sam-med3d"))


def test_an_image_of_one_value_is_refused_in_grey_and_in_colour() -> None:
    """There is nothing to find."""
    flat = np.full((*RASTERS["pixels"].shape, 3), (9, 7, 5), np.uint8)
    with pytest.raises(ImageError, match="same value in every voxel"):
        predictor_for(Image(array=flat, grid=RASTERS["pixels"]), bright_segmenter("sam"))


def test_a_2d_model_of_a_3d_family_is_refused() -> None:
    """Nobody knows what it is used to."""
    config = replace(bright_segmenter("sam").config, family="sam-med3d")
    with pytest.raises(ConfigError, match="of the families sam, medsam"):
        predictor_for(VOLUME, BrightSegmenter(config))
