"""Tests of vesal.images.nifti."""

# nibabel does not annotate its headers:
# mypy: disable-error-code="no-untyped-call"

import gzip
import re
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from numpy.typing import NDArray

from tests.grids import RASTERS, SHEARED, UGLY, speckle, ugly_grids
from tests.images.foreign import itk_read, nifti, values, write_nifti
from vesal.errors import GeometryError, ImageError
from vesal.geometry import Grid
from vesal.images import Mask, open_image

every_grid = pytest.mark.parametrize("name", UGLY)
# sform and qform are float32: 1e-7 of the largest number in them.
FLOAT32: Any = {"rtol": 2e-7, "atol": 1e-6}


@every_grid
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_values_and_affine_are_those_of_nibabel(name: str, suffix: str, tmp_path: Path) -> None:
    """Any grid, packed or not: the array and the world that nibabel gives."""
    grid = UGLY[name]
    path = write_nifti(tmp_path / f"a{suffix}", values(grid.shape), grid.affine)
    image, expected = open_image(path), nifti(path)
    np.testing.assert_array_equal(image.array, np.asanyarray(expected.dataobj))
    np.testing.assert_allclose(image.grid.affine, expected.affine, atol=1e-9)
    assert image.array.dtype == np.int16
    assert image.source.format == "NIfTI"


@pytest.mark.parametrize("name", sorted(set(UGLY) - SHEARED))
def test_values_and_affine_are_those_of_simpleitk(name: str, tmp_path: Path) -> None:
    """An independent reader sees the same voxels in the same place."""
    grid = UGLY[name]
    path = write_nifti(tmp_path / "a.nii.gz", values(grid.shape), grid.affine)
    image = open_image(path)
    array, affine = itk_read(path)
    np.testing.assert_array_equal(image.array, array)
    np.testing.assert_allclose(image.grid.affine, affine, rtol=1e-5, atol=2e-4)


@pytest.mark.parametrize("name", ["example_ct", "example_mr_sm", "example_seg_mr"])
def test_the_shipped_scans_are_read_as_simpleitk_reads_them(name: str, scans: Path) -> None:
    """Real CT and MR files."""
    image = open_image(scans / f"{name}.nii.gz")
    array, affine = itk_read(scans / f"{name}.nii.gz")
    np.testing.assert_array_equal(image.array, array)
    np.testing.assert_allclose(image.grid.affine, affine, atol=1e-4)


@every_grid
def test_a_mask_comes_back_on_exactly_the_grid_of_its_image(name: str, tmp_path: Path) -> None:
    """Same shape, bit-equal affine, same orientation codes, uint8 without scaling."""
    grid = UGLY[name]
    image = open_image(write_nifti(tmp_path / "a.nii.gz", values(grid.shape), grid.affine))
    mask = Mask(array=speckle(grid.shape), grid=image.grid, source=image.source)
    written = nifti(mask.save(tmp_path / "m.nii.gz"))
    np.testing.assert_array_equal(np.asanyarray(written.dataobj), mask.array)
    np.testing.assert_array_equal(written.affine, nifti(tmp_path / "a.nii.gz").affine)
    assert written.get_data_dtype() == np.uint8
    block = gzip.decompress((tmp_path / "m.nii.gz").read_bytes())[:348]
    raw = nib.Nifti1Header(block, check=False)
    assert (float(raw["scl_slope"]), float(raw["scl_inter"])) == (1, 0)


