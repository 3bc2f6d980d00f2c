"""Tests of vesal.images.read."""

import gzip
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from tests.grids import UGLY, speckle
from tests.images.foreign import values, write_nifti, write_nrrd, write_series, write_slice
from vesal.errors import GeometryError, ImageError
from vesal.images import Mask, open_image

GRID = UGLY["oblique"]


@pytest.fixture
def files(tmp_path: Path) -> Any:
    """One file of each format by its right suffix."""
    mask = Mask(array=speckle(GRID.shape), grid=GRID)
    Pillow.fromarray(values((5, 6), np.uint8)).save(tmp_path / "a.png")
    Pillow.fromarray(values((5, 6), np.uint8)).save(tmp_path / "a.jpg")
    Pillow.fromarray(values((5, 6), np.uint8)).save(tmp_path / "a.tif")
    return {
        "NIfTI": mask.save(tmp_path / "a.nii.gz"),
        "NRRD": mask.save(tmp_path / "a.nrrd"),
        "MetaImage": mask.save(tmp_path / "a.mha"),
        "DICOM": write_slice(tmp_path / "a.dcm", values((5, 6), np.uint16)),
        "PNG": tmp_path / "a.png",
        "JPEG": tmp_path / "a.jpg",
        "TIFF": tmp_path / "a.tif",
    }


@pytest.mark.parametrize("name", ["NIfTI", "NRRD", "MetaImage", "DICOM", "PNG", "JPEG", "TIFF"])
@pytest.mark.parametrize("suffix", ["", ".nii", ".nii.gz", ".png", ".dcm", ".doc"])
def test_the_content_decides_and_not_the_name(
    name: str, suffix: str, files: dict[str, Path], tmp_path: Path
) -> None:
    """A file under any name is what it holds."""
    other = tmp_path / f"other{suffix}"
    shutil.copy(files[name], other)
    image, expected = open_image(other), open_image(files[name])
    assert image.source.format == name
    assert image.source.path == other
    np.testing.assert_array_equal(image.array, expected.array)


def test_a_path_may_be_text(files: dict[str, Path]) -> None:
    """Str or Path."""
    assert open_image(str(files["PNG"])).source.format == "PNG"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("missing.nii", None, "No such file"),
        ("empty.nii", b"", "is empty"),
        ("empty.nii.gz", gzip.compress(b"", mtime=0), "is empty"),
        ("text.nii.gz", b"this is not an image", "none of NIfTI"),
        ("zeros.nii", b"\0" * 1000, "none of NIfTI"),
        ("text.gz", gzip.compress(b"this is not an image", mtime=0), "none of NIfTI"),
        ("cut.gz", gzip.compress(os.urandom(9999))[:3000], "gzip file that is cut short"),
        ("short.gz", b"\x1f\x8b", "gzip file that is cut short"),
        ("page.html", b"<html>NDims = 3</html>", "none of NIfTI"),
    ],
)
def test_what_is_no_image_is_refused_in_one_sentence(
    name: str, content: bytes | None, words: str, tmp_path: Path
) -> None:
    """Missing, empty, text, zeros, damaged."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ImageError, match=words) as caught:
        open_image(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_an_unreadable_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Permissions, broken disks: the reason is in the message."""

    def refuse(*_args: object) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("vesal.images.read.unpacked_head", refuse)
    with pytest.raises(ImageError, match="Permission denied"):
        open_image(tmp_path / "a.nii")


def test_a_geometry_error_names_the_file(tmp_path: Path) -> None:
    """Of a hundred files the user must know which one."""
    path = write_nifti(tmp_path / "scan7.nii", values((3, 4, 5)), np.eye(4))
    block = bytearray(path.read_bytes())
    block[280:296] = bytes(16)  # srow_x
    path.write_bytes(bytes(block))
    with pytest.raises(GeometryError, match=r"^scan7\.nii: "):
        open_image(path)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_voxels_that_are_no_numbers_are_counted(bad: float, tmp_path: Path) -> None:
    """In any float format, with the file's name."""
    array = values((3, 4, 5), np.float32)
    array[1, 2, 3] = array[0, 0, 0] = bad
    path = write_nifti(tmp_path / "scan.nii.gz", array, GRID.affine)
    with pytest.raises(ImageError, match=r"scan\.nii\.gz has 2 voxels"):
        open_image(path)
    grid = UGLY["LPS"].crop((0, 0, 0), (3, 4, 5))
    with pytest.raises(ImageError, match=r"scan\.nrrd has 2 voxels"):
        open_image(write_nrrd(tmp_path / "scan.nrrd", array, grid))


def test_a_folder_is_a_dicom_series(tmp_path: Path) -> None:
    """And the source remembers the folder."""
    grid = UGLY["oblique"]
    folder = write_series(tmp_path / "s", values(grid.shape, np.uint16), grid)
    image = open_image(folder)
    assert image.source.path == folder
    assert image.grid.shape == grid.shape


@pytest.mark.parametrize("name", ["NIfTI", "NRRD", "MetaImage", "DICOM", "PNG", "JPEG", "TIFF"])
def test_random_damage_gives_an_image_or_an_error_of_ours(
    name: str, files: dict[str, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Flipped bytes in the header never end in a traceback of a library, nor in noise."""
    whole = files[name].read_bytes()
    random = np.random.default_rng(len(name))
    damaged = tmp_path / "damaged"
    for _ in range(150):
        block = bytearray(whole)
        for _ in range(int(random.integers(1, 4))):
            block[int(random.integers(0, min(len(block), 800)))] = int(random.integers(0, 256))
        damaged.write_bytes(bytes(block))
        try:
            image = open_image(damaged)
        except (ImageError, GeometryError) as error:
            assert "\n" not in str(error)  # noqa: PT017  # either outcome is right
        else:
            assert image.array.size
    assert capfd.readouterr() == ("", "")


def test_a_refusal_names_the_file(tmp_path: Path) -> None:
    """Whatever it is that is wrong; some sentences did not."""
    path = write_nifti(tmp_path / "a.nii", values((3, 3, 3, 2)), np.eye(4))
    with pytest.raises(ImageError, match=r"a\.nii: a NIfTI file must hold one 2D or 3D image"):
        open_image(path)
