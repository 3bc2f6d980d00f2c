"""Tests of vesal.images.dicom.stack: what makes a grid, and what is refused in words."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.dicom_series import change, ds, write_series
from vesal.errors import GeometryError, ImageError, InputError
from vesal.images import open_image


def refused(path: Path, error: type[InputError] = ImageError) -> str:
    """The sentence with which a path is refused."""
    with pytest.raises(error) as caught:
        open_image(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_missing_slices_are_counted_and_placed(tmp_path: Path) -> None:
    """In mm and by the names of their neighbours; the volume is never stretched."""
    series = write_series(tmp_path / "s", missing=(4, 5, 9))
    said = refused(tmp_path / "s")
    assert "misses 3 slices: slices lie 2.500 mm apart" in said
    assert "between 119.50 and 127.00 mm" in said
    assert "between 119.50 and 127.00 mm (IM1003, IM0906), 132.00 and 137.00 mm" in said
    assert series.files[3].name == "IM1003"


def test_many_gaps_are_not_all_named(tmp_path: Path) -> None:
    """Three say enough."""
    write_series(tmp_path / "s", slices=20, missing=(3, 6, 9, 12, 15))
    said = refused(tmp_path / "s")
    assert "misses 5 slices" in said
    assert "in 2 more places" in said
    assert said.count("IM") == 6


def test_a_slice_out_of_step_is_named(tmp_path: Path) -> None:
    """0.8 mm too far is neither a missing slice nor even."""
    write_series(tmp_path / "s", uneven_mm={5: 0.8})
    said = refused(tmp_path / "s")
    assert "distances from 1.700 to 3.300 mm" in said
    assert "IM0205" in said


@pytest.mark.parametrize(("off_mm", "right"), [(0.02, True), (0.03, False)])
def test_rounded_positions_are_even_up_to_one_per_cent(
    off_mm: float, right: bool, tmp_path: Path
) -> None:
    """Of a distance of 2.5 mm."""
    write_series(tmp_path / "s", uneven_mm={5: off_mm})
    if right:
        assert open_image(tmp_path / "s").grid.shape[2] == 12
    else:
        refused(tmp_path / "s")


def test_thin_slices_are_even_up_to_a_hundredth_of_a_millimetre(tmp_path: Path) -> None:
    """Positions with two decimals are common."""
    write_series(tmp_path / "s", spacing_mm=(0.2, 0.2, 0.2), uneven_mm={5: 0.008})
    assert open_image(tmp_path / "s").grid.shape[2] == 12


def test_slices_that_wander_are_refused(tmp_path: Path) -> None:
    """Even along the normal, but not on a line: no affine can hold them."""
    series = write_series(tmp_path / "s")
    change(series.files[4], ImagePositionPatient=ds([-40.5, 36.25, 122]))
    assert "one straight line, got one 3.000 mm beside it" in refused(tmp_path / "s")


@pytest.mark.parametrize(
    ("directions", "words"),
    [
        ([1, 0, 0, 1, 0, 0], "right angles"),
        ([1, 0, 0, 0, 0.5, 0], "length 1"),
        ([1, 0, 0, 0.1, 0.995, 0], "right angles"),
    ],
)
def test_directions_must_be_those_of_a_picture(
    directions: list[float], words: str, tmp_path: Path
) -> None:
    """At right angles and of length 1, within rounding."""
    write_series(tmp_path / "s", ImageOrientationPatient=directions)
    assert words in refused(tmp_path / "s", GeometryError)


@pytest.mark.parametrize(
    ("fields", "spacing", "words"),
    [
        ({"SpacingBetweenSlices": "3.5"}, 3.5, "3.5 mm across is its SpacingBetweenSlices"),
        ({"SpacingBetweenSlices": "-3.5"}, 3.5, "SpacingBetweenSlices"),
        ({"SpacingBetweenSlices": "0"}, 4.0, "4 mm across is its SliceThickness"),
        ({}, 4.0, "4 mm across is its SliceThickness"),
        ({"SliceThickness": None}, 1.0, "set to 1 mm"),
        ({"SliceThickness": ""}, 1.0, "set to 1 mm"),
    ],
)
def test_one_slice_says_where_its_spacing_is_from(
    fields: dict[str, Any], spacing: float, words: str, tmp_path: Path
) -> None:
    """Its neighbour's distance cannot be measured."""
    write_series(tmp_path / "s", slices=1, **fields)
    image = open_image(tmp_path / "s")
    assert image.grid.spacing_mm[2] == pytest.approx(spacing)
    (note,) = image.source.notes
    assert words in note


def test_what_the_scanner_says_of_its_tilt_is_passed_on(tmp_path: Path) -> None:
    """The angle is measured; the header's own is beside it."""
    write_series(tmp_path / "s", tilt_degrees=15.0, GantryDetectorTilt="-15")
    (note,) = open_image(tmp_path / "s").source.notes
    assert "15.00 degrees (GantryDetectorTilt says -15)" in note


def test_a_hair_of_tilt_is_not_worth_a_word(tmp_path: Path) -> None:
    """Below a tenth of a degree; the affine has it all the same."""
    series = write_series(tmp_path / "s", tilt_degrees=0.08)
    image = open_image(tmp_path / "s")
    assert image.source.notes == ()
    np.testing.assert_allclose(image.grid.affine, series.affine_ras, atol=1e-6)
