"""Tests of vesal.labels.rtstruct."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from skimage.measure import grid_points_in_poly

from tests.grids import RASTERS, grid_of, ugly_grids
from tests.labels.oracles import errors_of
from tests.labels.series import (
    FRAME,
    GRIDS,
    SERIES,
    STRIPPED,
    STUDY,
    enhanced,
    label_map,
    picture,
    series,
)
from vesal.errors import ConfigError, ImageError
from vesal.geometry import Grid, ras_to_lps
from vesal.labels import LabelMap, Segment
from vesal.labels.rtstruct import write_rtstruct

NOON = datetime(2026, 3, 4, 12, 5, 6, tzinfo=UTC)


def _polygons(path: Path, number: int, grid: Grid) -> list[tuple[int, NDArray[np.float64]]]:
    """Slice and (row, column) of each outline, by pydicom and plain geometry alone."""
    (roi,) = [
        r for r in pydicom.dcmread(path).ROIContourSequence if r.ReferencedROINumber == number
    ]
    found = []
    for contour in roi.get("ContourSequence", ()):
        points = np.array(contour.ContourData, float).reshape(-1, 3)
        assert contour.NumberOfContourPoints == len(points)
        assert contour.ContourGeometricType == "CLOSED_PLANAR"
        homogeneous = np.vstack([points.T, np.ones(len(points))])
        column, row, k = np.linalg.solve(ras_to_lps(grid.affine), homogeneous)[:3]
        np.testing.assert_allclose(k, k[0].round(), atol=0.05)
        found.append((round(k[0]), np.stack([row, column], axis=1)))
    return found


def _filled(path: Path, labels: LabelMap) -> NDArray[np.int_]:
    """The object of each voxel, by scikit-image."""
    found = np.zeros(labels.array.shape, int)
    for segment in labels.segments:
        for k, polygon in _polygons(path, segment.number, labels.grid):
            inside = grid_points_in_poly(labels.array.shape[1::-1], polygon)  # type: ignore[no-untyped-call]
            found[:, :, k] ^= segment.number * inside.T
    return found


def test_numbers_above_255_are_kept(tmp_path: Path) -> None:
    """A label map may count to 65535."""
    labels = label_map(GRIDS["odd"], series(tmp_path / "s", GRIDS["odd"]), 3, 9)
    array = labels.array.astype(np.uint16) * 7000
    segments = tuple(replace(one, number=one.number * 7000) for one in labels.segments)
    labels = replace(labels, array=array, segments=segments)
    write_rtstruct(tmp_path / "rt.dcm", labels)
    np.testing.assert_array_equal(_filled(tmp_path / "rt.dcm", labels), array)


@pytest.mark.parametrize("name", GRIDS)
def test_filling_the_outlines_gives_every_voxel(name: str, tmp_path: Path) -> None:
    """Many pieces, holes, single voxels, the edge of the image, wherever the slices lie."""
    labels = label_map(GRIDS[name], series(tmp_path / "s", GRIDS[name]), 3, 9)
    write_rtstruct(tmp_path / "rt.dcm", labels)
    np.testing.assert_array_equal(_filled(tmp_path / "rt.dcm", labels), labels.array)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(grid=ugly_grids(longest=5))
def test_filling_the_outlines_gives_every_voxel_anywhere(grid: Grid, tmp_path: Path) -> None:
    """Any rotation, reflection and shear along the slices."""
    affine = grid.affine.copy()
    # Rows and columns of a picture are at right angles; only slices may be sheared.
    across = affine[:3, 1] - affine[:3, 0] * (affine[:3, 0] @ affine[:3, 1]) / (
        affine[:3, 0] @ affine[:3, 0]
    )
    affine[:3, 1] = across
    grid = Grid(shape=grid.shape, affine=affine)
    labels = label_map(grid, series(tmp_path / "s", grid), 1, 2)
    write_rtstruct(tmp_path / "rt.dcm", labels, allow_empty=True)
    np.testing.assert_array_equal(_filled(tmp_path / "rt.dcm", labels), labels.array)


def test_frames_of_an_enhanced_object_are_outlined_and_named(tmp_path: Path) -> None:
    """As the file counts them."""
    grid = GRIDS["oblique"]
    order = [(k * 5) % 13 for k in range(grid.shape[2])]
    labels = label_map(grid, enhanced(tmp_path / "e.dcm", grid, order), 3, 9)
    write_rtstruct(tmp_path / "rt.dcm", labels)
    np.testing.assert_array_equal(_filled(tmp_path / "rt.dcm", labels), labels.array)
    roi = pydicom.dcmread(tmp_path / "rt.dcm").ROIContourSequence[0]
    for contour, (k, _) in zip(
        roi.ContourSequence, _polygons(tmp_path / "rt.dcm", 3, grid), strict=True
    ):
        assert contour.ContourImageSequence[0].ReferencedFrameNumber == order[k] + 1


def _ball(radius: float) -> LabelMap:
    grid = grid_of((48, 40, 5), np.diag([-1.0, -1, 1]), (0.9, 0.7, 3), (20, 30, -5))
    column, row, k = np.indices(grid.shape)
    mm = ((column - 22.3) * 0.9) ** 2 + ((row - 20.6) * 0.7) ** 2 + ((k - 2) * 3) ** 2
    return LabelMap(
        array=(mm <= radius**2).astype(np.uint8),
        grid=grid,
        segments=(Segment(number=1, name="ball", colour=(1, 2, 3)),),
    )


@pytest.mark.parametrize("radius", [7.0, 9.0, 12.5])
def test_a_smooth_shape_is_right_to_a_fraction_of_a_voxel(radius: float, tmp_path: Path) -> None:
    """Drawn 16 times as fine by Pillow and compared with the voxels as blocks: Dice of 0.98."""
    labels = _ball(radius)
    labels = replace(labels, source=series(tmp_path / "s", labels.grid))
    write_rtstruct(tmp_path / "rt.dcm", labels)
    drawn = np.zeros((5, 40 * 16, 48 * 16), np.bool_)
    for k, polygon in _polygons(tmp_path / "rt.dcm", 1, labels.grid):
        page = Image.new("1", drawn.shape[:0:-1])
        fine = (polygon[:, ::-1] + 0.5) * 16 - 0.5
        ImageDraw.Draw(page).polygon([(x, y) for x, y in fine.tolist()], fill=1)
        drawn[k] ^= np.array(page)
    blocks = labels.array.T.astype(np.bool_).repeat(16, axis=1).repeat(16, axis=2)
    assert 2 * (drawn & blocks).sum() / (drawn.sum() + blocks.sum()) >= 0.98


def test_the_required_modules_are_there(tmp_path: Path) -> None:
    """Patient, study and frame of reference of the image, and a reference to every slice."""
    source = series(tmp_path / "s", GRIDS["axial"])
    labels = label_map(GRIDS["axial"], source, 3, 9)
    write_rtstruct(tmp_path / "rt.dcm", labels, description="Umrisse", now=NOON)
    data = pydicom.dcmread(tmp_path / "rt.dcm")
    assert (data.Modality, data.StudyInstanceUID) == ("RTSTRUCT", STUDY)
    assert (data.PatientName, data.PatientID) == ("Wíèsel^Jörg", "P-77")
    assert (data.StructureSetDate, data.StructureSetTime) == ("20260304", "120506")
    assert data.StructureSetLabel
    assert data.SeriesDescription == "Umrisse"
    (frame,) = data.ReferencedFrameOfReferenceSequence
    assert frame.FrameOfReferenceUID == FRAME
    (study,) = frame.RTReferencedStudySequence
    assert study.ReferencedSOPInstanceUID == STUDY
    (referenced,) = study.RTReferencedSeriesSequence
    assert referenced.SeriesInstanceUID == SERIES
    uids = [pydicom.dcmread(file).SOPInstanceUID for file in source.files]
    assert [one.ReferencedSOPInstanceUID for one in referenced.ContourImageSequence] == uids
    for k, polygon in enumerate(data.ROIContourSequence[0].ContourSequence):
        assert polygon.ContourNumber == k + 1
        assert polygon.ContourImageSequence[0].ReferencedSOPInstanceUID in uids


def test_objects_keep_number_name_and_colour(tmp_path: Path) -> None:
    """One without a voxel is listed and has no outline; kinds are coded as in SEG."""
    labels = label_map(GRIDS["axial"], series(tmp_path / "s", GRIDS["axial"]), 4)
    names = {4: "Kidney L", 7: "liver tumour", 11: "Läppchen \\ 2"}
    segments = tuple(Segment(number=n, name=x, colour=(n, 250, 0)) for n, x in names.items())
    write_rtstruct(tmp_path / "rt.dcm", replace(labels, segments=segments))
    data = pydicom.dcmread(tmp_path / "rt.dcm")
    rois = [(roi.ROINumber, roi.ROIName) for roi in data.StructureSetROISequence]
    assert rois == [(4, "Kidney L"), (7, "liver tumour"), (11, "Läppchen / 2")]
    assert {roi.ROIGenerationAlgorithm for roi in data.StructureSetROISequence} == {"SEMIAUTOMATIC"}
    assert [list(roi.ROIDisplayColor) for roi in data.ROIContourSequence] == [
        [n, 250, 0] for n in names
    ]
    assert ["ContourSequence" in roi for roi in data.ROIContourSequence] == [True, False, False]
    seen = data.RTROIObservationsSequence
    assert [one.RTROIInterpretedType for one in seen] == ["ORGAN", "GTV", ""]
    codes = [one.RTROIIdentificationCodeSequence[0].CodeValue for one in seen]
    assert codes == ["64033007", "108369006", "85756007"]


@pytest.mark.parametrize("spacing", [0.004, 0.31, 1.0, 25.0])
def test_points_are_precise_to_a_hundredth_of_a_pixel(spacing: float, tmp_path: Path) -> None:
    """In at most 16 characters each, a metre from the origin."""
    grid = grid_of((9, 8, 3), np.diag([-1.0, -1, 1]), (spacing, spacing, 1), (1000.1, -999.9, 7))
    labels = label_map(grid, series(tmp_path / "s", grid), 1)
    write_rtstruct(tmp_path / "rt.dcm", labels)
    for roi in pydicom.dcmread(tmp_path / "rt.dcm").ROIContourSequence:
        for contour in roi.ContourSequence:
            assert max(len(str(number)) for number in contour.ContourData) <= 16
    for _, polygon in _polygons(tmp_path / "rt.dcm", 1, grid):
        np.testing.assert_allclose(polygon * 2, (polygon * 2).round(), atol=0.02)


def test_an_outline_of_more_than_65534_characters_is_written(tmp_path: Path) -> None:
    """A comb of many teeth; explicit lengths of decimal strings end there."""
    grid = grid_of((150, 60, 1), np.diag([-1.0, -1, 1]), (0.713, 0.713, 1), (333, 444, 555))
    labels = label_map(grid, series(tmp_path / "s", grid), 1)
    array = np.zeros(grid.shape, np.uint8)
    array[1:-1, 1::2] = array[1, 1:-1] = 1
    array[3:-3:2, 1::2] = 0
    array[2:-2, 1:58:4] = array[2:-2, 3:58:4] = 1
    array[4:-4:2, 2::2] = 1
    labels = replace(labels, array=array)
    write_rtstruct(tmp_path / "rt.dcm", labels)
    (contour, *_) = pydicom.dcmread(tmp_path / "rt.dcm").ROIContourSequence[0].ContourSequence
    assert sum(len(str(number)) + 1 for number in contour.ContourData) > 65534
    np.testing.assert_array_equal(_filled(tmp_path / "rt.dcm", labels), labels.array)


@pytest.mark.parametrize("case", ["series", "enhanced", "stripped"])
def test_dciodvfy_finds_no_error(case: str, tmp_path: Path) -> None:
    """The validator of dicom3tools."""
    grid = GRIDS["oblique"]
    source = {
        "series": lambda: series(tmp_path / "s", grid),
        "enhanced": lambda: enhanced(tmp_path / "e.dcm", grid, list(range(grid.shape[2]))),
        "stripped": lambda: series(tmp_path / "s", grid, **STRIPPED),
    }[case]()
    labels = label_map(grid, source, 3, 9)
    segments = tuple(
        replace(one, name=name)
        for one, name in zip(labels.segments, ("left kidney", "Niere ö"), strict=True)
    )
    write_rtstruct(tmp_path / "rt.dcm", replace(labels, segments=segments), description="Größe")
    assert errors_of(tmp_path / "rt.dcm") == []


def test_a_picture_without_a_place_is_refused(tmp_path: Path) -> None:
    """Outlines are in mm of a body."""
    labels = label_map(RASTERS["pixels"], picture(tmp_path / "p.dcm", RASTERS["pixels"]), 1)
    with pytest.raises(ImageError, match=r"a place in the body, got the picture p\.dcm"):
        write_rtstruct(tmp_path / "rt.dcm", labels)


def test_an_empty_map_is_refused_unless_allowed(tmp_path: Path) -> None:
    """As in SEG."""
    labels = label_map(GRIDS["axial"], series(tmp_path / "s", GRIDS["axial"]), 1)
    empty = replace(labels, array=np.zeros_like(labels.array))
    with pytest.raises(ImageError, match="without any voxel of s is not written"):
        write_rtstruct(tmp_path / "rt.dcm", empty)
    write_rtstruct(tmp_path / "rt.dcm", empty, allow_empty=True)
    assert _polygons(tmp_path / "rt.dcm", 1, labels.grid) == []


@pytest.mark.parametrize("text", ["x" * 65, "two\nlines", "a\\b"])
def test_a_description_that_dicom_cannot_hold_is_refused(text: str, tmp_path: Path) -> None:
    """One line of 64 characters."""
    labels = label_map(GRIDS["axial"], series(tmp_path / "s", GRIDS["axial"]), 1)
    options: dict[str, Any] = {"description": text}
    with pytest.raises(ConfigError, match="one line of at most 64 characters"):
        write_rtstruct(tmp_path / "rt.dcm", labels, **options)
