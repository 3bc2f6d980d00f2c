"""Tests of vesal.evaluation.metrics."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from vesal.arrays import MaskArray
from vesal.evaluation.metrics import dice, iou, volume_error

GOLDEN = Path(__file__).parent.parent / "golden"
MED2D: dict[str, Any] = json.loads((GOLDEN / "sam_med2d/losses.json").read_text())["metrics"]
UNET: dict[str, Any] = json.loads((GOLDEN / "sam_unet/loss_metrics_boxes.json").read_text())

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


@settings(deadline=None)
@given(pair=pairs)
def test_the_volume_error_is_signed_and_relative_to_the_truth(
    pair: tuple[MaskArray, MaskArray],
) -> None:
    """Found over true less 1; nothing against nothing is right, anything against it infinite."""
    found, true = (int(mask.sum()) for mask in pair)
    if true:
        assert volume_error(*pair) == pytest.approx(found / true - 1, abs=1e-12)
    else:
        assert volume_error(*pair) == (math.inf if found else 0)


@settings(deadline=None)
@given(pair=pairs, scale=st.integers(1, 3), axis=st.integers(0, 2))
def test_counting_metrics_do_not_care_how_voxels_lie(
    pair: tuple[MaskArray, MaskArray], scale: int, axis: int
) -> None:
    """Turned over, with its axes exchanged or each voxel repeated: the same numbers."""
    along = axis % pair[0].ndim
    changed = [np.flip(m, along).T.repeat(scale, axis=0) for m in pair]
    for metric in (dice, iou, volume_error):
        assert metric(changed[0], changed[1]) == pytest.approx(metric(*pair), abs=1e-12)
