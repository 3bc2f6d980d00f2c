"""Random appearances: intensities drawn from labels, and the distortions that scanners make."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage


Window = NDArray[np.float32]


def drawn_intensities(labels: NDArray[np.uint16], rng: np.random.Generator) -> Window:
    """An image in which each label has its own mean and texture; some neighbours look alike on purpose."""
    count = int(labels.max()) + 1
    means = rng.uniform(0, 1, count)
    shared = rng.random(count) < 0.3  # noqa: PLR2004
    means[shared] = rng.choice(means[:6], shared.sum())
    noise = rng.uniform(0, 0.12, count)
    grain = rng.standard_normal(labels.shape).astype(np.float32)
    if rng.random() < 0.5:  # noqa: PLR2004
        grain = 2 * ndimage.gaussian_filter(grain, rng.uniform(0.3, 1.0))
    image = means[labels] + noise[labels] * grain
    return np.asarray(image, np.float32)


def distorted(image: Window, rng: np.random.Generator, *, strength: float = 1.0) -> Window:
    """Blur, bias field, gamma, noise, inversion, lost resolution: each now and then."""
    thick = [n > 1 for n in image.shape]
    if rng.random() < 0.3 * strength:
        image = ndimage.gaussian_filter(image, [rng.uniform(0.2, 1.0) * t for t in thick])
    if rng.random() < 0.3 * strength:
        image = image * np.exp(_slope(image.shape, rng) * rng.uniform(0, 0.5))
    low, high = float(image.min()), float(image.max())
    image = (image - low) / max(high - low, 1e-6)
    if rng.random() < 0.5 * strength:
        image = image ** np.exp(rng.normal(0, 0.35))
    if rng.random() < 0.12 * strength:
        image = 1 - image
    if rng.random() < 0.4 * strength:
        image = image + rng.uniform(0, 0.08) * rng.standard_normal(image.shape)
    if rng.random() < 0.2 * strength and all(thick):
        image = _thick_slices(image, rng)
    if rng.random() < 0.3 * strength:
        image = np.clip(image, *np.sort(rng.uniform([0, 0.6], [0.4, 1.0])))  # a display window
    return image.astype(np.float32)


def _slope(shape: tuple[int, ...], rng: np.random.Generator) -> Window:
    coarse = rng.standard_normal([min(n, 3) for n in shape]).astype(np.float32)
    factors = [n / min(n, 3) for n in shape]
    field: Window = ndimage.zoom(coarse, factors, order=1, mode="nearest", grid_mode=True)
    return field


def _thick_slices(image: Window, rng: np.random.Generator) -> Window:
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
    return np.take(kept, lower, axis=axis) * (1 - weight) + np.take(kept, upper, axis=axis) * weight
