"""Tests of vesal.images.nrrd."""

import gzip
from pathlib import Path
from typing import Any

import nrrd
import numpy as np
import pytest
import SimpleITK
from hypothesis import HealthCheck, given, settings
from numpy.typing import NDArray

from tests.grids import RASTERS, SHEARED, UGLY, speckle, ugly_grids
from tests.images.foreign import itk_image, itk_read, values, write_nrrd
from vesal.errors import GeometryError, ImageError
from vesal.geometry import Grid
from vesal.images import Mask, open_image

every_grid = pytest.mark.parametrize("name", UGLY)
AFFINE_LPS = [[-1.0, 0, 0], [0, -1, 0], [0, 0, 1]]


@every_grid
def test_values_and_affine_are_those_that_were_written(name: str, tmp_path: Path) -> None:
    """Any grid, sheared and left-handed too."""
    grid = UGLY[name]
    image = open_image(write_nrrd(tmp_path / "a.nrrd", values(grid.shape), grid))
    np.testing.assert_array_equal(image.array, values(grid.shape))
    np.testing.assert_allclose(image.grid.affine, grid.affine, atol=1e-9)
    assert image.array.dtype == np.int16
    assert image.grid.orientation == grid.orientation


@pytest.mark.parametrize("name", sorted(set(UGLY) - SHEARED))
def test_values_and_affine_are_those_of_simpleitk(name: str, tmp_path: Path) -> None:
    """An independent writer and reader sees the same voxels in the same place."""
    grid = UGLY[name]
    SimpleITK.WriteImage(itk_image(values(grid.shape), grid), str(tmp_path / "a.nrrd"))
    image = open_image(tmp_path / "a.nrrd")
    array, affine = itk_read(tmp_path / "a.nrrd")
    np.testing.assert_array_equal(image.array, array)
    np.testing.assert_allclose(image.grid.affine, affine, atol=1e-6)
    np.testing.assert_allclose(image.grid.affine, grid.affine, atol=1e-6)


@pytest.mark.parametrize("name", ["brain1_image", "brain1_label"])
def test_a_real_left_handed_file_is_read_as_simpleitk_reads_it(name: str, data: Path) -> None:
    """The brain MR of pyradiomics."""
    image = open_image(data / f"{name}.nrrd")
    array, affine = itk_read(data / f"{name}.nrrd")
    np.testing.assert_array_equal(image.array, array)
    np.testing.assert_allclose(image.grid.affine, affine, atol=1e-9)
    assert image.grid.orientation == "LAS"


@given(grid=ugly_grids())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_mask_of_any_image_comes_back_on_its_grid(grid: Grid, tmp_path: Path) -> None:
    """To 1e-6, whatever the grid; NRRD holds doubles and shear."""
    mask = Mask(array=speckle(grid.shape), grid=grid)
    written = open_image(mask.save(tmp_path / "m.nrrd"))
    np.testing.assert_array_equal(written.array, mask.array)
    assert written.grid.same_as(grid)
    assert written.array.dtype == np.uint8


@pytest.mark.parametrize(
    ("space", "signs"),
    [
        ("right-anterior-superior", (1, 1, 1)),
        ("RAS", (1, 1, 1)),
        ("left-anterior-superior", (-1, 1, 1)),
        ("LAS", (-1, 1, 1)),
        ("left-posterior-superior", (-1, -1, 1)),
        ("LPS", (-1, -1, 1)),
        ("scanner-xyz", (-1, -1, 1)),
    ],
)
def test_each_space_becomes_ras_and_the_mask_keeps_the_space(
    space: str, signs: tuple[int, ...], tmp_path: Path
) -> None:
    """Its letters are signs of the axes; a space without body axes is LPS, as in ITK."""
    grid = UGLY["oblique"]
    path = write_nrrd(tmp_path / "a.nrrd", values(grid.shape), grid, space=space)
    written = nrrd.read_header(str(path))
    image = open_image(path)
    directions = image.grid.affine[:3, :3] * np.array(signs)[:, np.newaxis]
    np.testing.assert_allclose(directions.T, written["space directions"], atol=1e-9)
    mask = Mask(array=speckle(grid.shape), grid=image.grid, source=image.source)
    header = nrrd.read_header(str(mask.save(tmp_path / "m.nrrd")))
    assert header["space"] == space
    np.testing.assert_allclose(header["space directions"], written["space directions"], atol=1e-9)
    np.testing.assert_allclose(header["space origin"], written["space origin"], atol=1e-9)


def test_a_file_with_spacings_only_is_read_as_simpleitk_reads_it(tmp_path: Path) -> None:
    """No space, no directions: the file's axes are LPS."""
    nrrd.write(
        str(tmp_path / "a.nrrd"), values((4, 5, 6)), {"spacings": [0.5, 2, 3]}, index_order="F"
    )
    image = open_image(tmp_path / "a.nrrd")
    _, affine = itk_read(tmp_path / "a.nrrd")
    np.testing.assert_allclose(image.grid.affine, affine)
    assert image.source.spacing_known


