"""Tests of vesal.images.metaimage."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from hypothesis import HealthCheck, given, settings
from numpy.typing import NDArray

from tests.grids import RASTERS, SHEARED, UGLY, speckle, ugly_grids
from tests.images.foreign import itk_image, itk_read, values
from vesal.errors import GeometryError, ImageError
from vesal.geometry import Grid
from vesal.images import Mask, open_image

STRAIGHT = sorted(set(UGLY) - SHEARED)


def _written(path: Path, array: NDArray[Any], grid: Grid, *, packed: bool = False) -> Any:
    SimpleITK.WriteImage(itk_image(array, grid), str(path), packed)
    return path


@pytest.mark.parametrize("name", STRAIGHT)
@pytest.mark.parametrize("file", ["a.mha", "a.mhd"])
@pytest.mark.parametrize("packed", [False, True])
def test_files_of_simpleitk_are_read_as_simpleitk_reads_them(
    name: str, file: str, packed: bool, tmp_path: Path
) -> None:
    """One file or two, packed or not, on any grid that ITK can have."""
    grid = UGLY[name]
    path = _written(tmp_path / file, values(grid.shape), grid, packed=packed)
    image = open_image(path)
    array, affine = itk_read(path)
    np.testing.assert_array_equal(image.array, array)
    np.testing.assert_array_equal(image.array, values(grid.shape))
    np.testing.assert_allclose(image.grid.affine, affine, atol=1e-9)
    assert image.grid.same_as(grid)
    assert image.source.format == "MetaImage"


@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"])
def test_every_type_is_kept(dtype: Any, tmp_path: Path) -> None:
    """Native type in, the same type inside."""
    array = values((4, 5, 6)).astype(dtype)
    image = open_image(_written(tmp_path / "a.mha", array, UGLY["LPS"]))
    assert image.array.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(image.array, array)


@given(grid=ugly_grids(sheared=False))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_mask_is_what_simpleitk_reads_too(grid: Grid, tmp_path: Path) -> None:
    """An .mha or .mhd mask is one file on exactly the grid."""
    mask = Mask(array=speckle(grid.shape), grid=grid)
    for name in ("m.mha", "m.mhd"):
        array, affine = itk_read(mask.save(tmp_path / name))
        np.testing.assert_array_equal(array, mask.array)
        np.testing.assert_allclose(affine, grid.affine, atol=1e-6)
        assert array.dtype == np.uint8
        assert open_image(tmp_path / name).grid.same_as(grid)
    assert {file.name for file in tmp_path.iterdir()} == {"m.mha", "m.mhd"}


@pytest.mark.parametrize("name", RASTERS)
def test_a_2d_image_is_a_raster_and_so_is_its_mask(name: str, tmp_path: Path) -> None:
    """Row and column outside, (column, row) in the file; SimpleITK agrees."""
    grid = RASTERS[name]
    image = open_image(_written(tmp_path / "a.mha", values(grid.shape), grid))
    np.testing.assert_array_equal(image.array, values(grid.shape))
    assert image.grid.same_as(grid)
    mask = Mask(array=speckle(grid.shape), grid=image.grid, source=image.source)
    array, affine = itk_read(mask.save(tmp_path / "m.mha"))
    np.testing.assert_array_equal(array, mask.array)
    np.testing.assert_allclose(affine, grid.affine, atol=1e-6)


@pytest.mark.parametrize("name", sorted(SHEARED))
@pytest.mark.parametrize("suffix", [".mha", ".mhd"])
def test_a_sheared_mask_is_refused_and_told_where_to_go(
    name: str, suffix: str, tmp_path: Path
) -> None:
    """Direction cosines have right angles; NIfTI and NRRD can do more."""
    mask = Mask(array=speckle(UGLY[name].shape), grid=UGLY[name])
    with pytest.raises(ImageError, match=r"sheared.*\.nii\.gz or \.nrrd"):
        mask.save(tmp_path / f"m{suffix}")
    assert not list(tmp_path.iterdir())


HEAD = """ObjectType = Image
NDims = 3
DimSize = 2 3 4
ElementType = MET_SHORT
ElementDataFile = LOCAL
"""
VOXELS = np.arange(24, dtype="<i2")
RAW = VOXELS.tobytes()


def _file(tmp_path: Path, *changes: tuple[str, str], voxels: bytes = RAW) -> Any:
    head = HEAD
    for before, after in changes:
        assert before in head
        head = head.replace(before, after)
    path = tmp_path / "a.mha"
    path.write_bytes(head.encode() + voxels)
    return path


def test_a_header_with_the_least_has_unknown_spacing(tmp_path: Path) -> None:
    """Without spacing, directions and offset: LPS pixels."""
    image = open_image(_file(tmp_path))
    np.testing.assert_array_equal(image.array.ravel(order="F"), VOXELS)
    np.testing.assert_array_equal(image.grid.affine, np.diag([-1, -1, 1, 1]))
    assert not image.source.spacing_known


def test_fields_have_older_names(tmp_path: Path) -> None:
    """ElementSize, Position, Orientation and ElementByteOrderMSB are understood."""
    older = (
        "ElementSize = 1 2 3\nPosition = 5 6 7\nOrientation = 0 1 0 1 0 0 0 0 1\n"
        "BinaryData = True\nElementByteOrderMSB = True\nElementType"
    )
    path = _file(tmp_path, ("ElementType", older), voxels=VOXELS.astype(">i2").tobytes())
    image = open_image(path)
    array, affine = itk_read(path)
    np.testing.assert_allclose(image.grid.affine[:3, 3], [-5, -6, 7])
    np.testing.assert_array_equal(image.array.ravel(order="F"), VOXELS)
    np.testing.assert_allclose(image.grid.spacing_mm, [1, 2, 3])
    assert array.shape == image.array.shape
    np.testing.assert_allclose(affine[:3, 3], image.grid.affine[:3, 3])


def test_voxels_as_text_are_read(tmp_path: Path) -> None:
    """BinaryData = False."""
    text = " ".join(str(n) for n in VOXELS).encode()
    path = _file(tmp_path, ("ElementType", "BinaryData = False\nElementType"), voxels=text)
    np.testing.assert_array_equal(open_image(path).array.ravel(order="F"), VOXELS)


@pytest.mark.parametrize("skip", [10, -1])
def test_a_header_of_the_data_file_is_skipped(skip: int, tmp_path: Path) -> None:
    """By its size, or by counting back from the end."""
    (tmp_path / "a.raw").write_bytes(b"0123456789" + VOXELS.tobytes())
    data = f"HeaderSize = {skip}\nBinaryData = True\nElementDataFile = a.raw"
    image = open_image(_file(tmp_path, ("ElementDataFile = LOCAL", data), voxels=b""))
    np.testing.assert_array_equal(image.array.ravel(order="F"), VOXELS)


@pytest.mark.parametrize(
    ("before", "after", "error", "words"),
    [
        ("NDims = 3", "NDims = 4", ImageError, "one number a voxel"),
        ("NDims = 3", "NDims = x", ImageError, "one number a voxel"),
        ("DimSize = 2 3 4", "DimSize = 2 3", ImageError, "one number a voxel"),
        ("DimSize = 2 3 4", "DimSize = 2 x 4", ImageError, "numbers behind DimSize"),
        ("DimSize = 2 3 4", "DimSize = 2 nan 4", ImageError, "one number a voxel"),
        ("DimSize = 2 3 4", "DimSize = 0 3 4", GeometryError, "at least one voxel"),
        ("DimSize = 2 3 4", "DimSize = 2000 3000 4000", ImageError, "more than its"),
        ("ElementType", "ElementNumberOfChannels = 3\nElementType", ImageError, "3 channels"),
        ("MET_SHORT", "MET_SHORT_ARRAY", ImageError, "MET_SHORT_ARRAY"),
        ("ElementType", "ElementSpacing = 1 0 1\nElementType", GeometryError, "spacing"),
        ("ElementType", "ElementSpacing = 1 nan 1\nElementType", GeometryError, "finite"),
        ("ElementType", "ElementSpacing = 1 1\nElementType", GeometryError, "3 spacings"),
        ("ElementType", "Offset = 1 1 z\nElementType", ImageError, "numbers behind Offset"),
        (
            "ElementType",
            "TransformMatrix = 1 0 0 1 0 0 0 0 1\nElementType",
            GeometryError,
            "singular",
        ),
        ("LOCAL", "LIST", ImageError, "same folder"),
        ("LOCAL", "../a.raw", ImageError, "same folder"),
        ("LOCAL", "slice%03d.raw 1 4 1", ImageError, "same folder"),
        ("ElementDataFile = LOCAL", "", ImageError, "ElementDataFile"),
        ("ElementType", "CompressedData = True\nElementType", ImageError, "damaged"),
        ("LOCAL", "a.raw", ImageError, "same folder"),
    ],
)
def test_a_broken_header_is_refused_in_one_sentence(
    before: str, after: str, error: type[Exception], words: str, tmp_path: Path
) -> None:
    """What is wrong is named, nothing is guessed."""
    path = _file(tmp_path, (before, after))
    with pytest.raises(error, match=words) as caught:
        open_image(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_cut_anywhere_is_refused_without_a_word_on_the_terminal(
    packed: bool, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not one prefix passes for the whole, and ITK's own complaints are not heard."""
    path = _written(tmp_path / "a.mha", values((4, 5, 6)), UGLY["LPS"], packed=packed)
    whole = path.read_bytes()
    cut = tmp_path / "cut.mha"
    for length in range(len(whole)):
        cut.write_bytes(whole[:length])
        with pytest.raises(ImageError):
            open_image(cut)
    assert capfd.readouterr() == ("", "")
