"""Tests of vesal.prompts.canvas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage

from vesal.arrays import MaskArray
from vesal.prompts.canvas import canvas, slice_axis


@given(
    mask=arrays.arrays(np.bool_, st.sampled_from([(5, 7), (4, 5, 6), (1, 6, 5), (6, 1, 1)])),
    axis=st.sampled_from([None, 0, 1, 2]),
)
def test_the_canvas_is_the_largest_piece_on_the_slice_with_most_of_the_region(
    mask: MaskArray, axis: int | None
) -> None:
    """Its pixels are voxels of the region, all on that slice, as many as SciPy's largest piece."""
    found = canvas(mask, (1.0, 1.0, 2.0)[: mask.ndim], axis)
    if not mask.any():
        assert found is None
        return
    assert found is not None
    page, kept = mask, list(range(mask.ndim))
    if mask.ndim == 3:
        across = slice_axis(mask.shape, (1.0, 1.0, 2.0)) if axis is None else axis
        assert found.axis == across
        kept.remove(across)
        counts = mask.sum(axis=tuple(kept))
        assert found.slice_index == int(counts.argmax())
        page = mask.take(found.slice_index, axis=across)
    labels, _ = ndimage.label(page, np.ones((3, 3)))
    assert found.piece.sum() == np.bincount(labels[page]).max()
    assert found.sides == tuple(mask.shape[a] for a in kept)
    assert found.piece.any(axis=0).all()
    assert found.piece.any(axis=1).all()
    voxels = found.in_array(np.argwhere(found.piece).astype(float)).astype(int)
    assert mask[tuple(voxels.T)].all()
    if mask.ndim == 3:
        assert set(voxels[:, across].tolist()) == {found.slice_index}


@pytest.mark.parametrize(
    ("shape", "spacing", "axis"),
    [
        ((9, 9, 9), (0.7, 0.7, 2.5), 2),
        ((9, 9, 9), (3.0, 0.5, 0.5), 0),
        ((9, 9, 9), (1.5, 1.5, 1.4999), 2),
        ((9, 9, 9), (2.0, 2.0, 1.0), 1),
        ((9, 1, 9), (0.7, 0.7, 2.5), 1),
        ((1, 1, 1), (1.0, 1.0, 1.0), 2),
    ],
)
def test_slices_lie_across_the_coarsest_axis(
    shape: tuple[int, ...], spacing: tuple[float, ...], axis: int
) -> None:
    """The last of equals; the only slice there is before all."""
    assert slice_axis(shape, spacing) == axis
