"""Tests of vesal.labels.dicom_seg."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from numpy.typing import NDArray
from pydicom.data import get_testdata_file

from tests.grids import RASTERS, grid_of, ugly_grids
from tests.labels.oracles import by_highdicom, decoded, errors_of, expected_segments
from tests.labels.series import (
    FRAME,
    GRIDS,
    SERIES,
    STRIPPED,
    STUDY,
    change,
    enhanced,
    label_map,
    picture,
    series,
)
from vesal.errors import ConfigError, ImageError, ResourceError
from vesal.geometry import Grid
from vesal.images import Source
from vesal.labels import LabelMap, Segment
from vesal.labels.dicom_seg import KINDS, write_seg
from vesal.labels.terms import Code, Term, Terms

pytest.importorskip("highdicom")


def _check(path: Path, labels: LabelMap) -> None:
    expected = expected_segments(labels)
    np.testing.assert_array_equal(decoded(path, labels.grid), expected)
    np.testing.assert_array_equal(by_highdicom(path, labels.source), expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", GRIDS)
def test_every_voxel_comes_back(name: str, kind: str, tmp_path: Path) -> None:
    """By place and by reference to the image, wherever and in whatever order slices lie."""
    labels = label_map(GRIDS[name], series(tmp_path / "s", GRIDS[name]), 3, 9)
    write_seg(tmp_path / "seg.dcm", labels, kind=kind)
    _check(tmp_path / "seg.dcm", labels)


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_above_255_are_counted_anew(kind: str, tmp_path: Path) -> None:
    """A label map may count to 65535, a SEG counts its segments."""
    labels = label_map(GRIDS["odd"], series(tmp_path / "s", GRIDS["odd"]), 3, 9)
    array = labels.array.astype(np.uint16) * 7000
    segments = tuple(replace(one, number=one.number * 7000) for one in labels.segments)
    labels = replace(labels, array=array, segments=segments)
    write_seg(tmp_path / "seg.dcm", labels, kind=kind)
    _check(tmp_path / "seg.dcm", labels)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(grid=ugly_grids(sheared=False, longest=5))
def test_every_voxel_comes_back_from_anywhere(grid: Grid, tmp_path: Path) -> None:
    """Any rotation or reflection, pixels of any shape."""
    # pydicom finds too many frames where one has fewer than 16 pixels.
    grid = replace(grid, shape=(grid.shape[0] + 3, grid.shape[1] + 3, grid.shape[2]))
    folder = tmp_path / "s"
    shutil.rmtree(folder, ignore_errors=True)
    labels = label_map(grid, series(folder, grid), 1, 2)
    write_seg(tmp_path / "seg.dcm", labels, allow_empty=True)
    _check(tmp_path / "seg.dcm", labels)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["axial", "sagittal", "oblique"])
def test_dcm2niix_finds_the_same_voxels(name: str, kind: str, tmp_path: Path) -> None:
    """A tool of others, of which the object may be one only; it sorts and flips as it likes."""
    dcm2niix = pytest.importorskip("dcm2niix")
    labels = label_map(GRIDS[name], series(tmp_path / "s", GRIDS[name]), 1)
    (tmp_path / "seg").mkdir()
    write_seg(tmp_path / "seg" / "seg.dcm", labels, kind=kind)
    subprocess.run(  # noqa: S603  # our own file
        [dcm2niix.bin, "-z", "n", "-b", "n", "-f", "out", tmp_path / "seg"],
        check=True,
        capture_output=True,
    )
    (written,) = (tmp_path / "seg").glob("*.nii")
    nifti: Any = nib.load(written)
    there = np.argwhere(np.asarray(nifti.dataobj).squeeze()).astype(np.float64)
    index = labels.grid.to_index(there @ nifti.affine[:3, :3].T + nifti.affine[:3, 3])
    np.testing.assert_allclose(index, index.round(), atol=0.01)
    found = np.zeros(labels.array.shape, int)
    found[tuple(index.round().astype(int).T)] = 1
    np.testing.assert_array_equal(found, expected_segments(labels))


def test_a_real_enhanced_ct_comes_back(tmp_path: Path) -> None:
    """Of pydicom's own collection; two frames 10 mm apart."""
    path = get_testdata_file("eCT_Supplemental.dcm", download=False)
    if path is None:
        pytest.skip("pydicom-data is not installed")
    header = pydicom.dcmread(path, stop_before_pixels=True)
    source = Source(
        path=Path(path),
        format="DICOM",
        series_uid=header.SeriesInstanceUID,
        files=(Path(path),),
        frames=(0, 1),
    )
    spacing, origin = (0.388672, 0.388672, 10.0), (-99.5, 301.5, -159.0)
    grid = grid_of((512, 512, 2), np.diag([1.0, -1, 1]), spacing, origin)
    labels = label_map(grid, source, 1, 2)
    write_seg(tmp_path / "seg.dcm", labels)
    _check(tmp_path / "seg.dcm", labels)
    assert errors_of(tmp_path / "seg.dcm") == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("name", ["oblique", "sagittal", "tilted"])
