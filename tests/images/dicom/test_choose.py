"""Tests of vesal.images.dicom.choose: which series of a folder is meant."""

from pathlib import Path

import numpy as np
import pytest

from tests.dicom_series import (
    Series,
    image,
    save,
    write_capture,
    write_localizer,
    write_object,
    write_series,
)
from vesal.errors import ImageError
from vesal.images import open_image
from vesal.images.read import list_series


@pytest.fixture
def study(tmp_path: Path) -> tuple[Path, Series, Series]:
    """Two series in folders of their own, and what a scanner leaves beside them."""
    lung = write_series(
        tmp_path / "st" / "b" / "lung", uid="1.2.826.10.77", SeriesDescription="Thorax LUNG",
        SeriesNumber=4, seed=1,
    )  # fmt: skip
    soft = write_series(
        tmp_path / "st" / "a", uid="1.2.826.11.88", SeriesDescription="Thorax soft",
        SeriesNumber=5, slices=8,
    )  # fmt: skip
    write_localizer(tmp_path / "st" / "a", SeriesNumber=1)
    write_object(tmp_path / "st", "report", "SR")
    write_object(tmp_path / "st", "state", "PR")
    write_capture(tmp_path / "st")
    return tmp_path / "st", lung, soft


def test_the_list_has_volumes_first_and_each_with_its_facts(
    study: tuple[Path, Series, Series],
) -> None:
    """By the scanner's number of the series; reports are no choice."""
    lines = list_series(study[0])
    assert [line.number for line in lines] == [1, 2, 3, 4]
    assert [line.kind for line in lines] == ["volume", "volume", "localizer", "picture"]
    assert [line.slices for line in lines] == [12, 8, 1, 1]
    assert lines[0].uid == "1.2.826.10.77"
    assert lines[0].label == "Thorax LUNG, CT (12 slices)"
    assert lines[2].label == "Topogram, CT (a localizer)"
    assert (lines[0].columns, lines[0].rows, lines[0].modality) == (9, 7, "CT")


@pytest.mark.parametrize(
    "series",
    [1, "1", "1.2.826.10.77", "1.2.826.10", "10.77", "77", "lung", "thorax LUNG", " Lung "],
)
def test_a_series_is_chosen_in_many_ways(
    series: int | str, study: tuple[Path, Series, Series]
) -> None:
    """Number, UID, its beginning or end, a part of the description in any case."""
    folder, lung, _ = study
    found = open_image(folder, series=series)
    np.testing.assert_array_equal(found.array, lung.volume)
    assert found.source.series_uid == lung.uid
    assert found.source.files == lung.files


@pytest.mark.parametrize(
    ("series", "words"),
    [
        (None, "holds 2 series, choose one by number"),
        ("thorax", "holds 2 series that 'thorax' may mean"),
        ("1.2.826.1", "holds 2 series that '1.2.826.1' may mean"),
        ("brain", "holds no series 'brain'"),
        ("", "holds no series ''"),
        (0, "holds no series 0"),
        (5, "holds no series 5"),
        (-1, "holds no series -1"),
    ],
)
def test_an_unclear_choice_is_answered_with_the_list(
    series: int | str | None, words: str, study: tuple[Path, Series, Series]
) -> None:
    """In one sentence that says how to choose, and names no patient."""
    with pytest.raises(ImageError) as caught:
        open_image(study[0], series=series)
    said = str(caught.value)
    assert words in said
    assert "(series=1 in Python, --series 1 in the shell)" in said
    assert "1: Thorax LUNG, CT (12 slices); 2: Thorax soft, CT (8 slices)" in said
    assert "\n" not in said
    assert "Doe" not in said
    assert "P-17" not in said


def test_the_whole_description_goes_before_a_part_of_another(tmp_path: Path) -> None:
    """The name of one begins the other's."""
    write_series(tmp_path / "a", SeriesDescription="Thorax")
    write_series(tmp_path / "b", SeriesDescription="Thorax thin", slices=5)
    assert open_image(tmp_path, series="thorax").grid.shape[2] == 12