def test_both_forms_codes_spacing_and_units_are_kept(tmp_path: Path) -> None:
    """A qform unlike the sform stays unlike it; the sform is what counts."""
    image = nib.Nifti1Image(values((5, 6, 7)), None)
    image.header.set_sform(UGLY["sheared"].affine, code=4)
    image.header.set_qform(UGLY["oblique"].affine, code=2)
    image.header.set_xyzt_units("mm", "sec")
    image.to_filename(tmp_path / "a.nii")
    opened = open_image(tmp_path / "a.nii")
    np.testing.assert_allclose(opened.grid.affine, UGLY["sheared"].affine, **FLOAT32)
    mask = Mask(array=speckle((5, 6, 7)), grid=opened.grid, source=opened.source)
    before = nifti(tmp_path / "a.nii").header
    after = nifti(mask.save(tmp_path / "m.nii.gz")).header
    for field in ("qform_code", "sform_code", "pixdim", "xyzt_units", "dim"):
        np.testing.assert_array_equal(before[field], after[field])
    np.testing.assert_array_equal(before.get_qform(), after.get_qform())
    np.testing.assert_array_equal(before.get_sform(), after.get_sform())


def test_the_qform_counts_where_the_sform_has_no_code(tmp_path: Path) -> None:
    """And the bare spacing where neither has, as in nibabel."""
    for codes in ((1, 0), (0, 0)):
        image = nib.Nifti1Image(values((5, 6, 7)), None)
        image.header.set_sform(UGLY["LPS"].affine, code=0)
        image.header.set_qform(UGLY["oblique"].affine, code=codes[0])
        image.to_filename(tmp_path / "a.nii")
        expected = nifti(tmp_path / "a.nii").affine
        np.testing.assert_allclose(open_image(tmp_path / "a.nii").grid.affine, expected, atol=1e-9)


@pytest.mark.parametrize(("unit", "factor"), [("meter", 1000), ("micron", 0.001), ("mm", 1)])
def test_units_of_length_become_mm_in_the_grid_and_stay_in_the_mask(
    unit: str, factor: float, tmp_path: Path
) -> None:
    """The grid is always mm; the mask's file speaks the image's unit."""
    affine = UGLY["oblique"].affine
    image = nib.Nifti1Image(values((3, 4, 5)), affine)
    image.header.set_xyzt_units(unit)
    image.to_filename(tmp_path / "a.nii.gz")
    opened = open_image(tmp_path / "a.nii.gz")
    np.testing.assert_allclose(opened.grid.affine[:3] / factor, affine[:3], rtol=1e-5, atol=1e-5)
    mask = Mask(array=speckle((3, 4, 5)), grid=opened.grid, source=opened.source)
    written = nifti(mask.save(tmp_path / "m.nii.gz"))
    assert written.header.get_xyzt_units()[0] == unit
    assert open_image(tmp_path / "m.nii.gz").grid.same_as(opened.grid, tolerance=0.0)


@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 4, 1), (6, 5, 1, 1, 1), (6, 5, 4)])
def test_short_and_long_shapes_are_volumes_inside_and_themselves_outside(
    shape: tuple[int, ...], tmp_path: Path
) -> None:
    """2D and trailing axes of one voxel come back in the mask's file."""
    path = write_nifti(tmp_path / "a.nii.gz", values(shape), UGLY["LPS"].affine)
    image = open_image(path)
    assert image.grid.shape == (*shape, 1)[:3]
    mask = Mask(array=speckle(image.grid.shape), grid=image.grid, source=image.source)
    written = nifti(mask.save(tmp_path / "m.nii"))
    assert written.shape == shape
    np.testing.assert_array_equal(np.asanyarray(written.dataobj).ravel(), mask.array.ravel())


@pytest.mark.parametrize(
    ("dtype", "slope", "inter", "expected"),
    [
        (np.int16, 1, 0, np.int16),
        (np.int16, np.nan, np.nan, np.int16),
        (np.int16, 0, 5, np.int16),
        (np.int16, 0.5, -3, np.float32),
        (np.int16, 1, -1024, np.float32),
        (np.int32, 2, 1, np.float64),
        (np.float32, 2, 0, np.float32),
        (np.float64, 1, 0, np.float64),
        (np.uint8, 1, 0, np.uint8),
    ],
)
def test_the_slope_is_applied_and_without_one_the_type_stays(
    dtype: Any, slope: float, inter: float, expected: type[np.generic], tmp_path: Path
) -> None:
    """scl_slope and scl_inter as the standard says; 0 and NaN mean none."""
    array = values((4, 3, 5), dtype)
    path = write_nifti(tmp_path / "a.nii", array, UGLY["oblique"].affine)
    block = bytearray(path.read_bytes())
    block[112:120] = np.array([slope, inter], dtype="<f4").tobytes()
    path.write_bytes(bytes(block))
    image = open_image(path)
    assert image.array.dtype == expected
    np.testing.assert_allclose(image.array, nifti(path).get_fdata(), rtol=1e-6)


