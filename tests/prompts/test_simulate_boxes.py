"""Tests of vesal.prompts.simulate_boxes, against the boxes of the published code."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage

from vesal.arrays import MaskArray
from vesal.errors import ConfigError
from vesal.prompts.simulate import LegacyDraws, Voxel
from vesal.prompts.simulate_boxes import (
    IndexBox,
    component_boxes,
    largest_shift,
    outward_box,
    shifted_box,
    sloppy_box,
    tight_box,
)

GOLDEN = Path(__file__).parent.parent / "golden"
MED2D: dict[str, Any] = json.loads((GOLDEN / "sam_med2d/prompt_simulation.json").read_text())
UNET: dict[str, Any] = json.loads((GOLDEN / "sam_unet/loss_metrics_boxes.json").read_text())


def as_xyxy(box: IndexBox) -> list[float]:
    """The box as the papers write it: x0, y0, x1, y1, the last two one past the end."""
    return [float(i) for corner in box for i in corner[::-1]]


@pytest.mark.parametrize("count", [1, 3, 5])
def test_boxes_round_pieces_are_those_of_sam_med2d(count: int) -> None:
    """The largest first, equal ones in C order; too few are used again; diagonal pixels hold."""
    mask = np.zeros((64, 64), np.bool_)
    mask[5:15, 10:30] = mask[40:60, 40:50] = mask[20, 20] = mask[21, 21] = True
    boxes = [as_xyxy(box) for box in component_boxes(mask, count)]
    assert boxes == MED2D["two_equal_components_box"][f"box_num{count}"]


def test_the_box_is_that_of_sam_unet() -> None:
    """Of the piece that a diagonal pixel makes larger, and of a single pixel."""
    mask = np.zeros((40, 60), np.bool_)
    mask[5:12, 10:30] = mask[20:38, 33:57] = mask[19, 32] = True
    assert [as_xyxy(box) for box in component_boxes(mask)] == UNET["box_two_components"]
    pixel = np.zeros((20, 20), np.bool_)
    pixel[7, 9] = True
    (box,) = component_boxes(pixel)
    assert [as_xyxy(box)] == UNET["box_single_pixel"]
    assert shifted_box(box, np.random.default_rng(0)) == box


def test_an_empty_mask_has_no_box() -> None:
    """The published code divides by zero."""
    assert component_boxes(np.zeros((5, 6, 7), np.bool_), 3) == ()
    assert "ZeroDivisionError" in MED2D["box_of_empty"]


@settings(deadline=None)
@given(mask=arrays.arrays(np.bool_, st.sampled_from([(7, 9), (4, 5, 6)])), count=st.integers(1, 4))
def test_boxes_fit_the_pieces_that_scipy_finds(mask: MaskArray, count: int) -> None:
    """Tight, in 2D and 3D, none smaller than one that is left out."""
    labels, found = ndimage.label(mask, np.ones((3,) * mask.ndim))
    boxes = {
        tuple((s.start, s.stop) for s in side): int((labels[side] == i + 1).sum())
        for i, side in enumerate(ndimage.find_objects(labels))
    }
    made = [tuple(zip(*box, strict=True)) for box in component_boxes(mask, count)]
    assert len(made) == (count if found else 0)
    assert all(box in boxes for box in made)
    if 0 < count <= found:
        sizes = sorted((int((labels == i + 1).sum()) for i in range(found)), reverse=True)
        tight = [int(mask[tuple(slice(*side) for side in box)].sum()) for box in made]
        assert all(inside >= size for inside, size in zip(tight, sizes, strict=False))


def test_boxes_are_moved_as_sam_med2d_moves_them() -> None:
    """Pick by pick: x is drawn before y, and the size stays."""
    box = ((5, 10), (15, 30))
    for seed, (golden,) in MED2D["jitter_seeded"].items():
        assert as_xyxy(shifted_box(box, LegacyDraws(int(seed)))) == golden


class AlwaysDraws(LegacyDraws):
    """Draws the lowest number that may come, or the highest."""

    def __init__(self, *, highest: bool) -> None:
        super().__init__(0)
        self.highest = highest

    def integers(self, low: int, high: int) -> int:
        """One end of the range."""
        return high - 1 if self.highest else low


def test_a_box_moves_at_most_as_far_as_in_the_published_code() -> None:
    """For each side of a square, and for the shapes that SAM-UNet's draws were tallied for."""
    ranges = {
        (int(side), int(side)): span
        for side, span in MED2D["jitter_shift_range_by_square_side"].items()
    }
    for name, shape in (("24x19_component", (19, 25)), ("w16_h4", (4, 16)), ("1px", (1, 1))):
        tally = UNET[f"jitter_envelope_{name}"]
        assert tally["dx"] == tally["dy"]
        ranges[shape] = [tally["dx"][0], tally["dx"][-1]]
    for (height, width), span in ranges.items():
        box = ((50, 60), (50 + height, 60 + width))
        for highest, shift in zip((False, True), span, strict=True):
            low, high = shifted_box(box, AlwaysDraws(highest=highest))
            assert low == (50 + shift, 60 + shift)
            assert high == (low[0] + height, low[1] + width)
        assert largest_shift(box) == -span[0]