def test_frames_of_an_enhanced_object_come_back(
    name: str, kind: str, shared: bool, tmp_path: Path
) -> None:
    """Frames in another order, some of another stack at the same place."""
    grid = GRIDS[name]
    order = [(k * 5) % 13 for k in range(grid.shape[2])]
    labels = label_map(grid, enhanced(tmp_path / "e.dcm", grid, order, shared=shared), 3, 9)
    write_seg(tmp_path / "seg.dcm", labels, kind=kind)
    _check(tmp_path / "seg.dcm", labels)


def test_frames_are_named_as_the_file_counts_them(tmp_path: Path) -> None:
    """Also where the first frames of the file belong to another stack."""
    grid = GRIDS["axial"]
    order = [12, 4, 7, 5, 6, 9, 2]
    labels = label_map(grid, enhanced(tmp_path / "e.dcm", grid, order), 1)
    write_seg(tmp_path / "seg.dcm", labels)
    named = {
        int(group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber)
        for group in pydicom.dcmread(tmp_path / "seg.dcm").PerFrameFunctionalGroupsSequence
    }
    assert named == {frame + 1 for frame in order[1:]}


def test_a_resampled_image_gives_the_nearest_voxels_to_its_slices(tmp_path: Path) -> None:
    """Here the map has twice as many slices, a quarter of a step aside; voxels are not moved."""
    grid = GRIDS["axial"]
    affine = grid.affine.copy()
    affine[:3, 2] /= 2
    affine[:3, 3] -= affine[:3, 2] * 0.4
    fine = Grid(shape=(*grid.shape[:2], 2 * grid.shape[2]), affine=affine)
    labels = label_map(fine, series(tmp_path / "s", grid), 1, 2)
    write_seg(tmp_path / "seg.dcm", labels)
    np.testing.assert_array_equal(
        decoded(tmp_path / "seg.dcm", grid), expected_segments(labels)[:, :, ::2]
    )