@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
def test_both_versions_and_both_byte_orders_are_read(kind: Any, tmp_path: Path) -> None:
    """NIfTI-2 and big-endian files give native arrays; a mask keeps the version."""
    array = values((4, 5, 6), np.int32)
    header = kind.header_class(endianness=">")
    header.set_data_dtype(np.int32)
    image = kind(array, UGLY["permuted"].affine, header)
    image.to_filename(tmp_path / "a.nii.gz")
    opened = open_image(tmp_path / "a.nii.gz")
    np.testing.assert_array_equal(opened.array, array)
    assert opened.array.dtype.isnative
    np.testing.assert_allclose(opened.grid.affine, UGLY["permuted"].affine, **FLOAT32)
    mask = Mask(array=speckle((4, 5, 6)), grid=opened.grid, source=opened.source)
    written = nifti(mask.save(tmp_path / "m.nii.gz"))
    assert isinstance(written, kind)
    np.testing.assert_array_equal(written.affine, nifti(tmp_path / "a.nii.gz").affine)


@pytest.mark.parametrize("name", ["a.img", "a.img.gz"])
def test_a_pair_of_header_and_image_is_read(name: str, tmp_path: Path) -> None:
    """The .hdr names its .img by its own name; the mask is a single file."""
    array = values((4, 5, 6))
    nib.Nifti1Pair(array, UGLY["LPS"].affine).to_filename(tmp_path / name)
    header = tmp_path / name.replace(".img", ".hdr")
    image = open_image(header)
    np.testing.assert_array_equal(image.array, array)
    mask = Mask(array=speckle((4, 5, 6)), grid=image.grid, source=image.source)
    written = nifti(mask.save(tmp_path / "m.nii"))
    np.testing.assert_array_equal(np.asanyarray(written.dataobj), mask.array)
    (tmp_path / name).unlink()
    with pytest.raises(ImageError, match="same folder"):
        open_image(header)


@given(grid=ugly_grids())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_mask_of_an_image_from_elsewhere_keeps_its_grid(grid: Grid, tmp_path: Path) -> None:
    """To the float32 of the NIfTI-1 header: 1e-7 of the largest number."""
    mask = Mask(array=speckle(grid.shape), grid=grid)
    written = open_image(mask.save(tmp_path / "m.nii.gz"))
    np.testing.assert_array_equal(written.array, mask.array)
    np.testing.assert_allclose(written.grid.affine, grid.affine, **FLOAT32)
    assert written.array.dtype == np.uint8
    assert nifti(tmp_path / "m.nii.gz").header["sform_code"] == 1


@pytest.mark.parametrize("name", UGLY)
def test_a_quaternion_goes_along_unless_the_grid_is_sheared(name: str, tmp_path: Path) -> None:
    """Readers of the qform see the same grid, or are told that there is none."""
    mask = Mask(array=speckle(UGLY[name].shape), grid=UGLY[name])
    header = nifti(mask.save(tmp_path / "m.nii")).header
    assert (int(header["qform_code"]) == 0) == (name in SHEARED)
    if name not in SHEARED:
        np.testing.assert_allclose(header.get_qform(), UGLY[name].affine, rtol=1e-5, atol=1e-4)


