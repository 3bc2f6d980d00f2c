"""Tests of vesal.images.dicom.read: whole files and folders in, images out."""

# SimpleITK does not annotate all of its functions:
# mypy: disable-error-code="no-untyped-call"

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK
from hypothesis import HealthCheck, given, settings
from pydicom.uid import BasicTextSRStorage

from tests.grids import SHEARED, UGLY, grid_of, rotation, speckle, ugly_grids
from tests.images.foreign import itk_read, read_slice, values, write_series, write_slice
from vesal.errors import GeometryError, ImageError, InputError
from vesal.geometry import Grid, ras_to_lps
from vesal.images import Mask, open_image

SERIES = grid_of((6, 5, 4), rotation(20, -35, 50), (0.9, 1.2, 2.2), (-33, 21, 64))
# The third axis of a series runs along the slice normal, so it is right-handed in LPS.
RIGHT_HANDED = sorted(
    name
    for name, grid in UGLY.items()
    if name not in SHEARED and np.linalg.det(grid.affine[:3, :3]) > 0 and grid.shape[2] > 1
)


def _array(grid: Grid) -> np.ndarray:
    return values(grid.shape, np.uint16)


@pytest.mark.parametrize("name", RIGHT_HANDED)
def test_a_series_lies_where_its_positions_say(name: str, tmp_path: Path) -> None:
    """File names in another order; LPS in the files, RAS+ inside."""
    grid = UGLY[name]
    image = open_image(write_series(tmp_path / "s", _array(grid), grid))
    np.testing.assert_array_equal(image.array, _array(grid))
    np.testing.assert_allclose(image.grid.affine, grid.affine, atol=1e-4)
    assert image.source.format == "DICOM"


def test_the_real_series_is_read_as_simpleitk_reads_it(data: Path) -> None:
    """JPEG 2000 CT; the same voxels, the same place, Hounsfield units."""
    image = open_image(data / "example_ct_dicom")
    reader = SimpleITK.ImageSeriesReader()
    files = [str(path) for path in (data / "example_ct_dicom").iterdir()]
    files.sort(key=lambda path: float(pydicom.dcmread(path).ImagePositionPatient[2]))
    reader.SetFileNames(files)
    expected = reader.Execute()
    np.testing.assert_array_equal(image.array.T, SimpleITK.GetArrayFromImage(expected))
    np.testing.assert_allclose(image.grid.spacing_mm, expected.GetSpacing(), atol=1e-6)
    origin = ras_to_lps(image.grid.affine)[:3, 3]
    np.testing.assert_allclose(origin, expected.GetOrigin(), atol=1e-6)
    assert image.grid.orientation == "LPS"
    assert image.array.min() == -1024


