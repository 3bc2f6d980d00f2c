"""Tests of vesal.evaluation.methods.walker beside those of all baselines."""

import sys

import numpy as np
import pytest

from tests.evaluation.methods.scenes import dice
from vesal.errors import ResourceError
from vesal.evaluation.methods.choose import method
from vesal.geometry import Grid
from vesal.images import Image
from vesal.prompts.place import click_on


def test_without_scikit_image_a_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The method is refused before any image is opened."""
    monkeypatch.setitem(sys.modules, "skimage.segmentation", None)
    with pytest.raises(ResourceError, match=r"needs scikit-image: pip install 'vesal\[evaluate\]'"):
        method("random-walker")


def test_a_walk_stops_at_an_edge() -> None:
    """One click in each of two halves that differ splits them where they meet."""
    array = np.zeros((24, 20, 16), np.float32)
    array[:, 9:] = 100
    array += np.random.default_rng(1).normal(0, 2, array.shape).astype(np.float32)
    image = Image(array=array, grid=Grid(shape=array.shape, affine=np.diag([1.0, -1, 2, 1])))
    trial = method("random-walker").begin(image)
    trial.add([click_on(image.grid, (12, 14, 8), positive=True)])
    mask = trial.add(
        [
            click_on(image.grid, (12, 4, 8), positive=False),
            *(
                click_on(image.grid, (i, j, k), positive=True)
                for i in (0, 12, 23)
                for j in (10, 18)
                for k in (0, 8, 15)
            ),
        ]
    )
    truth = np.zeros(array.shape, np.bool_)
    truth[:, 9:] = True
    assert dice(mask, truth) > 0.95