def test_a_file_without_any_spacing_is_in_pixels(tmp_path: Path) -> None:
    """Its masks have no volume, but the same grid."""
    nrrd.write(str(tmp_path / "b.nrrd"), values((4, 5, 6)), {}, index_order="F")
    bare = open_image(tmp_path / "b.nrrd")
    np.testing.assert_array_equal(bare.grid.spacing_mm, 1)
    assert not bare.source.spacing_known
    mask = Mask(array=speckle((4, 5, 6)), grid=bare.grid, source=bare.source)
    assert mask.volume_ml is None
    assert open_image(mask.save(tmp_path / "m.nrrd")).grid.same_as(bare.grid)


@pytest.mark.parametrize(("unit", "factor"), [("um", 0.001), ("cm", 10), ("mm", 1)])
def test_space_units_become_mm(unit: str, factor: float, tmp_path: Path) -> None:
    """The grid is always mm."""
    grid = UGLY["LPS"]
    path = write_nrrd(tmp_path / "a.nrrd", values(grid.shape), grid, space_units=[unit] * 3)
    np.testing.assert_allclose(open_image(path).grid.affine[:3] / factor, grid.affine[:3])


@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2", "ascii"])
@pytest.mark.parametrize("name", ["a.nrrd", "a.nhdr"])
@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int32, np.uint64, np.float32, ">i2"])
def test_every_encoding_attached_or_detached_gives_the_values(
    encoding: str, name: str, dtype: Any, tmp_path: Path
) -> None:
    """All types and byte orders, native afterwards."""
    array = values((4, 3, 5)).astype(dtype)
    path = write_nrrd(tmp_path / name, array, UGLY["LPS"], encoding=encoding)
    image = open_image(path)
    np.testing.assert_array_equal(image.array, array)
    assert image.array.dtype == np.dtype(dtype).newbyteorder("=")


@pytest.mark.parametrize("synonym", ["signed short int", "int16_t", "short int", "signed short"])
def test_types_have_many_names(synonym: str, tmp_path: Path) -> None:
    """The format lets writers say the same in several ways."""
    path = write_nrrd(tmp_path / "a.nrrd", values((4, 3, 5)), UGLY["LPS"])
    path.write_bytes(path.read_bytes().replace(b"type: int16", f"type: {synonym}".encode()))
    assert open_image(path).array.dtype == np.int16


def test_a_signed_char_is_no_unsigned_char(tmp_path: Path) -> None:
    """Plain "char" would be open to doubt and is refused."""
    array = values((4, 3, 5), np.int8) - np.int8(60)
    path = write_nrrd(tmp_path / "a.nrrd", array, UGLY["LPS"], encoding="raw")
    block = path.read_bytes()
    path.write_bytes(block.replace(b"type: int8", b"type: signed char"))
    np.testing.assert_array_equal(open_image(path).array, array)
    path.write_bytes(block.replace(b"type: int8", b"type: char"))
    with pytest.raises(ImageError, match="'char'"):
        open_image(path)


def test_bytes_before_detached_voxels_are_skipped(tmp_path: Path) -> None:
    """By number, or by counting back from the end."""
    array = values((4, 3, 5))
    path = write_nrrd(tmp_path / "a.nhdr", array, UGLY["LPS"], encoding="raw")
    (tmp_path / "a.raw").write_bytes(b"x" * 77 + array.tobytes(order="F"))
    for skip in (77, -1):
        head = path.read_text() + f"byte skip: {skip}\n"
        (tmp_path / "b.nhdr").write_text(head.replace("\n\n", "\n"))
        np.testing.assert_array_equal(open_image(tmp_path / "b.nhdr").array, array)


@pytest.mark.parametrize("name", RASTERS)
def test_a_2d_image_is_a_raster_and_so_is_its_mask(name: str, tmp_path: Path) -> None:
    """Row and column outside, (column, row) in the file; SimpleITK agrees."""
    grid = RASTERS[name]
    SimpleITK.WriteImage(itk_image(values(grid.shape), grid), str(tmp_path / "a.nrrd"))
    image = open_image(tmp_path / "a.nrrd")
    np.testing.assert_array_equal(image.array, values(grid.shape))
    assert image.grid.same_as(grid)
    mask = Mask(array=speckle(grid.shape), grid=image.grid, source=image.source)
    array, affine = itk_read(mask.save(tmp_path / "m.nrrd"))
    np.testing.assert_array_equal(array, mask.array)
    np.testing.assert_allclose(affine, grid.affine, atol=1e-6)


@pytest.mark.parametrize(
    ("array", "fields"),
    [
        (np.zeros((3, 4, 5, 6), dtype=np.int16), {"kinds": ["vector", *["domain"] * 3]}),
        (np.zeros((3, 4, 5), dtype=np.int16), {"kinds": ["RGB-color", "domain", "domain"]}),
        (np.zeros((3, 4, 5), dtype=np.int16), {"kinds": ["domain", "domain", "list"]}),
        (np.zeros(7, dtype=np.int16), {}),
    ],
)
def test_more_than_one_number_a_voxel_is_refused(
    array: NDArray[Any], fields: dict[str, Any], tmp_path: Path
) -> None:
    """Vectors, colours, lists, four axes, one axis."""
    nrrd.write(str(tmp_path / "a.nrrd"), array, fields, index_order="F")
    with pytest.raises(ImageError, match="one number a voxel"):
        open_image(tmp_path / "a.nrrd")


