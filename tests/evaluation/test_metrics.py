"""Tests of vesal.evaluation.metrics."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from vesal.arrays import MaskArray
from vesal.errors import ConfigError
from vesal.evaluation.metrics import dice, iou
from vesal.evaluation.surface import element_sizes, surface_dice

GOLDEN = Path(__file__).parent.parent / "golden"
MED2D: dict[str, Any] = json.loads((GOLDEN / "sam_med2d/losses.json").read_text())["metrics"]
MED3D: dict[str, Any] = json.loads((GOLDEN / "sam_med3d/geometry.json").read_text())
UNET: dict[str, Any] = json.loads((GOLDEN / "sam_unet/loss_metrics_boxes.json").read_text())
SURFACE: dict[str, Any] = json.loads((GOLDEN / "surface_distance/surface_dice.json").read_text())

shapes = arrays.array_shapes(min_dims=1, max_dims=3, max_side=5)
pairs = shapes.flatmap(
    lambda shape: st.tuples(arrays.arrays(np.bool_, shape), arrays.arrays(np.bool_, shape))
)


@settings(deadline=None)
@given(pair=pairs)
def test_dice_and_iou_are_what_the_formulas_say(pair: tuple[MaskArray, MaskArray]) -> None:
    """2 |A and B| / (|A| + |B|), and |A and B| / |A or B|, voxel by voxel; the same both ways."""
    first, second = (set(np.flatnonzero(mask).tolist()) for mask in pair)
    sizes = len(first) + len(second)
    expected = 2 * len(first & second) / sizes if sizes else 1.0
    assert dice(*pair) == pytest.approx(expected, abs=1e-12)
    assert dice(*pair) == dice(pair[1], pair[0])
    union = len(first | second)
    assert iou(*pair) == pytest.approx(len(first & second) / union if union else 1.0, abs=1e-12)
    assert iou(*pair) == iou(pair[1], pair[0])


@settings(deadline=None)
@given(mask=shapes.flatmap(lambda shape: arrays.arrays(np.bool_, shape)))
def test_a_mask_agrees_with_itself_and_not_with_the_rest(mask: MaskArray) -> None:
    """1 with itself, 0 with its complement."""
    assert dice(mask, mask) == iou(mask, mask) == 1
    assert dice(mask, ~mask) == iou(mask, ~mask) == 0


def test_one_empty_mask_agrees_with_nothing_and_two_with_each_other() -> None:
    """Finding nothing where there is nothing is right."""
    empty, full = np.zeros((3, 4), np.bool_), np.ones((3, 4), np.bool_)
    assert dice(empty, empty) == iou(empty, empty) == 1
    assert dice(empty, full) == dice(full, empty) == iou(empty, full) == iou(full, empty) == 0
    assert surface_dice(empty, empty, (1.0, 1.0), 1.0) == 1
    assert surface_dice(empty, full, (1.0, 1.0), 9.0) == 0
    assert surface_dice(full, empty, (1.0, 1.0), 9.0) == 0


# the published code adds 1e-7 to counts of at least 10 and computes in float32
PUBLISHED = 1e-6


def test_dice_and_iou_are_those_of_sam_med2d() -> None:
    """Mask for mask; its mean over a batch is the mean of these."""
    logits = np.random.default_rng(0).standard_normal((4, 1, 32, 32)) * 2
    target = np.random.default_rng(1).random((4, 1, 32, 32)) < 0.3
    pairs = list(zip(logits > 0, target, strict=True))
    ious, dices = [iou(*pair) for pair in pairs], [dice(*pair) for pair in pairs]
    assert ious == pytest.approx(MED2D["iou"], abs=PUBLISHED)
    assert dices == pytest.approx(MED2D["dice"], abs=PUBLISHED)
    assert [np.mean(ious), np.mean(dices)] == pytest.approx(MED2D["segmetrics"], abs=PUBLISHED)
    empty = np.zeros_like(target)
    assert [dice(*p) for p in zip(empty, target, strict=True)] == pytest.approx(
        MED2D["empty_pred_dice"], abs=PUBLISHED
    )
    assert [iou(*p) for p in zip(empty, target, strict=True)] == pytest.approx(
        MED2D["zeros_pred_iou"], abs=PUBLISHED
    )
    assert [iou(*p) for p in zip(empty, empty, strict=True)] == MED2D["empty_both_iou"]


def test_without_a_negative_logit_the_published_code_takes_them_for_probabilities() -> None:
    """A flaw of SAM-Med2D's metric: it then cuts at 0.5; its number is that of another mask."""
    logits = np.abs(np.random.default_rng(0).standard_normal((4, 1, 32, 32)) * 2)
    target = np.random.default_rng(1).random((4, 1, 32, 32)) < 0.3
    flawed = [iou(*pair) for pair in zip(logits > 0.5, target, strict=True)]
    assert flawed == pytest.approx(MED2D["nonneg_logits_iou"], abs=PUBLISHED)
    right = [iou(*pair) for pair in zip(logits > 0, target, strict=True)]
    assert right == pytest.approx(target.mean(axis=(1, 2, 3)).tolist())


def test_dice_and_iou_are_those_of_sam_unet() -> None:
    """Mask for mask."""
    arrays_ = np.load(GOLDEN / "sam_unet/loss.npz")
    masks, targets = arrays_["pred"] > 0, arrays_["mask"] > 0
    pairs = list(zip(masks, targets, strict=True))
    for form in ("from_logits", "bool"):
        per_item = "per_item_" if form == "from_logits" else ""
        for name, metric in (("iou", iou), ("dice", dice)):
            expected = UNET[f"metric_{name}_{per_item}{form}"]
            assert [metric(*p) for p in pairs] == pytest.approx(expected, abs=PUBLISHED)
            for case, found in (("empty_gt_bool", masks), ("both_empty", targets & ~targets)):
                values = [metric(m, np.zeros_like(m)) for m in found]
                assert values == pytest.approx(UNET[f"metric_{case}"][name], abs=PUBLISHED)


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
@given(pair=pairs.filter(lambda pair: pair[0].ndim > 1), tolerance=st.floats(0, 9))
def test_surface_dice_is_the_same_both_ways_and_grows_with_the_tolerance(
    pair: tuple[MaskArray, MaskArray], tolerance: float
) -> None:
    """Between 0 and 1, and 1 where the tolerance is as long as the array's diagonal."""
    spacing = (0.5, 2.0, 1.5)[: pair[0].ndim]
    found = surface_dice(*pair, spacing, tolerance)
    assert 0 <= found <= 1
    assert found == pytest.approx(surface_dice(pair[1], pair[0], spacing, tolerance))
    assert found <= surface_dice(*pair, spacing, tolerance + 1.0)
    one_empty = pair[0].any() != pair[1].any()
    assert surface_dice(*pair, spacing, 99.0) == (0 if one_empty else 1)
    assert surface_dice(pair[0], pair[0], spacing, 0.0) == 1


def test_only_surfaces_are_measured_and_only_with_a_tolerance() -> None:
    """One sentence for masks of one axis, and for a tolerance below 0 or none at all."""
    row, square = np.ones(4, np.bool_), np.ones((4, 4), np.bool_)
    with pytest.raises(ConfigError, match=r"2 or 3 axes, got masks of shape \(4,\)"):
        surface_dice(row, row, (1.0,), 1.0)
    for wrong in (-0.5, float("nan")):
        with pytest.raises(ConfigError, match="must be 0 mm or more"):
            surface_dice(square, square, (1.0, 1.0), wrong)
