"""Tests of vesal.models.nd: every layer in two and in three axes."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vesal.models import nd

NDIMS = pytest.mark.parametrize("ndim", [2, 3])

shapes = st.integers(2, 3).flatmap(lambda ndim: st.tuples(*[st.integers(1, 5)] * ndim))


def tensor(*shape: int, seed: int = 0) -> torch.Tensor:
    """Normal random numbers."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def interpolated(x: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Linear interpolation by hand: voxel faces aligned, the edge held beyond outer centres."""
    for axis, n in enumerate(size):
        at = (np.arange(n) + 0.5) * x.shape[axis] / n - 0.5
        centres = np.arange(x.shape[axis])
        x = np.apply_along_axis(lambda line: np.interp(at, centres, line), axis, x)  # noqa: B023
    return x


@settings(deadline=None, max_examples=50)
@given(half=shapes, batch=st.integers(1, 2), channels=st.integers(1, 3))
def test_fold_and_unfold_undo_each_other(half: tuple[int, ...], batch: int, channels: int) -> None:
    """In both orders, to the bit."""
    x = tensor(batch, channels, *[2 * n for n in half])
    assert torch.equal(nd.unfold(nd.fold(x)), x)
    y = tensor(batch, channels * 2 ** len(half), *half)
    assert torch.equal(nd.fold(nd.unfold(y)), y)


@NDIMS
def test_fold_keeps_the_voxels_of_a_block_together(ndim: int) -> None:
    """A folded voxel holds the voxels of its own block, corners outermost, last axis fastest."""
    x = tensor(1, 3, *[4, 6, 2][:ndim])
    folded = nd.fold(x)
    block = (slice(2, 4), slice(4, 6), slice(0, 2))[:ndim]
    here = (slice(1, 2), slice(2, 3), slice(0, 1))[:ndim]
    channels = (slice(0, 1), slice(None))
    corners = x[(*channels, *block)].reshape(3, -1).T
    assert torch.equal(folded[(*channels, *here)].reshape(-1, 3), corners)


@settings(deadline=None, max_examples=30)
@given(data=st.data(), shape=shapes)
def test_resized_interpolates_between_voxel_centres_with_faces_aligned(
    data: st.DataObject, shape: tuple[int, ...]
) -> None:
    """As by hand, up and down, whatever the sizes."""
    size = data.draw(st.tuples(*[st.integers(1, 9)] * len(shape)))
    x = tensor(1, 1, *shape)
    expected = interpolated(x[0, 0].double().numpy(), size)
    np.testing.assert_allclose(nd.resized(x, size)[0, 0].numpy(), expected, atol=1e-5)


@NDIMS
def test_resized_to_the_same_size_changes_nothing(ndim: int) -> None:
    """A level that needs no resizing is not blurred."""
    x = tensor(2, 3, *[5, 4, 1][:ndim])
    assert torch.equal(nd.resized(x, tuple(x.shape[2:])), x)


@NDIMS
def test_pooled_takes_the_mean_of_each_block(ndim: int) -> None:
    """Where sizes divide: blocks of 3 by 2 by 1 voxels here."""
    x = tensor(2, 1, *[6, 4, 2][:ndim])
    pooled = nd.pooled(x, (2, 2, 2)[:ndim])
    block = (slice(3, 6), slice(0, 2), slice(1, 2))[:ndim]
    here = (slice(1, 2), slice(0, 1), slice(1, 2))[:ndim]
    second = (slice(1, 2), slice(0, 1))
    expected = x[(*second, *block)].mean().item()
    assert pooled[(*second, *here)].item() == pytest.approx(expected, abs=1e-6)
    assert pooled.mean().item() == pytest.approx(x.mean().item(), abs=1e-6)


@NDIMS
@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_a_convolution_keeps_the_size_and_a_stride_halves_it(ndim: int, kernel: int) -> None:
    """For odd kernels; an axis of one voxel stays one."""
    shape = [8, 6, 1][:ndim]
    x = tensor(1, 2, *shape)
    same = nd.conv(ndim, 2, 7, kernel)(x)
    halved = nd.conv(ndim, 2, 7, kernel, stride=2)(x)
    assert tuple(same.shape) == (1, 7, *shape)
    assert tuple(halved.shape) == (1, 7, *[4, 3, 1][:ndim])


def test_the_fast_layout_changes_memory_and_no_value() -> None:
    """Channels lie innermost for images and volumes; everything else stays as it is."""
    for shape, layout in (
        ((2, 3, 4, 5), torch.channels_last),
        ((2, 3, 4, 5, 6), torch.channels_last_3d),
    ):
        x = tensor(*shape)
        fast = nd.fast_layout(x)
        assert torch.equal(fast, x)
        assert fast.is_contiguous(memory_format=layout)
        assert fast.stride(1) == 1
    bias = tensor(7)
    assert nd.fast_layout(bias) is bias