@settings(deadline=None)
@given(
    low=st.tuples(*[st.integers(0, 20)] * 3),
    size=st.tuples(*[st.integers(1, 30)] * 3),
    seed=st.integers(0, 99),
)
def test_a_moved_box_keeps_its_size_in_3d(low: Voxel, size: Voxel, seed: int) -> None:
    """And is moved by at most five voxels, whatever its shape."""
    box = (low, tuple(a + s for a, s in zip(low, size, strict=True)))
    moved = shifted_box(box, np.random.default_rng(seed))
    assert tuple(b - a for a, b in zip(*moved, strict=True)) == size
    most = min(5, min(size) // 2)
    assert all(-most <= b - a <= max(0, most - 1) for a, b in zip(low, moved[0], strict=True))


MASKS = arrays.arrays(np.bool_, st.sampled_from([(7, 9), (4, 5, 6), (1, 6, 5), (1, 1)]))


@given(mask=MASKS)
def test_the_tight_box_holds_all_voxels_and_touches_one_on_every_face(mask: MaskArray) -> None:
    """None for an empty mask."""
    box = tight_box(mask)
    if box is None:
        assert not mask.any()
        return
    voxels = np.argwhere(mask)
    assert box == (tuple(voxels.min(axis=0).tolist()), tuple((voxels.max(axis=0) + 1).tolist()))


@given(mask=MASKS, seed=st.integers(0, 99), most=st.integers(0, 19))
def test_an_outward_box_holds_the_box_and_stays_in_the_array(
    mask: MaskArray, seed: int, most: int
) -> None:
    """No face moves inwards, or further than allowed; equal seeds move alike."""
    box = tight_box(mask)
    if box is None:
        return
    made = outward_box(box, mask.shape, np.random.default_rng(seed), most=most)
    rows = zip(*box, *made, mask.shape, strict=True)
    for first, last, low, high, count in rows:
        assert max(0, first - most) <= low <= first
        assert last <= high <= min(count, last + most)
    assert made == outward_box(box, mask.shape, np.random.default_rng(seed), most=most)


def test_each_face_moves_outwards_by_0_to_19_alike() -> None:
    """ScribblePrompt's numbers, of which 20 is not one; faces move on their own."""
    box = ((50, 60, 70), (55, 66, 77))
    rng = np.random.default_rng(0)
    made = [outward_box(box, (200,) * 3, rng) for _ in range(2000)]
    moves = np.abs(np.array(made) - np.array(box)).reshape(2000, 6)
    counts = np.array([np.bincount(face, minlength=20) for face in moves.T])
    assert counts.shape == (6, 20)
    assert np.abs(counts - 100).max() < 60  # six standard deviations
    assert np.abs(np.corrcoef(moves.T) - np.eye(6)).max() < 0.15


@given(mask=MASKS, seed=st.integers(0, 99), share=st.floats(0, 1))
def test_a_sloppy_box_has_a_voxel_and_stays_in_the_array(
    mask: MaskArray, seed: int, share: float
) -> None:
    """Faces move by at most the share of the extent, to the nearest voxel, in or out."""
    box = tight_box(mask)
    if box is None:
        return
    made = sloppy_box(box, mask.shape, np.random.default_rng(seed), share=share)
    rows = zip(*box, *made, mask.shape, strict=True)
    for first, last, low, high, count in rows:
        assert 0 <= low < high <= count
        most = share * (last - first) + 0.5
        assert abs(low - first) <= most
        assert abs(high - last) <= most or high == low + 1
    assert made == sloppy_box(box, mask.shape, np.random.default_rng(seed), share=share)


def test_the_faces_of_a_sloppy_box_move_in_as_often_as_out() -> None:
    """By up to a fifth of the extent, the mean being none."""
    box = ((100, 100), (150, 200))
    rng = np.random.default_rng(1)
    made = [sloppy_box(box, (400, 400), rng, share=0.2) for _ in range(2000)]
    moves = np.array(made) - np.array(box)
    assert moves.reshape(2000, 4).min(axis=0).tolist() == [-10, -20, -10, -20]
    assert moves.reshape(2000, 4).max(axis=0).tolist() == [10, 20, 10, 20]
    assert np.abs(moves.mean(axis=0)).max() < 1.5


@pytest.mark.parametrize("share", [-0.1, 1.5, np.nan])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    """The message says which."""
    with pytest.raises(ConfigError, match=f"from 0 to 1, got {share}"):
        sloppy_box(((0, 0), (2, 2)), (5, 5), np.random.default_rng(0), share=share)
