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


def drawn_intensities(labels: NDArray[np.uint16], rng: np.random.Generator) -> Window:
    """An image in which each label has its own mean and texture.

    Some labels look alike on purpose: neighbours in a real scan often do.
    """
    count = int(labels.max()) + 1
    means = rng.uniform(0, 1, count)
    shared = rng.random(count) < _SHARED_MEAN_CHANCE
    means[shared] = rng.choice(means[:_MODELS_TO_SHARE], shared.sum())
    noise = rng.uniform(0, 0.12, count)
    grain = rng.standard_normal(labels.shape).astype(np.float32)
    if rng.random() < _SMOOTH_GRAIN_CHANCE:
        grain = 2 * ndimage.gaussian_filter(grain, rng.uniform(0.3, 1.0))
    image = means[labels] + noise[labels] * grain
    return np.asarray(image, np.float32)


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
