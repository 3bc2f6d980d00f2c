"""Tests of vesal.evaluation.surface: DeepMind's own numbers, and how borders are weighed."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from tests.evaluation.pairs import AWKWARD, Spacing, mask_pairs
from vesal.arrays import MaskArray
from vesal.errors import ConfigError
from vesal.evaluation.metrics import dice
from vesal.evaluation.surface import element_sizes, surface_dice

GOLDEN = Path(__file__).parent.parent / "golden"
MED3D: dict[str, Any] = json.loads((GOLDEN / "sam_med3d/geometry.json").read_text())
SURFACE: dict[str, Any] = json.loads((GOLDEN / "surface_distance/surface_dice.json").read_text())


def med3d_labels() -> np.ndarray:
    """The label map of SAM-Med3D's geometry goldens, `made` there."""
    i, j, k = np.mgrid[:40, :36, :14]
    labels = np.where(((i - 14) / 6) ** 2 + ((j - 20) / 8) ** 2 + ((k - 5) / 3) ** 2 <= 1, 2, 0)
    labels[30:36, 4:9, 8:12] = 1
    return labels


def test_dice_and_surface_dice_are_those_of_sam_med3d() -> None:
    """Two labels, one of them missed, at each tolerance."""
    labels = med3d_labels()
    guess = np.roll(labels, 2, axis=0)
    guess[guess == 1] = 0
    spacing = tuple(MED3D["made"]["spacing"])
    for label, expected in MED3D["metrics"].items():
        mask, truth = guess == int(label), labels == int(label)
        assert dice(mask, truth) == pytest.approx(expected["dsc"], abs=1e-12)
        # spacing went through a float32 header there
        found = surface_dice(mask, truth, spacing, 1.0)
        assert found == pytest.approx(expected["nsd"], abs=1e-8)
    for tolerance, expected in MED3D["nsd_label2_by_tolerance_mm"].items():
        found = surface_dice(guess == 2, labels == 2, spacing, float(tolerance))
        assert found == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("case", SURFACE["cases"], ids=lambda case: str(case["shape"]))
def test_surface_dice_is_that_of_the_reference_at_borders_and_corners(case: dict[str, Any]) -> None:
    """Speckle with every kind of corner, faces of the array, a slab of one slice, and 2D."""
    rng = np.random.default_rng(case["seed"])
    shape = tuple(case["shape"])
    truth = rng.random(shape) < case["share"]
    mask = np.roll(truth, 2, -1) & (rng.random(shape) < 0.9)
    for tolerance, expected in case["nsd"].items():
        found = surface_dice(mask, truth, tuple(case["spacing_mm"]), float(tolerance))
        assert found == pytest.approx(expected, abs=1e-9), tolerance


def test_each_kind_of_cell_weighs_as_in_the_reference() -> None:
    """Its two tables, all 256 areas and 16 lengths; scaled cells have scaled borders."""
    spacing = tuple(SURFACE["spacing_mm"])
    np.testing.assert_allclose(element_sizes(spacing), SURFACE["areas_mm2"], atol=1e-9)
    np.testing.assert_allclose(element_sizes(spacing[:2]), SURFACE["lengths_mm"], atol=1e-9)
    doubled = tuple(2 * s for s in spacing)
    np.testing.assert_allclose(element_sizes(doubled), 4 * element_sizes(spacing))


@settings(deadline=None)
@given(drawn=mask_pairs(), tolerance=st.floats(0, 9))
def test_surface_dice_is_the_same_both_ways_and_grows_with_the_tolerance(
    drawn: tuple[MaskArray, MaskArray, Spacing], tolerance: float
) -> None:
    """Between 0 and 1, and 1 where the tolerance is as long as the array's diagonal."""
    mask, truth, spacing = drawn
    found = surface_dice(mask, truth, spacing, tolerance)
    assert 0 <= found <= 1
    assert found == pytest.approx(surface_dice(truth, mask, spacing, tolerance))
    assert found <= surface_dice(mask, truth, spacing, tolerance + 1.0)
    one_empty = mask.any() != truth.any()
    assert surface_dice(mask, truth, spacing, 99.0) == (0 if one_empty else 1)
    assert surface_dice(mask, mask, spacing, 0.0) == 1


def by_transform(mask: MaskArray, truth: MaskArray, spacing: Spacing, tolerance_mm: float) -> float:
    """Surface Dice by SciPy's distances over the whole array, in double precision."""
    framed = [np.pad(m, 1).astype(int) for m in (mask, truth)]
    corners = [slice(None, -1), slice(1, None)]
    codes = [
        sum(f[c] << i for i, c in enumerate(itertools.product(corners, repeat=mask.ndim)))
        for f in framed
    ]
    near = whole = 0.0
    for own, other in (codes, codes[::-1]):
        sizes = element_sizes(spacing)[own]
        empty = np.isin(other, (0, 2**2**mask.ndim - 1))
        away = ndimage.distance_transform_edt(empty, sampling=spacing)
        near += float(sizes[away <= tolerance_mm + 1e-9].sum())
        whole += float(sizes.sum())
    return near / whole


@pytest.mark.parametrize("name", AWKWARD)
@pytest.mark.parametrize("tolerance_mm", [0.0, 0.7, 2.0])
def test_surface_dice_is_that_of_a_transform_of_the_whole_array(
    name: str, tolerance_mm: float
) -> None:
    """However the distances are found, and for pairs that touch, miss or enclose each other."""
    mask, truth, spacing = AWKWARD[name]
    expected = by_transform(mask, truth, spacing, tolerance_mm)
    assert surface_dice(mask, truth, spacing, tolerance_mm) == pytest.approx(expected, abs=1e-12)


def test_a_distance_that_is_the_tolerance_but_for_rounding_is_within_it() -> None:
    """Three steps of 0.1 mm are 0.30000000000000004 mm to a computer."""
    mask = np.zeros((12, 12), np.bool_)
    mask[2:6, 2:6] = True
    truth = np.zeros_like(mask)
    truth[2:6, 2:9] = True
    assert surface_dice(mask, truth, (0.1, 0.1), 0.3) == 1
    assert surface_dice(mask, truth, (0.1, 0.1), 0.2999) < 1


def test_one_empty_mask_has_no_surface_in_common_and_two_have_all() -> None:
    """Finding nothing where there is nothing is right."""
    empty, full = np.zeros((3, 4), np.bool_), np.ones((3, 4), np.bool_)
    assert surface_dice(empty, empty, (1.0, 1.0), 1.0) == 1
    assert surface_dice(empty, full, (1.0, 1.0), 9.0) == 0
    assert surface_dice(full, empty, (1.0, 1.0), 9.0) == 0


def test_only_surfaces_are_measured_and_only_with_a_tolerance() -> None:
    """One sentence for masks of one axis, and for a tolerance below 0 or none at all."""
    row, square = np.ones(4, np.bool_), np.ones((4, 4), np.bool_)
    with pytest.raises(ConfigError, match=r"2 or 3 axes, got masks of shape \(4,\)"):
        surface_dice(row, row, (1.0,), 1.0)
    for wrong in (-0.5, float("nan")):
        with pytest.raises(ConfigError, match="must be 0 mm or more"):
            surface_dice(square, square, (1.0, 1.0), wrong)
