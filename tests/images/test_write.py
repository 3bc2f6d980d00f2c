"""Tests of vesal.images.write."""

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.grids import RASTERS, UGLY, speckle
from vesal.errors import ImageError, ResourceError
from vesal.images import Mask, open_image
from vesal.images import write as module
from vesal.images.write import replacing

GRID = UGLY["oblique"]
MASK_SUFFIXES = [".nii.gz", ".nii", ".nrrd", ".mha", ".mhd"]


def _mask(seed: int = 7) -> Any:
    return Mask(array=speckle(GRID.shape, seed=seed), grid=GRID)


@pytest.mark.parametrize("suffix", MASK_SUFFIXES)
@pytest.mark.parametrize("name", ["liver", "liver.v1", "LIVER"])
def test_the_suffix_chooses_the_format(suffix: str, name: str, tmp_path: Path) -> None:
    """Large or small letters, dots before it; one file, nothing left beside it."""
    path = tmp_path / (name + suffix.upper() if name.isupper() else name + suffix)
    assert _mask().save(path) == path
    np.testing.assert_array_equal(open_image(path).array, _mask().array)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["m", "m.doc", "m.nii.bz2", "m.gz", ".nii.gz", "m.hdr", "m.jpg"])
def test_an_unknown_suffix_is_refused_with_what_works(name: str, tmp_path: Path) -> None:
    """One sentence that lists the suffixes."""
    with pytest.raises(ImageError, match=r"\.nii\.gz, \.nii, \.nrrd, \.mha, \.mhd, \.png"):
        _mask().save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_an_existing_file_is_replaced(tmp_path: Path) -> None:
    """The new mask is there, whole."""
    path = tmp_path / "m.nii.gz"
    _mask(1).save(path)
    _mask(2).save(path)
    np.testing.assert_array_equal(open_image(path).array, _mask(2).array)


@pytest.mark.parametrize("suffix", [*MASK_SUFFIXES, ".png", ".tif"])
def test_a_full_disk_leaves_the_old_file_and_no_other(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails while writing: the old mask is still the old mask."""
    flat = suffix in (".png", ".tif")
    grid = RASTERS["pixels"] if flat else GRID
    path = Mask(array=speckle(grid.shape), grid=grid).save(tmp_path / f"m{suffix}")
    before = path.read_bytes()
    writer = module._WRITERS[suffix]

    def fill(temporary: Path, *rest: Any) -> None:
        writer(temporary, *rest)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setitem(module._WRITERS, suffix, fill)
    with pytest.raises(ResourceError, match="No space left on device"):
        Mask(array=speckle(grid.shape, seed=9), grid=grid).save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", MASK_SUFFIXES)
def test_a_missing_folder_is_a_resource_error(suffix: str, tmp_path: Path) -> None:
    """It is not made: a typing error must not scatter folders."""
    with pytest.raises(ResourceError, match="cannot be written") as caught:
        _mask().save(tmp_path / "missing" / f"m{suffix}")
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", MASK_SUFFIXES)
def test_a_folder_in_the_place_of_the_file_is_a_resource_error(suffix: str, tmp_path: Path) -> None:
    """And it stays."""
    (tmp_path / f"m{suffix}").mkdir()
    with pytest.raises(ResourceError, match="cannot be written"):
        _mask().save(tmp_path / f"m{suffix}")
    assert [path.name for path in tmp_path.iterdir()] == [f"m{suffix}"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_a_resource_error(tmp_path: Path) -> None:
    """The operating system's reason is in the message."""
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(ResourceError, match="Permission denied"):
            _mask().save(tmp_path / "m.nii.gz")
    finally:
        tmp_path.chmod(0o700)


def test_anything_else_that_goes_wrong_cleans_up_too(tmp_path: Path) -> None:
    """Ctrl-C in the middle leaves no temporary file."""

    def interrupted() -> None:
        with replacing(tmp_path / "m.txt", ".txt") as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not list(tmp_path.iterdir())


def test_the_file_is_as_readable_as_any_other(tmp_path: Path) -> None:
    """The temporary file's rights are those of the umask, not 0600."""
    path = _mask().save(tmp_path / "m.nii.gz")
    (tmp_path / "plain").write_bytes(b"")
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("suffix", MASK_SUFFIXES)
def test_a_file_in_the_place_of_the_folder_is_a_resource_error(suffix: str, tmp_path: Path) -> None:
    """Not an error of the clean-up."""
    (tmp_path / "scan").write_text("not a folder")
    with pytest.raises(ResourceError, match="cannot be written"):
        _mask().save(tmp_path / "scan" / f"m{suffix}")
