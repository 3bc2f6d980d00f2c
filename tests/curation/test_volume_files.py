"""Tests of vesal.curation.volume_files."""

import os
from pathlib import Path

import numpy as np
import pytest

from tests.grids import UGLY, speckle
from vesal.curation.volume_files import link, write_image, write_label
from vesal.errors import ResourceError
from vesal.images import open_image

GRID = UGLY["sheared"]


@pytest.mark.parametrize(
    ("low", "high", "dtype"),
    [(-1024, 3071, np.int16), (0, 65535, np.uint16), (-40000, 40000, np.int32),
     (0, 2**40, np.float32)],
)  # fmt: skip
def test_whole_numbers_take_as_few_bytes_as_they_need(
    low: int, high: int, dtype: type, tmp_path: Path
) -> None:
    """And come back as they were, but for numbers beyond 32 bits."""
    values = np.random.default_rng(0).integers(low, high, GRID.shape, endpoint=True)
    values.flat[:2] = low, high
    write_image(tmp_path / "a" / "x.nii.gz", values, GRID)
    read = open_image(tmp_path / "a" / "x.nii.gz")
    assert read.array.dtype == dtype
    assert np.allclose(read.array, values, rtol=1e-6)
    assert read.grid.same_as(GRID, 1e-4)


def test_equal_values_are_equal_bytes(tmp_path: Path) -> None:
    """No time and no name in the gzip header."""
    for name in ("one", "another"):
        write_label(tmp_path / f"{name}.nii.gz", speckle(GRID.shape), GRID)
        write_image(tmp_path / f"{name}-i.nii.gz", np.ones(GRID.shape, np.float64), GRID)
    for end in (".nii.gz", "-i.nii.gz"):
        first = (tmp_path / f"one{end}").read_bytes()
        assert first == (tmp_path / f"another{end}").read_bytes()
        assert first[4:8] == bytes(4)  # the time of RFC 1952


def test_without_hard_links_a_file_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some file systems have none."""

    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    write_label(tmp_path / "a.nii.gz", speckle(GRID.shape), GRID)
    monkeypatch.setattr(os, "link", refused)
    link(tmp_path / "b" / "a.nii.gz", tmp_path / "a.nii.gz")
    assert (tmp_path / "b" / "a.nii.gz").read_bytes() == (tmp_path / "a.nii.gz").read_bytes()
    assert not (tmp_path / "b" / "a.nii.gz").samefile(tmp_path / "a.nii.gz")


def test_a_folder_that_cannot_be_made_is_told_in_a_sentence(tmp_path: Path) -> None:
    """Such as one under a file."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(ResourceError, match="cannot be made"):
        write_label(tmp_path / "file" / "b" / "x.nii.gz", speckle(GRID.shape), GRID)