@given(grid=ugly_grids(sheared=False, longest=5))
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_masks_of_a_series_go_out_on_its_grid(
    grid: Grid, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """To NRRD and MHA within 1e-6."""
    folder = tmp_path_factory.mktemp("series")
    image = open_image(write_series(folder / "s", _array(grid), grid))
    mask = Mask(array=speckle(image.grid.shape), grid=image.grid, source=image.source)
    for name in ("m.nrrd", "m.mha"):
        assert open_image(mask.save(folder / name)).grid.same_as(image.grid)


def test_slices_run_along_the_normal_even_when_numbered_backwards(tmp_path: Path) -> None:
    """A left-handed order of files still gives a right-handed volume of the same points."""
    grid = grid_of((6, 5, 4), np.diag([-1.0, -1, -1]), (1, 2, 3), (4, 5, 6))
    image = open_image(write_series(tmp_path / "s", _array(grid), grid))
    np.testing.assert_array_equal(image.array, _array(grid)[:, :, ::-1])
    assert image.grid.orientation == "LPS"
    np.testing.assert_allclose(image.grid.affine[:3, 3], [4, 5, 6 - 3 * 3])


def test_each_slice_has_its_own_rescale(tmp_path: Path) -> None:
    """PET scales slice by slice; the widest type holds all."""
    folder = write_series(tmp_path / "s", _array(SERIES), SERIES)
    for number, path in enumerate(sorted(folder.iterdir(), key=lambda p: p.name[3:])):
        header = read_slice(path)
        header.RescaleSlope, header.RescaleIntercept = 0.5 + number, -10
        header.save_as(path)
    image = open_image(folder)
    expected = _array(SERIES) * np.array([0.5, 1.5, 2.5, 3.5]) - 10
    np.testing.assert_allclose(image.array, expected)
    assert image.array.dtype == np.float32


def test_a_later_slice_may_need_a_wider_type(tmp_path: Path) -> None:
    """The first slice has no rescale, the last one halves."""
    folder = write_series(tmp_path / "s", _array(SERIES), SERIES)
    last = next(folder.glob("*-3.dcm"))
    header = read_slice(last)
    header.RescaleSlope, header.RescaleIntercept = 0.5, 0
    header.save_as(last)
    expected = _array(SERIES).astype(np.float32)
    expected[:, :, 3] /= 2
    np.testing.assert_allclose(open_image(folder).array, expected)


def test_other_files_in_the_folder_are_passed_over(tmp_path: Path) -> None:
    """Reports, directories, a DICOM file without pixels."""
    folder = write_series(tmp_path / "s", _array(SERIES), SERIES)
    (folder / "readme.txt").write_text("hello")
    (folder / "more").mkdir()
    report = read_slice(next(folder.glob("*-0.dcm")))
    del report.Rows, report.PixelData
    report.file_meta.MediaStorageSOPClassUID = report.SOPClassUID = BasicTextSRStorage
    report.save_as(folder / "report.dcm")
    np.testing.assert_array_equal(open_image(folder).array, _array(SERIES))


def test_a_gantry_tilt_is_a_shear(tmp_path: Path) -> None:
    """Slices moved sideways evenly are one sheared grid, not an error."""
    affine = ras_to_lps(SERIES.affine)
    affine[:3, 2] += 0.2 * affine[:3, 1]
    tilted = Grid(shape=SERIES.shape, affine=ras_to_lps(affine))
    image = open_image(write_series(tmp_path / "s", _array(SERIES), tilted))
    np.testing.assert_allclose(image.grid.affine, tilted.affine, atol=1e-4)


def test_several_series_are_listed_by_description_and_slices(tmp_path: Path) -> None:
    """The user must choose; no patient's name is in the message."""
    folder = write_series(
        tmp_path / "s", _array(SERIES), SERIES, SeriesDescription="lung", PatientName="Jane^Doe"
    )
    for path in folder.iterdir():
        path.rename(folder / f"a{path.name}")
    write_series(folder, _array(SERIES), SERIES, series="9.9", PatientName="Jane^Doe")
    with pytest.raises(ImageError) as caught:
        open_image(folder)
    assert "2 series" in str(caught.value)
    assert "2: lung, CT (4 slices)" in str(caught.value)
    assert "1: no name, CT (4 slices)" in str(caught.value)
    assert "Jane" not in str(caught.value)


def test_a_missing_slice_is_refused_with_the_number_missing(tmp_path: Path) -> None:
    """A hole is never closed by stretching the rest."""
    folder = write_series(tmp_path / "s", _array(SERIES), SERIES)
    next(folder.glob("*-1.dcm")).unlink()
    with pytest.raises(ImageError, match=r"misses 1 slice: slices lie 2\.200 mm apart"):
        open_image(folder)


@pytest.mark.parametrize(("share", "words"), [(0.1, "evenly spaced"), (0.004, None)])
def test_uneven_slices_are_refused_beyond_one_per_cent(
    share: float, words: str | None, tmp_path: Path
) -> None:
    """Rounded positions pass, another distance does not."""
    folder = write_series(tmp_path / "s", _array(SERIES), SERIES)
    path = next(folder.glob("*-2.dcm"))
    header = read_slice(path)
    step = ras_to_lps(SERIES.affine)[:3, 2] * share
    moved = np.array(header.ImagePositionPatient, dtype=float) + step
    header.ImagePositionPatient = [f"{x:.9g}" for x in moved]
    header.save_as(path)
    if words is None:
        assert open_image(folder).grid.shape == SERIES.shape
    else:
        with pytest.raises(ImageError, match=words):
            open_image(folder)


def test_a_slice_beside_the_line_of_the_others_is_refused(tmp_path: Path) -> None:
    """Even distances are not enough: the slices must be in one row."""
    folder = write_series(tmp_path / "s", _array(SERIES), SERIES)
    path = next(folder.glob("*-2.dcm"))
    header = read_slice(path)
    moved = np.array(header.ImagePositionPatient, dtype=float)
    moved += ras_to_lps(SERIES.affine)[:3, 0] * 2
    header.ImagePositionPatient = [f"{x:.9g}" for x in moved]
    header.save_as(path)
    with pytest.raises(ImageError, match="one straight line"):
        open_image(folder)


@pytest.mark.parametrize(
    ("field", "value", "error", "words"),
    [
        ("ImageOrientationPatient", [1, 0, 0, 0, 1, 0], ImageError, "axial, CT .1 slice"),
        ("PixelSpacing", [1, 1], ImageError, "pixels of 1x1 mm, CT .1 slice"),
        ("ImagePositionPatient", None, ImageError, r"2\.dcm.* no position"),
        ("ImagePositionPatient", ["nan", 0, 0], GeometryError, "finite|numbers"),
        ("NumberOfFrames", 5, ImageError, "5 frames"),
    ],
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR DS")  # pydicom sees it too
def test_one_odd_slice_spoils_the_series(
    field: str, value: Any, error: type[Exception], words: str | None, tmp_path: Path
) -> None:
    """It is named, not dropped."""
    folder = write_series(tmp_path / "s", _array(SERIES), SERIES)
    path = next(folder.glob("*-2.dcm"))
    header = read_slice(path)
    setattr(header, field, value)
    header.save_as(path)
    with pytest.raises(error, match=words) as caught:
        open_image(folder)
    assert "\n" not in str(caught.value)


def test_slices_of_another_size_are_refused(tmp_path: Path) -> None:
    """A slice of another size under the same UID is listed on its own, not dropped."""
    folder = write_series(tmp_path / "s", _array(SERIES), SERIES)
    affine = ras_to_lps(SERIES.affine)
    affine[:3, 3] += 4 * affine[:3, 2]
    write_slice(folder / "z.dcm", np.zeros((3, 3), dtype=np.uint16), affine_lps=affine)
    with pytest.raises(ImageError, match=r"3x3, CT \(1 slice"):
        open_image(folder)


@pytest.mark.parametrize("thickness", [{}, {"SliceThickness": "3"}, {"SpacingBetweenSlices": "3"}])
def test_one_file_with_a_place_is_a_volume_of_one_slice(
    thickness: dict[str, Any], tmp_path: Path
) -> None:
    """Thickness from the header, else 1 mm."""
    pixels = _array(SERIES)[:, :, 0].T.copy()
    path = write_slice(
        tmp_path / "a.dcm", pixels, affine_lps=ras_to_lps(SERIES.affine), **thickness
    )
    for source in (path, tmp_path):
        image = open_image(source)
        np.testing.assert_array_equal(image.array[:, :, 0], pixels.T)
        spacing = (0.9, 1.2, 3.0 if thickness else 1.0)
        np.testing.assert_allclose(image.grid.spacing_mm, spacing, atol=1e-5)
        np.testing.assert_allclose(image.grid.affine[:3, 3], SERIES.affine[:3, 3], atol=1e-4)


@pytest.mark.parametrize(
    ("fields", "spacing", "known"),
    [
        ({}, (1, 1), False),
        ({"PixelSpacing": ["0.5", "0.25"]}, (0.5, 0.25), True),
        ({"ImagerPixelSpacing": ["0.3", "0.2"]}, (0.3, 0.2), True),
    ],
)
def test_one_file_without_a_place_is_a_raster(
    fields: dict[str, Any], spacing: tuple[float, ...], known: bool, tmp_path: Path
) -> None:
    """X-ray and ultrasound: rows and columns, mm where the file knows them."""
    pixels = values((5, 7), np.uint16)
    image = open_image(write_slice(tmp_path / "a.dcm", pixels, **fields))
    np.testing.assert_array_equal(image.array, pixels)
    np.testing.assert_allclose(image.grid.spacing_mm, spacing)
    assert image.grid.orientation == "DR"
    assert image.source.spacing_known is known


def test_a_colour_picture_is_a_colour_raster(tmp_path: Path) -> None:
    """Ultrasound with a coloured overlay; three numbers a pixel make no volume."""
    pixels = np.random.default_rng(3).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    fields: dict[str, Any] = {
        "SamplesPerPixel": 3,
        "PhotometricInterpretation": "RGB",
        "PlanarConfiguration": 0,
        "BitsAllocated": 8,
        "BitsStored": 8,
        "HighBit": 7,
    }
    image = open_image(write_slice(tmp_path / "a.dcm", pixels, **fields))
    np.testing.assert_array_equal(image.array, pixels)
    assert image.is_colour
    path = write_slice(tmp_path / "b.dcm", pixels, affine_lps=ras_to_lps(SERIES.affine), **fields)
    with pytest.raises(ImageError, match="one grey number"):
        open_image(path)


def test_a_folder_without_dicom_is_refused(tmp_path: Path) -> None:
    """With the number of files that were looked at."""
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(ImageError, match="1 files without one"):
        open_image(tmp_path)


@pytest.mark.parametrize("real", [False, True])
def test_a_file_cut_anywhere_is_refused_without_a_word_on_the_terminal(
    real: bool, data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Headers and pixels, uncompressed and JPEG 2000."""
    if real:
        path = min((data / "example_ct_dicom").iterdir())
    else:
        path = write_slice(
            tmp_path / "a.dcm", values((5, 7), np.uint16), affine_lps=ras_to_lps(SERIES.affine)
        )
    whole, cut = path.read_bytes(), tmp_path / "cut.dcm"
    # The last four bytes are the length of the closing delimiter: no pixel is missing there.
    for length in np.linspace(0, len(whole) - 5, 40).astype(int).tolist():
        cut.write_bytes(whole[:length])
        with pytest.raises(InputError):  # half a spacing is a broken grid
            open_image(cut)
    assert capfd.readouterr() == ("", "")


def test_more_pixels_than_the_file_can_hold_are_refused(tmp_path: Path) -> None:
    """Before the decoder allocates them."""
    pixels = values((5, 7), np.uint16)
    path = write_slice(tmp_path / "a.dcm", pixels, Rows=60000, Columns=60000)
    with pytest.raises(ImageError, match="60000x60000"):
        open_image(path)


def test_masks_of_a_series_are_read_in_place_by_simpleitk(tmp_path: Path) -> None:
    """DICOM in, NIfTI out, and ITK puts each voxel where the series has it."""
    image = open_image(write_series(tmp_path / "s", _array(SERIES), SERIES))
    mask = Mask(array=speckle(image.grid.shape), grid=image.grid, source=image.source)
    array, affine = itk_read(mask.save(tmp_path / "m.nii.gz"))
    np.testing.assert_array_equal(array, mask.array)
    np.testing.assert_allclose(affine, image.grid.affine, atol=1e-4)
