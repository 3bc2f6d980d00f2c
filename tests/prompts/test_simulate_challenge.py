"""Tests of vesal.prompts.simulate_challenge, against the evaluator's rules written out slowly."""

from dataclasses import asdict
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import block_reduce

from vesal.arrays import MaskArray
from vesal.prompts.simulate import LegacyDraws, Placed
from vesal.prompts.simulate_challenge import ChallengeBox, challenge_box, challenge_click

SHAPES = st.sampled_from([(3, 4, 5), (1, 6, 7), (9, 1, 1), (2, 2, 2), (6, 7), (1, 5)])


@st.composite
def mask_pairs(draw: st.DrawFn) -> tuple[MaskArray, MaskArray]:
    """Draw two masks of one shape; sparse, so that there are pieces, or dense."""
    shape = draw(SHAPES)
    fill = draw(st.booleans())
    masks = [draw(arrays.arrays(np.bool_, shape, fill=st.just(fill))) for _ in range(2)]
    return masks[0], masks[1] & draw(arrays.arrays(np.bool_, shape, fill=st.just(True)))


def largest_piece(error: MaskArray) -> MaskArray:
    """The largest piece by SciPy, which numbers pieces in C order."""
    labels, count = ndimage.label(error, np.ones((3,) * error.ndim))
    sizes = [int((labels == number).sum()) for number in range(1, count + 1)]
    return np.asarray(labels == 1 + sizes.index(max(sizes)))


def squared_depths(piece: MaskArray) -> NDArray[np.int64]:
    """Squared distance to the nearest voxel that is not in the piece, all asked one by one."""
    framed = np.pad(piece, 1)
    outside = np.argwhere(~framed)
    depth = np.zeros(framed.shape, np.int64)
    for voxel in np.argwhere(framed):
        depth[tuple(voxel)] = ((outside - voxel) ** 2).sum(axis=1).min()
    return np.asarray(depth[(slice(1, -1),) * piece.ndim])


def drawn(candidates: NDArray[np.int64], truth: MaskArray) -> Placed:
    """One of the candidates as the evaluator draws it, and what the target has there."""
    np.random.seed(42)  # noqa: NPY002  # the evaluator's own generator
    voxel = tuple(candidates[np.random.choice(len(candidates))].tolist())  # noqa: NPY002
    return voxel, bool(truth[voxel])


@settings(max_examples=200)
@given(pair=mask_pairs())
def test_the_click_is_that_of_the_evaluator(pair: tuple[MaskArray, MaskArray]) -> None:
    """The largest piece of all error, its deepest voxels in whole numbers, the seeded draw."""
    truth, predicted = pair
    found = challenge_click(truth, predicted)
    if (truth == predicted).all():
        assert found is None
        return
    depth = squared_depths(largest_piece(truth ^ predicted))
    assert found == drawn(np.argwhere(depth == depth.max()), truth)
    assert truth[found[0]] == found[1]
    assert predicted[found[0]] != found[1]


def blobs(shape: tuple[int, ...], seed: int) -> MaskArray:
    """Smooth pieces of many sizes."""
    noise = np.random.default_rng(seed).standard_normal(shape)
    return np.asarray(ndimage.gaussian_filter(noise, 2.0) > 0.02)


def by_scipy(truth: MaskArray, predicted: MaskArray, pooled_above: int) -> Placed:
    """The evaluator's steps with its libraries: padded crop, halved where large, float64."""
    piece = largest_piece(truth ^ predicted)
    inside = np.argwhere(piece)
    low, high = inside.min(axis=0), inside.max(axis=0) + 1
    padding = [max(1, int(0.25 * n)) for n in high - low]
    whole = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    crop = np.pad(piece[whole].astype(np.uint8), [(p, p) for p in padding])
    pooled = crop.size > pooled_above
    if pooled:
        crop = block_reduce(crop, (2,) * crop.ndim, np.max)  # type: ignore[no-untyped-call]
    depth = ndimage.distance_transform_edt(crop)
    for axis in range(crop.ndim if pooled else 0):
        depth = depth.repeat(2, axis=axis)
    inner = tuple(slice(p, p + b - a) for p, a, b in zip(padding, low, high, strict=True))
    spread = np.zeros(piece.shape)
    spread[whole] = depth[inner]
    spread *= piece
    if not spread.any():
        spread = piece.astype(float)
    return drawn(np.argwhere(spread == spread.max()), truth)


@pytest.mark.parametrize("shape", [(30, 41, 26), (64, 51), (3, 60, 57), (47, 2, 30)], ids=str)
@pytest.mark.parametrize("pooled_above", [60_000_000, 1], ids=["fine", "halved"])
def test_the_click_on_large_pieces_is_that_of_the_evaluators_libraries(
    shape: tuple[int, ...], pooled_above: int
) -> None:
    """With equal ties, and on half the grid too, odd sides and thin ones among them."""
    for seed in range(4):
        truth, predicted = blobs(shape, seed), blobs(shape, seed + 100)
        found = challenge_click(truth, predicted, pooled_above=pooled_above)
        assert found == by_scipy(truth, predicted, pooled_above)
        turned = np.asfortranarray(truth), np.asfortranarray(predicted)  # as views of x, y, z are
        assert challenge_click(*turned, pooled_above=pooled_above) == found


def test_half_the_grid_is_another_rule() -> None:
    """It moves clicks: the test above would not see a limit that is not heeded otherwise."""
    changed = 0
    for seed in range(6):
        truth, predicted = blobs((24, 25, 26), seed), blobs((24, 25, 26), seed + 50)
        clicks = {challenge_click(truth, predicted, pooled_above=n) for n in (1, 10**9)}
        changed += len(clicks) > 1
    assert changed > 2