def test_a_mask_on_a_crop_of_its_image_gets_the_crop_s_header(tmp_path: Path) -> None:
    """The image's header is only repeated on the image's grid."""
    path = write_nifti(tmp_path / "a.nii", values((8, 8, 8)), UGLY["oblique"].affine)
    image = open_image(path)
    crop = image.grid.crop((2, 3, 1), (6, 7, 5))
    Mask(array=speckle(crop.shape), grid=crop, source=image.source).save(tmp_path / "m.nii")
    written = open_image(tmp_path / "m.nii")
    assert written.grid.shape == crop.shape
    np.testing.assert_allclose(written.grid.affine, crop.affine, **FLOAT32)


@pytest.mark.parametrize("name", RASTERS)
def test_a_raster_becomes_one_slice_where_itk_would_put_it(name: str, tmp_path: Path) -> None:
    """(column, row, 1), x and y of the raster being LPS mm."""
    grid = RASTERS[name]
    mask = Mask(array=speckle(grid.shape), grid=grid)
    array, affine = itk_read(mask.save(tmp_path / "m.nii.gz"))
    np.testing.assert_array_equal(array[:, :, 0].T, mask.array)
    row, column = 3, 5
    x, y = grid.to_world(np.array([[row, column]], dtype=np.float64))[0]
    np.testing.assert_allclose(affine @ [column, row, 0, 1], [-x, -y, 0, 1], atol=1e-5)


def test_text_of_the_header_does_not_travel_into_the_mask(tmp_path: Path) -> None:
    """Descriptions may name a patient."""
    path = write_nifti(
        tmp_path / "a.nii", values((3, 3, 3)), UGLY["LPS"].affine, descrip=b"Jane", aux_file=b"Doe"
    )
    image = open_image(path)
    Mask(array=speckle((3, 3, 3)), grid=image.grid, source=image.source).save(tmp_path / "m.nii")
    assert b"Jane" not in (tmp_path / "m.nii").read_bytes()
    assert b"Doe" not in (tmp_path / "m.nii").read_bytes()


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((3, 4, 5, 2), dtype=np.int16),
        np.zeros((3, 4, 5, 1, 3), dtype=np.float32),
        np.zeros((3, 4, 5), dtype=np.complex64),
        np.zeros((3, 4, 5), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")]),
        np.zeros(7, dtype=np.int16),
    ],
)
def test_more_than_one_number_a_voxel_is_refused(array: NDArray[Any], tmp_path: Path) -> None:
    """Time series, vectors, colours, complex numbers, and lines."""
    path = write_nifti(tmp_path / "a.nii.gz", array, np.eye(4))
    with pytest.raises(ImageError, match="must hold one"):
        open_image(path)


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ({"sform_code": 0, "pixdim": [1, 0, 1, 1, 0, 0, 0, 0]}, GeometryError, "spacing"),
        ({"sform_code": 1, "srow_x": [0, 0, 0, 0]}, GeometryError, "spacing"),
        (
            {"sform_code": 1, "srow_x": [1, 1, 0, 0], "srow_y": [1, 1, 0, 0]},
            GeometryError,
            "singular",
        ),
        ({"sform_code": 2, "pixdim": [1, 1, 0, 1, 0, 0, 0, 0]}, GeometryError, "axis 2 is 0"),
        ({"sform_code": 1, "srow_x": [np.nan, 0, 0, 0]}, GeometryError, "finite"),
        ({"sform_code": 0, "qform_code": 1, "quatern_b": 7}, GeometryError, "qform"),
        ({"datatype": 77}, ImageError, "data type"),
        ({"vox_offset": np.nan}, ImageError, "byte nan"),
        ({"vox_offset": -16}, ImageError, "byte -16"),
        ({"scl_slope": 2, "scl_inter": np.inf}, ImageError, "scl_slope"),
        ({"dim": [3, 30000, 30000, 30000, 1, 1, 1, 1]}, ImageError, "more than its"),
        ({"dim": [3, 4, -5, 6, 1, 1, 1, 1]}, GeometryError, "at least one voxel"),
        ({"dim": [3, 4, 0, 6, 1, 1, 1, 1]}, GeometryError, "at least one voxel"),
    ],
)
def test_a_broken_header_is_refused_in_one_sentence(
    fields: dict[str, Any], error: type[Exception], words: str, tmp_path: Path
) -> None:
    """Spacing of zero, no rotation, unknown types, wild offsets, sizes out of nowhere."""
    path = write_nifti(tmp_path / "a.nii", values((4, 5, 6)), UGLY["LPS"].affine)
    header = nib.Nifti1Header(path.read_bytes()[:348], check=False)
    for name, value in fields.items():
        header[name] = value
    path.write_bytes(header.binaryblock + path.read_bytes()[348:])
    with pytest.raises(error, match=re.escape(words)) as caught:
        open_image(path)
    assert "\n" not in str(caught.value)


