"""Tests of vesal.curation.report.thumbnails."""

import base64
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pixels

from tests.curation.sets import settings, toy
from tests.curation.test_catalogue import ROWS
from tests.grids import RASTERS, UGLY, speckle
from vesal.curation.curate import curate
from vesal.curation.report.thumbnails import examples, picture
from vesal.images import Image
from vesal.images.panel import PREDICTED


def pixels(data: str) -> np.ndarray:
    """The colours of a data URL."""
    head, _, body = data.partition(",")
    assert head == "data:image/png;base64"
    return np.asarray(Pixels.open(io.BytesIO(base64.b64decode(body))).convert("RGB"))


@pytest.mark.parametrize("name", [*UGLY, *RASTERS])
def test_every_grid_has_a_picture_with_an_outline(name: str) -> None:
    """Volumes of every kind and pictures; without a mask there is no outline."""
    grid = (UGLY | RASTERS)[name]
    values = np.random.default_rng(0).integers(0, 200, grid.shape).astype(np.int16)
    image = Image(array=values, grid=grid)
    shown = pixels(picture(image, speckle(grid.shape)))
    assert shown.shape == (240, 240, 3)
    near = (np.abs(shown.astype(int) - PREDICTED).sum(axis=2) < 60).any()
    assert near
    plain = pixels(picture(image, np.zeros(grid.shape, np.bool_)))
    assert not (np.abs(plain.astype(int) - PREDICTED).sum(axis=2) < 60).any()


def test_examples_show_what_was_kept_and_what_was_not(tmp_path: Path) -> None:
    """The same ones every time; a file that is gone has no picture and is no error."""
    raw = toy(tmp_path / "raw", 6)
    made = curate(raw, tmp_path / "out", settings(), workers=0)
    pairs = {pair.name: pair for pair in made.data.pairs}
    shown = examples(made.rows, pairs, made.output, resample=False)
    assert [len(shown[reason]) for reason in ("", "volume")] == [6, 4]
    assert all(one.data for own in shown.values() for one in own)
    assert shown == examples(made.rows[::-1], pairs, made.output, resample=False)
    gone = replace(ROWS[0], image="nowhere.nii.gz", mask="nowhere.nii.gz")
    (example,) = examples([gone], pairs, made.output, resample=False)[""]
    assert example.data == ""