@pytest.mark.parametrize(
    ("before", "after", "error", "words"),
    [
        (
            "space directions: (",
            "space directions: (nan,0,0) (",
            GeometryError,
            "3 space directions",
        ),
        ("(0,0,2.5)", "(0,nan,2.5)", GeometryError, "finite"),
        ("(0,0,2.5)", "none", GeometryError, "finite"),
        ("(0,0,2.5)", "(0,0,0)", GeometryError, "spacing"),
        ("(0,0,2.5)", "", GeometryError, "3 space directions"),
        ("space origin: (", "space origin: (1,", GeometryError, "origin needs 3"),
        ("encoding: raw", "encoding: hex", ImageError, "encoding 'hex'"),
        ("encoding: raw", "encoding: raw\nline skip: 2", ImageError, "2 lines"),
        ("encoding: raw", "encoding: gzip\nbyte skip: -1", ImageError, "-1 bytes"),
        ("encoding: raw", 'encoding: raw\nspace units: "mile" "" ""', GeometryError, "mile"),
        ("encoding: raw", "encoding: raw\ndata file: ../b.raw", ImageError, "same folder"),
        ("encoding: raw", "encoding: raw\ndata file: LIST", ImageError, "same folder"),
        ("type: int16", "type: block", ImageError, "block"),
        ("type: int16", "kind: int16", ImageError, "type"),
        ("sizes: 9 8 7", "sizes: 9 8", ImageError, "as many NRRD sizes"),
        ("sizes: 9 8 7", "sizes: 9 8 9000", ImageError, "more than its"),
        ("sizes: 9 8 7", "sizes: 0 8 9", GeometryError, "at least one voxel"),
        ("sizes: 9 8 7", "sizes: nine", ImageError, "header"),
        ("NRRD000", "NRRD0009\n", ImageError, "header"),
        ("dimension: 3", "dimension", ImageError, "header"),
    ],
)
def test_a_broken_header_is_refused_in_one_sentence(
    before: str, after: str, error: type[Exception], words: str, tmp_path: Path
) -> None:
    """What is wrong is named, nothing is guessed."""
    path = write_nrrd(tmp_path / "a.nrrd", values((9, 8, 7)), UGLY["LPS"], encoding="raw")
    block = path.read_bytes()
    assert before.encode() in block
    path.write_bytes(block.replace(before.encode(), after.encode(), 1))
    with pytest.raises(error, match=words) as caught:
        open_image(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2"])
def test_a_file_cut_anywhere_is_refused(encoding: str, tmp_path: Path) -> None:
    """Not one prefix of a file passes for the whole."""
    path = write_nrrd(tmp_path / "a.nrrd", values((4, 5, 6)), UGLY["LPS"], encoding=encoding)
    whole = path.read_bytes()
    cut = tmp_path / "cut.nrrd"
    for length in range(len(whole)):
        cut.write_bytes(whole[:length])
        with pytest.raises(ImageError):
            open_image(cut)


def test_the_same_mask_is_always_the_same_bytes(tmp_path: Path) -> None:
    """No date, no random name."""
    mask = Mask(array=speckle((3, 4, 5)), grid=UGLY["sheared"].crop((0, 0, 0), (3, 4, 5)))
    first = mask.save(tmp_path / "a.nrrd").read_bytes()
    assert mask.save(tmp_path / "b.nrrd").read_bytes() == first


def test_damage_inside_the_voxels_is_found_by_the_checksum(tmp_path: Path) -> None:
    """One flipped byte in a gzip block is one error, not one wrong voxel."""
    grid = UGLY["LPS"]
    path = write_nrrd(tmp_path / "a.nrrd", values(grid.shape), grid)
    block = bytearray(path.read_bytes())
    block[-6] ^= 1
    path.write_bytes(bytes(block))
    with pytest.raises(ImageError, match="damaged"):
        open_image(path)


def test_a_2d_image_in_a_3d_space_is_refused(tmp_path: Path) -> None:
    """It has no grid of two axes and no grid of three."""
    header = {"space": "LPS", "space directions": np.array(AFFINE_LPS[:2]), "encoding": "raw"}
    nrrd.write(str(tmp_path / "a.nrrd"), values((4, 5)), header, index_order="F")
    with pytest.raises(GeometryError, match="2 space directions of 2"):
        open_image(tmp_path / "a.nrrd")


def test_gzipped_nrrd_as_a_whole_is_no_image(tmp_path: Path) -> None:
    """Only NIfTI may be gzipped from outside."""
    path = write_nrrd(tmp_path / "a.nrrd", values((9, 8, 7)), UGLY["LPS"])
    (tmp_path / "a.nrrd.gz").write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(ImageError):
        open_image(tmp_path / "a.nrrd.gz")