def test_depths_in_single_precision_have_the_ties_of_double_precision() -> None:
    """For all squared distances that a box of 120 voxels a side has, from many places at once."""
    rng = np.random.default_rng(0)
    piece = np.ones((120, 120, 90), np.bool_)
    piece[tuple(rng.integers(5, 80, (3, 12)))] = False
    truth = np.zeros((130, 130, 100), np.bool_)
    truth[4:124, 3:123, 5:95] = piece
    empty = np.zeros_like(truth)
    assert challenge_click(truth, empty) == by_scipy(truth, empty, 10**9)


def test_a_piece_longer_than_single_precision_allows_is_measured_in_double() -> None:
    """More than 2048 voxels along an axis."""
    truth = np.zeros((7, 2100), np.bool_)
    truth[1:6, 5:2090] = True
    empty = np.zeros_like(truth)
    assert challenge_click(truth, empty) == by_scipy(truth, empty, 10**9)


def test_missed_and_extra_voxels_make_one_piece() -> None:
    """Two neighbours of 3 x 9 make one piece of 6 x 9, larger than 5 x 10 alone."""
    truth, predicted = np.zeros((2, 1, 12, 30), np.bool_)
    truth[0, 1:4, 1:10] = True
    predicted[0, 4:7, 1:10] = True
    truth[0, 1:6, 15:25] = True
    found = challenge_click(truth, predicted)
    assert found is not None
    assert found[0][2] < 10


def test_the_border_of_the_array_is_a_border_and_each_slice_is_thin() -> None:
    """A slice of its own is one deep all over: the draw among 25 picks the seventh."""
    truth = np.ones((1, 5, 5), np.bool_)
    pick = int(np.random.RandomState(42).choice(25))
    assert challenge_click(truth, ~truth) == ((0, pick // 5, pick % 5), True)
    solid = np.ones((5, 5, 5), np.bool_)
    assert challenge_click(solid, ~solid) == ((2, 2, 2), True)
    assert challenge_click(~solid, solid) == ((2, 2, 2), False)


def test_of_pieces_as_large_the_first_is_clicked() -> None:
    """In C order, whichever kind of error it is."""
    truth, predicted = np.zeros((2, 9, 9, 9), np.bool_)
    predicted[0:3, 5:8, 5:8] = True
    truth[5:8, 0:3, 0:3] = True
    assert challenge_click(truth, predicted) == ((1, 6, 6), False)


def test_without_an_error_there_is_no_click() -> None:
    """The evaluator notes None for that round."""
    truth = np.ones((2, 3, 4), np.bool_)
    assert challenge_click(truth, truth) is None


def brute_box(mask: MaskArray, shift: int) -> dict[str, int]:
    """The box by looking at every voxel."""
    voxels = [v for v in product(*(range(n) for n in mask.shape)) if mask[v]]
    slices = sorted({z for z, _, _ in voxels})
    middle = slices[len(slices) // 2]
    height, width = mask.shape[1:]
    right, down = int(shift * width / 256), int(shift * height / 256)
    rows = [y for z, y, _ in voxels if z == middle]
    columns = [x for z, _, x in voxels if z == middle]
    return {
        "z_min": min(slices),
        "z_max": max(slices),
        "z_mid": middle,
        "z_mid_x_min": max(0, min(columns) - right),
        "z_mid_y_min": max(0, min(rows) - down),
        "z_mid_x_max": min(width - 1, max(columns) + right),
        "z_mid_y_max": min(height - 1, max(rows) + down),
    }


@given(
    mask=arrays.arrays(np.bool_, st.sampled_from([(5, 4, 6), (1, 3, 5), (6, 1, 1)])),
    seed=st.integers(0, 99),
)
def test_the_box_is_that_of_the_generator(mask: MaskArray, seed: int) -> None:
    """On a wide page, where a shift is several pixels, in every field of the file."""
    wide = np.kron(mask, np.ones((1, 20, 110), np.bool_))
    found = challenge_box(wide, LegacyDraws(seed))
    if not mask.any():
        assert found is None
        return
    assert found is not None
    shift = int(np.random.RandomState(seed).randint(0, 6, 1)[0])
    assert asdict(found) == brute_box(wide, shift)
    assert all(type(number) is int for number in asdict(found).values())


def test_a_box_of_a_slanted_object_leaves_parts_of_it_out() -> None:
    """It is the middle slice's, of the slices that are there: 1, 2 and 7 have 2 in the middle."""
    mask = np.zeros((9, 20, 20), np.bool_)
    mask[1, 2:4, 2:4] = mask[2, 5:9, 6:11] = mask[7, 15:17, 15:17] = True
    box = challenge_box(mask, np.random.default_rng(0))  # a shift of 5 / 256 of 20 pixels is none
    assert box == ChallengeBox(
        z_min=1, z_max=7, z_mid=2, z_mid_x_min=6, z_mid_y_min=5, z_mid_x_max=10, z_mid_y_max=8
    )
    assert box.solid == ((1, 5, 6), (8, 9, 11))
    assert box.flat == ((2, 5, 6), (3, 9, 11))


def test_a_2d_mask_is_the_only_slice() -> None:
    """Slice 0."""
    box = challenge_box(np.eye(4, dtype=np.bool_), np.random.default_rng(0))
    assert box is not None
    assert box.solid == box.flat == ((0, 0, 0), (1, 4, 4))