def test_the_only_volume_is_taken_and_the_rest_is_noted(
    study: tuple[Path, Series, Series],
) -> None:
    """What was left out, and why."""
    folder, _, soft = study
    for path in soft.files:
        path.unlink()
    found = open_image(folder)
    assert found.grid.shape[2] == 12
    assert set(found.source.notes) == {
        "left out: Topogram, CT (a localizer)",
        "left out: Phantom, OT (a picture)",
        "left out: a report (SR), 1 file",
        "left out: a presentation state (PR), 1 file",
    }


def test_a_localizer_or_a_picture_can_be_chosen(study: tuple[Path, Series, Series]) -> None:
    """They are only never taken unasked."""
    assert open_image(study[0], series="topogram").grid.shape == (20, 30, 1)
    assert open_image(study[0], series=4).is_colour


def test_a_file_alone_is_opened_without_a_choice(study: tuple[Path, Series, Series]) -> None:
    """Also a localizer: the user has named it."""
    assert open_image(study[0] / "a" / "scout").grid.shape == (20, 30, 1)


def test_a_long_list_is_cut(tmp_path: Path) -> None:
    """A screen is enough."""
    for n in range(25):
        write_series(tmp_path / f"s{n:02d}", slices=1)
    with pytest.raises(ImageError, match="holds 25 series") as caught:
        open_image(tmp_path)
    assert str(caught.value).endswith("and 5 more")


def test_series_of_several_patients_are_numbered_and_not_named(tmp_path: Path) -> None:
    """Whose they are is nobody's business; that they are of two people is."""
    write_series(tmp_path / "a", SeriesNumber=1)
    write_series(tmp_path / "b", SeriesNumber=2, PatientID="Q-99", PatientName="Roe^Joe")
    assert [line.patient for line in list_series(tmp_path)] == [1, 2]
    with pytest.raises(ImageError) as caught:
        open_image(tmp_path)
    for name in ("Doe", "Roe", "P-17", "Q-99"):
        assert name not in str(caught.value)
    assert open_image(tmp_path, series=2).grid.shape[2] == 12


@pytest.mark.parametrize("other", ["Q-99", ""])
def test_a_series_of_mixed_patients_is_refused(
    other: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Slices of two people make no volume, even under one UID; nobody is named anywhere."""
    write_series(tmp_path, slices=6, uid="1.2.9")
    write_series(
        tmp_path, slices=6, uid="1.2.9", prefix="X", PatientID=other, PatientName="Roe^Joe"
    )
    with pytest.raises(ImageError, match="mixes the slices of 2 patients") as caught:
        open_image(tmp_path)
    for name in ("Doe", "Roe", "P-17", "Q-99"):
        assert name not in str(caught.value) + caplog.text + repr(list_series(tmp_path))


def test_an_identity_that_only_differs_in_padding_is_one_patient(tmp_path: Path) -> None:
    """Elements are of even length, filled by a blank; some fill by zero bytes."""
    write_series(tmp_path, slices=6, PatientID=lambda k: "P-1" if k % 2 else "P-1  ")
    assert open_image(tmp_path).grid.shape[2] == 6


def test_missing_patient_fields_do_not_matter(tmp_path: Path) -> None:
    """Anonymisers take them out."""
    series = write_series(
        tmp_path, PatientID=None, PatientName=None, PatientBirthDate=None, StudyID=None
    )
    np.testing.assert_array_equal(open_image(tmp_path).array, series.volume)


def test_pictures_of_one_series_are_told_apart_by_file(tmp_path: Path) -> None:
    """Two radiographs are two images, whatever their UID."""
    for name in ("front", "side"):
        save(image(np.zeros((6, 4), np.uint16), uid="1.2.3"), tmp_path / name, Modality="CR")
    with pytest.raises(ImageError, match=r"front, CR \(a picture\); 2: Phantom, side"):
        open_image(tmp_path)
    assert open_image(tmp_path, series="side").source.files == (tmp_path / "side",)
