"""Tests of vesal.inference.automatic_windows."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from monai.data.utils import compute_importance_map
from monai.inferers.utils import sliding_window_inference

from tests.automatics import automatic_config
from vesal.inference.automatic_lattice import Shown
from vesal.inference.automatic_windows import Slabs, importance, slab_axis, starts_along
from vesal.models.automatic_config import AutomaticConfig
from vesal.progress import Counter


def config_of(window: tuple[int, ...]) -> AutomaticConfig:
    """A config with windows of this shape."""
    return replace(automatic_config(), window=window)


def blended(values: np.ndarray, window: tuple[int, ...], beyond: float = 0.0) -> np.ndarray:
    """All slabs in a row, of a model that says its window, its square, and how deep a voxel is."""
    slabs = Slabs(Shown(values=values, beyond=beyond), config_of(window), _look)
    parts: list[np.ndarray] = []
    end = 0
    for part in slabs:
        planes = part.logits.shape[1 + slabs.axis]
        assert part.first == max(0, end - 1)  # one plane twice, none left out
        fresh = (*[slice(None)] * (1 + slabs.axis), slice(end - part.first, None))
        parts.append(part.logits[fresh].copy())
        end = part.first + planes
    return np.concatenate(parts, axis=1 + slabs.axis)


def _look(window: np.ndarray) -> np.ndarray:
    place = np.indices(window.shape).sum(0).astype(np.float32)
    return np.stack([window, window**2, place * window.mean()])


@given(length=st.integers(1, 500), side=st.integers(1, 130))
def test_windows_cover_an_axis_and_overlap_by_half(length: int, side: int) -> None:
    """From its first voxel to its last; a short axis lies in the middle of its only window."""
    starts = starts_along(length, side)
    if length <= side:
        assert len(starts) == 1
        before, behind = -starts[0], side - length + starts[0]
        assert 0 <= before <= behind <= before + 1
        return
    assert starts[0] == 0
    assert starts[-1] == length - side
    steps = np.diff(starts)
    assert (steps > 0).all()
    assert (steps <= max(1, side // 2) + 1).all()


@pytest.mark.parametrize(
    "shape", [(40, 24, 33), (8, 24, 20), (70, 9, 8), (16, 16, 16), (5, 50, 6), (16, 17, 90)]
)
def test_slabs_are_what_all_windows_at_once_give(shape: tuple[int, ...]) -> None:
    """Against sums over the whole lattice, whatever axis the slabs are cut along."""
    window = (16, 8, 16)
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    frame = [(max(0, s - n),) * 2 for s, n in zip(window, shape, strict=True)]
    padded = np.pad(values, frame, constant_values=-3.0)
    total, weights = np.zeros((3, *padded.shape)), np.zeros(padded.shape)
    offsets = [max(0, s - n) for s, n in zip(window, shape, strict=True)]
    starts = [starts_along(*both) for both in zip(shape, window, strict=True)]
    for corner in np.ndindex(*map(len, starts)):
        first = [s[c] + o for s, c, o in zip(starts, corner, offsets, strict=True)]
        part = tuple(slice(f, f + s) for f, s in zip(first, window, strict=True))
        total[(slice(None), *part)] += _look(padded[part]) * importance(window)
        weights[part] += importance(window)
    inner = tuple(slice(o, o + n) for o, n in zip(offsets, shape, strict=True))
    expected = (total[(slice(None), *inner)] / weights[inner]).astype(np.float32)
    np.testing.assert_allclose(blended(values, window, -3.0), expected, rtol=1e-4, atol=1e-4)


def test_blending_agrees_with_monai() -> None:
    """An independent implementation, where its windows lie as ours: steps of half a window."""
    values = np.random.default_rng(1).normal(size=(32, 24, 40)).astype(np.float32)
    theirs = sliding_window_inference(
        torch.from_numpy(values)[None, None],
        roi_size=(16, 16, 16),
        sw_batch_size=1,
        predictor=lambda x: torch.from_numpy(_look(x[0, 0].numpy()))[None],
        overlap=0.5,
        mode="gaussian",
    )
    assert isinstance(theirs, torch.Tensor)
    np.testing.assert_allclose(
        blended(values, (16, 16, 16)), theirs[0].numpy(), rtol=2e-3, atol=2e-3
    )


def test_importance_is_monais_gaussian() -> None:
    """The middle counts most; the corners count still."""
    theirs = compute_importance_map((16, 24, 8), mode="gaussian", sigma_scale=0.125)
    np.testing.assert_allclose(importance((16, 24, 8)), theirs.numpy(), atol=1e-3)


@given(st.tuples(*[st.integers(1, 400)] * 3), st.tuples(*[st.integers(1, 128)] * 3))
def test_slabs_are_cut_where_they_are_thinnest(
    shape: tuple[int, ...], window: tuple[int, ...]
) -> None:
    """No other axis would need less memory at once."""
    axis = slab_axis(shape, window)
    held = [min(w, n) / n for w, n in zip(window, shape, strict=True)]
    assert held[axis] == min(held)


def test_every_window_is_told() -> None:
    """In steps of one, up to the number that was said at the start."""
    counter = Counter()
    nothing = Shown(values=np.zeros((20, 8, 8), np.float32), beyond=0.0)
    slabs = Slabs(nothing, config_of((8, 8, 8)), _look, progress=counter)
    list(slabs)
    assert [report[0] for report in counter.reports] == list(range(1, slabs.windows + 1))
    assert counter.finished