def test_a_missing_third_spacing_of_a_2d_image_is_one(tmp_path: Path) -> None:
    """2D files often leave it at zero; there is nothing along that axis to be wrong."""
    path = write_nifti(tmp_path / "a.nii", values((4, 5)), np.eye(4))
    header = nib.Nifti1Header(path.read_bytes()[:348], check=False)
    header["pixdim"], header["sform_code"], header["qform_code"] = [1, 2, 3, 0, 0, 0, 0, 0], 0, 0
    path.write_bytes(header.binaryblock + path.read_bytes()[348:])
    assert open_image(path).grid.spacing_mm == (2, 3, 1)


def test_a_zero_offset_means_right_behind_the_header(tmp_path: Path) -> None:
    """Some writers leave vox_offset at 0."""
    array = values((4, 5, 6))
    path = write_nifti(tmp_path / "a.nii", array, UGLY["LPS"].affine)
    block = bytearray(path.read_bytes())
    block[108:112] = b"\0\0\0\0"
    path.write_bytes(bytes(block))
    np.testing.assert_array_equal(open_image(path).array, array)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_a_file_cut_anywhere_is_refused(suffix: str, tmp_path: Path) -> None:
    """Not one prefix of a file passes for the whole."""
    whole = write_nifti(tmp_path / f"a{suffix}", values((4, 5, 6)), UGLY["LPS"].affine).read_bytes()
    cut = tmp_path / f"cut{suffix}"
    for length in range(len(whole)):
        cut.write_bytes(whole[:length])
        with pytest.raises(ImageError):
            open_image(cut)


def test_a_nifti_2_file_cut_in_its_header_is_refused(tmp_path: Path) -> None:
    """Its magic stands at the beginning, so it is known for what it was."""
    nib.Nifti2Image(values((4, 5, 6)), UGLY["LPS"].affine).to_filename(tmp_path / "a.nii")
    (tmp_path / "b.nii").write_bytes((tmp_path / "a.nii").read_bytes()[:300])
    with pytest.raises(ImageError, match="cut short or damaged in its header"):
        open_image(tmp_path / "b.nii")


def test_an_empty_mask_is_written_and_has_no_volume(tmp_path: Path) -> None:
    """Nothing segmented is a valid answer."""
    mask = Mask(array=np.zeros((3, 4, 5), dtype=bool), grid=Grid(shape=(3, 4, 5), affine=np.eye(4)))
    assert not open_image(mask.save(tmp_path / "m.nii.gz")).array.any()
    assert mask.volume_ml == 0


@pytest.mark.parametrize("code", [-1, 260])
def test_a_mask_lies_on_an_image_whose_sform_code_nobody_knows(
    code: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The image lies where its sform says; nibabel, on writing, took an unknown code for none."""
    affine = np.array([[0, -2.0, 0, 7], [1.5, 0, 0, -3], [0, 0, 3, 2], [0, 0, 0, 1]])
    path = write_nifti(tmp_path / "a.nii", values((4, 3, 2)), affine, sform_code=code, qform_code=0)
    image = open_image(path)
    np.testing.assert_allclose(image.grid.affine, affine)
    mask = Mask(array=image.array > 60, grid=image.grid, source=image.source)
    np.testing.assert_allclose(open_image(mask.save(tmp_path / "m.nii")).grid.affine, affine)
    assert capfd.readouterr() == ("", "")
