"""Random appearances: intensities drawn from labels, and the distortions that scanners make."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Window = NDArray[np.float32]
_Values = NDArray[np.floating[Any]]  # steps in between may be in double precision

_SHARED_MEAN_CHANCE = 0.3  # of a label: it looks like one of the first labels
_MODELS_TO_SHARE = 6  # so many first labels are looked like
_SMOOTH_GRAIN_CHANCE = 0.5
_TISSUE_CHANCE = 0.5  # of an image: few kinds of tissue, not any grey for each label
_RIND_SHARE, _MIXED_SHARE = 0.25, 0.12  # of the labels
_THICKEST_RIND = 3.0  # voxels


def drawn_intensities(labels: NDArray[np.uint16], rng: np.random.Generator) -> Window:
    """An image in which each label has its own mean and texture.

    Some labels look alike on purpose: neighbours in a real scan often do. Some have a rind, as
    bones do, and some two contents, as bowels do: an object is not always of one grey.
    """
    count = int(labels.max()) + 1
    means, noise = _tissues(count, rng) if rng.random() < _TISSUE_CHANCE else _greys(count, rng)
    grain = rng.standard_normal(labels.shape).astype(np.float32)
    if rng.random() < _SMOOTH_GRAIN_CHANCE:
        grain = 2 * ndimage.gaussian_filter(grain, rng.uniform(0.3, 1.0))
    bare = means[labels]
    mixed = (rng.random(count) < _MIXED_SHARE)[labels]
    if mixed.any():
        other = mixed & (_slope(labels.shape, rng) > 0)
        bare[other] = rng.permutation(means)[labels][other]
    rinded = (rng.random(count) < _RIND_SHARE)[labels]
    if rinded.any():
        rind = rinded & (_depth(labels) <= rng.uniform(1, _THICKEST_RIND))
        bare[rind] = rng.choice(means, count)[labels][rind] if rng.random() < 0.5 else means.max()
    return np.asarray(bare + noise[labels] * grain, np.float32)


def _greys(count: int, rng: np.random.Generator) -> tuple[_Values, _Values]:
    """Mean and noise of each label, anything."""
    means = rng.uniform(0, 1, count)
    shared = rng.random(count) < _SHARED_MEAN_CHANCE
    means[shared] = rng.choice(means[:_MODELS_TO_SHARE], shared.sum())
    return means, rng.uniform(0, 0.12, count)


def _tissues(count: int, rng: np.random.Generator) -> tuple[_Values, _Values]:
    """Mean and noise of each label, few kinds of tissue that hardly differ within."""
    kinds = rng.uniform(0, 1, int(rng.integers(2, 6)))
    means = rng.choice(kinds, count) + rng.uniform(0.02, 0.08) * rng.standard_normal(count)
    return means, np.full(count, rng.uniform(0, 0.08))


def _depth(labels: NDArray[np.uint16]) -> Window:
    """How far each voxel is from another label, in voxels."""
    border = np.zeros(labels.shape, np.bool_)
    for axis, n in enumerate(labels.shape):
        if n > 1:
            step = np.diff(labels.astype(np.int32), axis=axis) != 0
            sides = [(0, 0)] * labels.ndim
            for ends in ((1, 0), (0, 1)):
                border |= np.pad(step, [*sides[:axis], ends, *sides[axis + 1 :]])
    if not border.any():
        return np.full(labels.shape, np.inf, np.float32)
    return np.asarray(ndimage.distance_transform_edt(~border) + 1, np.float32)


def distorted(image: Window, rng: np.random.Generator, *, strength: float = 1.0) -> Window:
    """Blur, bias field, gamma, noise, inversion, lost resolution: each now and then."""
    thick = [n > 1 for n in image.shape]
    values: _Values = image
    if rng.random() < 0.3 * strength:
        values = ndimage.gaussian_filter(values, [rng.uniform(0.2, 1.4) * t for t in thick])
    if rng.random() < 0.3 * strength:
        values = values * np.exp(_slope(image.shape, rng) * rng.uniform(0, 0.5))
    low, high = float(values.min()), float(values.max())
    values = (values - low) / max(high - low, 1e-6)
    if rng.random() < 0.5 * strength:
        values = values ** np.exp(rng.normal(0, 0.35))
    if rng.random() < 0.12 * strength:
        values = 1 - values
    if rng.random() < 0.4 * strength:
        values = values + rng.uniform(0, 0.08) * rng.standard_normal(image.shape)
    if rng.random() < 0.2 * strength and all(thick):
        values = _thick_slices(values, rng)
    if rng.random() < 0.3 * strength:
        values = np.clip(values, *np.sort(rng.uniform([0, 0.6], [0.4, 1.0])))  # a display window
    return np.asarray(values, np.float32)


def _slope(shape: tuple[int, ...], rng: np.random.Generator) -> Window:
    coarse = rng.standard_normal([min(n, 3) for n in shape]).astype(np.float32)
    factors = [n / min(n, 3) for n in shape]
    field: Window = ndimage.zoom(coarse, factors, order=1, mode="nearest", grid_mode=True)
    return field


def _thick_slices(image: _Values, rng: np.random.Generator) -> _Values:
    """The image as if one axis had been scanned two to five times coarser."""
    axis = int(rng.integers(image.ndim))
    step = int(rng.integers(2, 6))
    n = image.shape[axis]
    sliced = ndimage.uniform_filter1d(image, step, axis=axis)
    kept = np.take(sliced, np.arange(0, n, step), axis=axis)
    position = np.minimum(np.arange(n) / step, kept.shape[axis] - 1)
    lower = np.floor(position).astype(int)
    upper = np.minimum(lower + 1, kept.shape[axis] - 1)
    shape = [n if a == axis else 1 for a in range(image.ndim)]
    weight = (position - lower).reshape(shape).astype(np.float32)
    first, second = np.take(kept, lower, axis=axis), np.take(kept, upper, axis=axis)
    mixed: _Values = first * (1 - weight) + second * weight
    return mixed