def test_a_tilted_series_resampled_upright_comes_back_on_its_own_slices(tmp_path: Path) -> None:
    """A block of many voxels on the upright grid covers the same places on the tilted slices."""
    tilted = GRIDS["tilted"]
    source = series(tmp_path / "s", tilted)
    upright = grid_of((8, 24, 9), np.diag([-1.0, -1, 1]), (1.2, 0.5, 2.0), (40, 63, -9))
    array = np.zeros(upright.shape, np.uint8)
    array[2:6, 4:20, 1:7] = 1
    labels = LabelMap(
        array=array,
        grid=upright,
        segments=(Segment(number=1, name="block", colour=(1, 2, 3)),),
        source=source,
    )
    write_seg(tmp_path / "seg.dcm", labels)
    everywhere = np.indices(tilted.shape).reshape(3, -1).T.astype(np.float64)
    index = np.rint(upright.to_index(tilted.to_world(everywhere))).astype(int)
    inside = ((index >= 0) & (index < upright.shape)).all(axis=1)
    expected = np.zeros(len(index), int)
    expected[inside] = array[tuple(index[inside].T)]
    assert expected.any()
    np.testing.assert_array_equal(
        decoded(tmp_path / "seg.dcm", tilted), expected.reshape(tilted.shape)
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", RASTERS)
def test_a_picture_without_a_place_comes_back(name: str, kind: str, tmp_path: Path) -> None:
    """An X-ray has rows and columns only; the SEG refers to it and says no more."""
    labels = label_map(RASTERS[name], picture(tmp_path / "p.dcm", RASTERS[name]), 5)
    write_seg(tmp_path / "seg.dcm", labels, kind=kind)
    data = pydicom.dcmread(tmp_path / "seg.dcm")
    np.testing.assert_array_equal(data.pixel_array.squeeze(), expected_segments(labels))
    assert data.ReferencedSeriesSequence[0].SeriesInstanceUID == SERIES


def test_it_belongs_to_the_study_and_refers_to_every_slice(tmp_path: Path) -> None:
    """Patient, study and frame of reference of the image; a series of its own."""
    source = series(tmp_path / "s", GRIDS["axial"])
    write_seg(tmp_path / "seg.dcm", label_map(GRIDS["axial"], source, 1), description="livers")
    data = pydicom.dcmread(tmp_path / "seg.dcm")
    assert (data.StudyInstanceUID, data.FrameOfReferenceUID) == (STUDY, FRAME)
    assert (data.PatientName, data.PatientID) == ("Wíèsel^Jörg", "P-77")
    assert data.SeriesInstanceUID != SERIES
    assert data.SeriesDescription == "livers"
    (referenced,) = data.ReferencedSeriesSequence
    assert referenced.SeriesInstanceUID == SERIES
    assert {one.ReferencedSOPInstanceUID for one in referenced.ReferencedInstanceSequence} == {
        pydicom.dcmread(file).SOPInstanceUID for file in source.files
    }


def _segments(path: Path, labels: LabelMap, **options: Any) -> list[pydicom.Dataset]:
    write_seg(path, labels, **options)
    return list(pydicom.dcmread(path).SegmentSequence)


def _named(tmp_path: Path, *names: str) -> LabelMap:
    labels = label_map(GRIDS["axial"], series(tmp_path / "s", GRIDS["axial"]), 7)
    segments = [
        Segment(number=7 + n, name=name, colour=(250, 20, 30)) for n, name in enumerate(names)
    ]
    return replace(labels, segments=tuple(segments))


def test_segments_are_coded_and_counted_from_one(tmp_path: Path) -> None:
    """Laterality is a modifier of the type, or of the region of a lesion; one is empty."""
    labels = _named(tmp_path, "Kidney L", "left kidney tumour", "Läppchen \\ 2")
    kidney, tumour, unknown = _segments(tmp_path / "seg.dcm", labels, model="vesal-mini")
    assert [one.SegmentNumber for one in (kidney, tumour, unknown)] == [1, 2, 3]
    assert [one.TrackingID.split()[0] for one in (kidney, tumour, unknown)] == ["7", "8", "9"]
    assert len({one.TrackingUID for one in (kidney, tumour, unknown)}) == 3
    (kind,) = kidney.SegmentedPropertyTypeCodeSequence
    assert (kind.CodeValue, kind.CodingSchemeDesignator) == ("64033007", "SCT")
    assert kind.SegmentedPropertyTypeModifierCodeSequence[0].CodeValue == "7771000"
    assert kidney.SegmentedPropertyCategoryCodeSequence[0].CodeValue == "91723000"
    assert tumour.SegmentedPropertyTypeCodeSequence[0].CodeValue == "108369006"
    (region,) = tumour.AnatomicRegionSequence
    assert region.CodeValue == "64033007"
    assert region.AnatomicRegionModifierSequence[0].CodeValue == "7771000"
    assert unknown.SegmentedPropertyTypeCodeSequence[0].CodeValue == "85756007"
    assert unknown.SegmentLabel == "Läppchen / 2"


def test_more_than_255_objects_are_counted(tmp_path: Path) -> None:
    """Most of them empty here; the numbers of the others still fit."""
    labels = label_map(GRIDS["odd"], series(tmp_path / "s", GRIDS["odd"]), 3, 9)
    more = [Segment(number=n, name=f"x {n}", colour=(1, 2, 3)) for n in range(300, 570)]
    labels = replace(labels, segments=(*more, *labels.segments))
    write_seg(tmp_path / "seg.dcm", labels)
    _check(tmp_path / "seg.dcm", labels)


def test_segments_say_how_they_were_drawn(tmp_path: Path) -> None:
    """Prompted masks are semi-automatic; the colour is CIELab."""
    (segment,) = _segments(tmp_path / "seg.dcm", _named(tmp_path, "liver"), model="vesal-mini")
    assert segment.SegmentAlgorithmType == "SEMIAUTOMATIC"
    (algorithm,) = segment.SegmentationAlgorithmIdentificationSequence
    assert algorithm.AlgorithmName == "vesal vesal-mini"
    assert algorithm.AlgorithmFamilyCodeSequence[0].CodeValue == "123110"
    # Lightness 0 to 100 and a*, b* -128 to 127 as 0 to 65535 (PS3.3 C.10.7.1.1).
    light, red, yellow = np.array(segment.RecommendedDisplayCIELabValue) / 65535
    lab = (light * 100, red * 255 - 128, yellow * 255 - 128)
    # skimage.color.rgb2lab([250, 20, 30]) under D50; 1 is the step of an 8-bit colour.
    np.testing.assert_allclose(lab, _lab_of((250, 20, 30)), atol=1.5)


def _lab_of(colour: tuple[int, int, int]) -> NDArray[np.float64]:
    from skimage.color import rgb2lab

    return np.asarray(rgb2lab(np.array(colour) / 255), np.float64)


def test_a_table_of_the_user_gives_the_codes(tmp_path: Path) -> None:
    """In place of vesal's own."""
    mine = Code(value="X1", meaning="Thing", scheme="99MINE")
    terms = Terms(entries={("liver",): Term(category=mine, kind=mine)})
    (segment,) = _segments(tmp_path / "seg.dcm", _named(tmp_path, "liver"), terms=terms)
    (kind,) = segment.SegmentedPropertyTypeCodeSequence
    assert (kind.CodeValue, kind.CodingSchemeDesignator) == ("X1", "99MINE")


@pytest.mark.parametrize("kind", KINDS)
def test_an_anonymised_series_is_enough(kind: str, tmp_path: Path) -> None:
    """Fields that must be there are written empty; what names the files stands in their heads."""
    source = series(tmp_path / "s", GRIDS["oblique"], **STRIPPED)
    labels = label_map(GRIDS["oblique"], source, 3, 9)
    write_seg(tmp_path / "seg.dcm", labels, kind=kind)
    np.testing.assert_array_equal(
        decoded(tmp_path / "seg.dcm", labels.grid), expected_segments(labels)
    )


def test_odd_last_digits_and_values_do_no_harm(tmp_path: Path) -> None:
    """Each slice has its own orientation in the sixth digit, and the sex is a word."""
    grid = GRIDS["axial"]
    source = series(tmp_path / "s", grid, PatientSex="MALE", SpacingBetweenSlices="1")
    for number, file in enumerate(source.files):
        change(file, ImageOrientationPatient=["1", f"{number}e-6", "0", "0", "1", "0"])
    labels = label_map(grid, source, 3, 9)
    write_seg(tmp_path / "seg.dcm", labels)
    _check(tmp_path / "seg.dcm", labels)
    shared = pydicom.dcmread(tmp_path / "seg.dcm").SharedFunctionalGroupsSequence[0]
    assert float(shared.PixelMeasuresSequence[0].SpacingBetweenSlices) == pytest.approx(2.5)


@pytest.mark.parametrize("case", ["series", "enhanced", "picture", "stripped"])
def test_dciodvfy_finds_no_error(case: str, tmp_path: Path) -> None:
    """The validator of dicom3tools; its release of 2022 does not know the label map object."""
    grid = RASTERS["pixels"] if case == "picture" else GRIDS["oblique"]
    source = {
        "series": lambda: series(tmp_path / "s", grid),
        "enhanced": lambda: enhanced(tmp_path / "e.dcm", grid, list(range(grid.shape[2]))),
        "picture": lambda: picture(tmp_path / "p.dcm", grid),
        "stripped": lambda: series(tmp_path / "s", grid, **STRIPPED),
    }[case]()
    labels = label_map(grid, source, 3, 9)
    segments = tuple(
        replace(one, name=name)
        for one, name in zip(labels.segments, ("left kidney", "Niere ö"), strict=True)
    )
    write_seg(tmp_path / "seg.dcm", replace(labels, segments=segments), description="Größe")
    assert errors_of(tmp_path / "seg.dcm") == []


def test_an_empty_map_is_refused_unless_allowed(tmp_path: Path) -> None:
    """A SEG of nothing is a mistake more often than a result."""
    labels = _named(tmp_path, "liver")
    empty = replace(labels, array=np.zeros_like(labels.array))
    with pytest.raises(ImageError, match="without any voxel of s is not written"):
        write_seg(tmp_path / "seg.dcm", empty)
    assert not (tmp_path / "seg.dcm").exists()
    write_seg(tmp_path / "seg.dcm", empty, allow_empty=True)
    assert not decoded(tmp_path / "seg.dcm", empty.grid).any()


def test_no_segment_is_refused(tmp_path: Path) -> None:
    """There is nothing to describe."""
    labels = _named(tmp_path, "liver")
    none = replace(labels, array=np.zeros_like(labels.array), segments=())
    with pytest.raises(ImageError, match="needs at least one segment"):
        write_seg(tmp_path / "seg.dcm", none, allow_empty=True)


def test_slices_of_a_few_pixels_are_refused(tmp_path: Path) -> None:
    """Highdicom would write them with wrong voxels."""
    grid = grid_of((7, 1, 3), np.diag([-1.0, -1, 1]), (1, 1, 1), (0, 0, 0))
    labels = label_map(grid, series(tmp_path / "s", grid), 1)
    with pytest.raises(ImageError, match="at least 8 pixels, got 7x1"):
        write_seg(tmp_path / "seg.dcm", labels)


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    """The words are DICOM's own."""
    with pytest.raises(ConfigError, match="BINARY or LABELMAP, got 'SURFACE'"):
        write_seg(tmp_path / "seg.dcm", _named(tmp_path, "liver"), kind="SURFACE")


@pytest.mark.parametrize("text", ["x" * 65, "two\nlines", "a\\b"])
def test_a_description_that_dicom_cannot_hold_is_refused(text: str, tmp_path: Path) -> None:
    """One line of 64 characters."""
    with pytest.raises(ConfigError, match="one line of at most 64 characters"):
        write_seg(tmp_path / "seg.dcm", _named(tmp_path, "liver"), description=text)


def test_without_highdicom_the_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in an extra."""
    labels = _named(tmp_path, "liver")
    monkeypatch.setitem(sys.modules, "highdicom", None)
    with pytest.raises(ResourceError, match=r"pip install 'vesal\[dicom\]'"):
        write_seg(tmp_path / "seg.dcm", labels)


def test_what_highdicom_refuses_is_said_without_the_patient(tmp_path: Path) -> None:
    """A study date that is none makes highdicom fail with the value in its text."""
    labels = _named(tmp_path, "liver")
    for file in labels.source.files:
        text = file.read_bytes()
        file.write_bytes(text.replace(b"20250102", b"Wiesel 9"))
    with pytest.raises(ImageError, match="highdicom refuses") as caught:
        write_seg(tmp_path / "seg.dcm", labels)
    assert "Wiesel" not in str(caught.value)
