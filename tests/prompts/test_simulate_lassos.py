"""Tests of vesal.prompts.simulate_lassos."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from scipy import ndimage
from skimage.measure import grid_points_in_poly

from vesal.arrays import MaskArray
from vesal.errors import ConfigError
from vesal.images import open_image
from vesal.prompts.canvas import Canvas, canvas
from vesal.prompts.simulate_lassos import Outline, lasso

SHAPES = st.sampled_from([(12, 9), (7, 8, 6), (1, 9, 8), (9, 8, 1), (1, 6), (1, 1, 1), (2, 1, 1)])


def held(outline: Outline, page: Canvas) -> MaskArray:
    """The pixels of the slice that the outline holds, by scikit-image."""
    corners = np.array(outline)
    if page.axis is not None:
        assert set(corners[:, page.axis].tolist()) == {float(page.slice_index)}
        corners = np.delete(corners, page.axis, axis=1)
    inside: MaskArray = grid_points_in_poly(page.sides, corners)  # type: ignore[no-untyped-call]
    return inside


def on_page(page: Canvas) -> MaskArray:
    """The piece on the whole slice."""
    mask = np.zeros(page.sides, np.bool_)
    rows, columns = page.piece.shape
    mask[page.start[0] :, page.start[1] :][:rows, :columns] = page.piece
    return mask


@given(
    mask=arrays.arrays(np.bool_, SHAPES),
    outside=st.sampled_from([0.0, 0.1, 0.5]),
    wobble=st.sampled_from([0.0, 0.5, 1.0]),
    axis=st.sampled_from([None, 0, 1, 2]),
    seed=st.integers(0, 99),
)
def test_a_lasso_holds_the_piece_and_stays_in_the_array(
    mask: MaskArray, outside: float, wobble: float, axis: int | None, seed: int
) -> None:
    """But for one in twenty of its voxels, however odd it is; the same for the same seed."""
    spacing = (1.0, 0.7, 2.0)[: mask.ndim]
    made, again = (
        lasso(mask, spacing, np.random.default_rng(seed), axis=axis, outside=outside, wobble=wobble)
        for _ in range(2)
    )
    assert made == again
    page = canvas(mask, spacing, axis)
    if page is None:
        assert made == ()
        return
    corners = np.array(made)
    assert len(made) >= 3
    assert corners.min() >= -0.5
    assert (corners <= np.array(mask.shape) - 0.5).all()
    piece = on_page(page)
    assert (held(made, page) & piece).sum() >= 0.95 * piece.sum()


def overlap(mask: MaskArray, spacing: tuple[float, ...], seed: int, wobble: float) -> float:
    """Dice of what a lasso holds and what it was drawn round."""
    page = canvas(mask, spacing)
    assert page is not None
    made = lasso(mask, spacing, np.random.default_rng(seed), wobble=wobble)
    inside, piece = held(made, page), on_page(page)
    assert (inside & piece).sum() >= 0.97 * piece.sum()
    assert 6 <= len(made) <= 40
    return float(2 * (inside & piece).sum() / (inside.sum() + piece.sum()))


@pytest.mark.parametrize("wobble", [0.0, 0.5, 1.0])
def test_lassos_round_real_organs_and_nuclei(wobble: float, scans: Path, data: Path) -> None:
    """They hold nearly all of it, are a bit larger, and have few corners."""
    labels = open_image(scans / "example_seg_fast_force_split.nii.gz").array
    nuclei = np.asarray(Image.open(data / "mask2d.tif"))
    for seed in range(3):
        for value in (1, 2, 5):
            assert 0.75 < overlap(labels == value, (3.0, 3.0, 3.0), seed, wobble) < 0.97
        largest = nuclei == np.bincount(nuclei[nuclei > 0]).argmax()
        assert 0.75 < overlap(largest, (1.0, 1.0), seed, wobble) < 0.97


def disc(side: int, radius: float) -> MaskArray:
    """A disc in the middle of a square."""
    rows, columns = np.ogrid[:side, :side]
    return np.asarray(np.hypot(rows - side // 2, columns - side // 2) <= radius)


@pytest.mark.parametrize("outside", [0.1, 0.2, 0.4])
def test_a_lasso_lies_as_far_outside_as_it_is_told(outside: float) -> None:
    """Without a wobble, by a share of the radius."""
    made = np.array(
        lasso(disc(161, 40), (1.0, 1.0), np.random.default_rng(0), outside=outside, wobble=0.0)
    )
    away = np.linalg.norm(made - 80, axis=1) - 40
    assert away.mean() == pytest.approx(40 * outside, rel=0.35)


def test_a_wobbly_lasso_comes_nearer_here_and_goes_further_there() -> None:
    """More so with a larger share, and otherwise with another seed."""
    spreads = []
    for wobble in (0.0, 0.5, 1.0):
        made = [
            lasso(disc(161, 40), (1.0, 1.0), np.random.default_rng(s), outside=0.3, wobble=wobble)
            for s in range(5)
        ]
        assert len(set(made)) == (5 if wobble else 1)
        spreads.append(np.mean([np.linalg.norm(np.array(one) - 80, axis=1).std() for one in made]))
    assert spreads[0] < 1
    assert spreads[0] + 1 < spreads[1] < spreads[2]


def test_a_lasso_cuts_off_a_narrow_bay_and_fills_a_hole() -> None:
    """As a user does, who does not follow it."""
    mask = disc(121, 40)
    mask[60:, 58:62] = False
    mask &= ~np.roll(disc(121, 5), (-20, 0), axis=(0, 1))
    page = canvas(mask, (1.0, 1.0))
    assert page is not None
    inside = held(lasso(mask, (1.0, 1.0), np.random.default_rng(0)), page)
    assert inside[60:95, 58:62].all()
    assert inside[40, 60]
    assert ndimage.label(inside)[1] == 1


@pytest.mark.parametrize(("outside", "wobble"), [(-0.1, 0.5), (0.1, 1.5), (np.nan, 0.5)])
def test_shares_that_are_none_are_refused(outside: float, wobble: float) -> None:
    """The message gives both."""
    with pytest.raises(ConfigError, match=f"got {outside} and {wobble}"):
        lasso(
            np.ones((3, 3), np.bool_),
            (1.0, 1.0),
            np.random.default_rng(0),
            outside=outside,
            wobble=wobble,
        )
