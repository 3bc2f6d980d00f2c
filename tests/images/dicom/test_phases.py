"""Tests of vesal.images.dicom.phases: images that lie on one another."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.dicom_series import Series, change, repeat, write_series
from vesal.errors import ImageError
from vesal.images import open_image
from vesal.images.read import list_series


def test_copies_of_slices_are_left_out_and_counted(tmp_path: Path) -> None:
    """Equal pixels at one place are one slice."""
    series = write_series(tmp_path / "s")
    for k in (2, 7):
        repeat(series.files[k], f"copy{k}")
    image = open_image(tmp_path / "s")
    np.testing.assert_array_equal(image.array, series.volume)
    assert "left out: 2 copies of slices" in image.source.notes
    np.testing.assert_allclose(image.grid.affine, series.affine_ras, atol=1e-6)
    assert len(image.source.files) == 12


def test_a_whole_series_sent_twice_is_one(tmp_path: Path) -> None:
    """Even if it was sent at another time, and the content was written anew."""
    series = write_series(tmp_path / "s", ContentTime=lambda k: f"1011{k:02d}")
    for k, path in enumerate(series.files):
        repeat(path, f"copy{k}", ContentTime=f"1211{k:02d}")
    image = open_image(tmp_path / "s")
    np.testing.assert_array_equal(image.array, series.volume)
    assert "left out: 12 copies of slices" in image.source.notes


def test_different_images_at_one_place_are_refused(tmp_path: Path) -> None:
    """Nothing says which one is right; both are named."""
    series = write_series(tmp_path / "s")
    repeat(series.files[3], "other", add=5)
    with pytest.raises(ImageError, match="2 different images lie at one place") as caught:
        open_image(tmp_path / "s")
    assert "IM1003" in str(caught.value)
    assert "other" in str(caught.value)


def _phases(folder: Path, fields: list[dict[str, Any]]) -> list[Series]:
    return [
        write_series(folder, slices=5, seed=n, uid="1.2.7", prefix=f"P{n}-", **given)
        for n, given in enumerate(fields)
    ]


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ([{"EchoTime": "80"}, {"EchoTime": "9.5"}], ["echo time 9.5", "echo time 80"]),
        (
            [{"DiffusionBValue": 1000.0}, {"DiffusionBValue": 0.0}],
            ["b-value 0.0", "b-value 1000.0"],
        ),
        ([{"AcquisitionNumber": 2}, {"AcquisitionNumber": 1}], ["acquisition 1", "acquisition 2"]),
        (
            [{"TemporalPositionIdentifier": n} for n in (2, 10, 1)],
            ["time point 1", "time point 2", "time point 10"],
        ),
        (
            [{"ImageType": ["ORIGINAL", "PRIMARY", kind]} for kind in ("PHASE", "M")],
            ["image type ORIGINAL/PRIMARY/M", "image type ORIGINAL/PRIMARY/PHASE"],
        ),
        ([{"TriggerTime": "300"}, {}], ["trigger time none", "trigger time 300"]),
    ],
)
def test_phases_are_listed_and_each_is_one_volume(
    fields: list[dict[str, Any]], names: list[str], tmp_path: Path
) -> None:
    """By the one thing in the headers that makes complete volumes of them."""
    written = _phases(tmp_path / "s", fields)
    lines = list_series(tmp_path / "s")
    assert [line.part for line in lines] == names
    with pytest.raises(ImageError, match=f"holds {len(names)} series"):
        open_image(tmp_path / "s")
    found = [open_image(tmp_path / "s", series=n + 1) for n in range(len(names))]
    for series in written:
        assert sum(np.array_equal(image.array, series.volume) for image in found) == 1


def test_two_things_together_tell_phases_apart(tmp_path: Path) -> None:
    """Two echoes, each as magnitude and phase."""
    fields = [
        {"EchoTime": echo, "ImageType": ["ORIGINAL", "PRIMARY", kind]}
        for echo in ("5", "9")
        for kind in ("M", "P")
    ]
    _phases(tmp_path / "s", fields)
    parts = [line.part for line in list_series(tmp_path / "s")]
    assert parts[1] == "echo time 5, image type ORIGINAL/PRIMARY/P"
    assert len(parts) == 4
    assert open_image(tmp_path / "s", series=parts[3]).grid.shape == (9, 7, 5)


def test_phases_of_a_heart_are_told_by_the_order_of_their_times(tmp_path: Path) -> None:
    """Each slice has trigger times of its own."""
    written = _phases(
        tmp_path / "s",
        [{"TriggerTime": lambda k, n=n: str(300 * n + 7 * k + 1)} for n in range(3)],
    )
    for n, series in enumerate(written):
        image = open_image(tmp_path / "s", series=f"{n + 1} of 3 by trigger time")
        np.testing.assert_array_equal(image.array, series.volume)


def test_copies_among_phases_are_left_out_first(tmp_path: Path) -> None:
    """They would make one phase longer than the others."""
    first, _ = _phases(tmp_path / "s", [{"EchoTime": "5"}, {"EchoTime": "9"}])
    repeat(first.files[2], "copy")
    image = open_image(tmp_path / "s", series="echo time 5")
    np.testing.assert_array_equal(image.array, first.volume)
    assert "left out: 1 copy of a slice" in image.source.notes


def test_phases_of_unequal_length_are_refused(tmp_path: Path) -> None:
    """One lacks a slice: no choice would be a whole volume."""
    _, second = _phases(tmp_path / "s", [{"EchoTime": "5"}, {"EchoTime": "9"}])
    second.files[2].unlink()
    with pytest.raises(ImageError, match="nothing in the headers sorts all"):
        open_image(tmp_path / "s")


def test_times_that_are_not_in_all_slices_tell_nothing(tmp_path: Path) -> None:
    """An order with gaps would be a guess."""
    _, second = _phases(
        tmp_path / "s", [{"TriggerTime": lambda k, n=n: str(99 * n + k)} for n in range(2)]
    )
    change(second.files[2], TriggerTime=None)
    with pytest.raises(ImageError, match="nothing in the headers"):
        open_image(tmp_path / "s")
