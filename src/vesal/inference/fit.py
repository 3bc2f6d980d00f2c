"""How a slice of any shape lies in a model's square, and how the model's logits come back.

Each family has its own rule (see `habits`); pictures are (row, column), rows downwards.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as Picture
from scipy import ndimage
from torch.nn import functional

from vesal.arrays import Colours, Intensities, PageMask, PagePoints, Resampled
from vesal.inference.habits import Habits

# Of 0 to 255, red, green, blue: ImageNet's, as SAM uses them.
_MEAN = np.array([123.675, 116.28, 103.53], np.float32)
_DEVIATION = np.array([58.395, 57.12, 57.375], np.float32)
_LEAST_RANGE = 1e-8  # MedSAM


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A slice in a square: its shape, its shape in the square, where it begins there."""

    shape: tuple[int, int]
    inner: tuple[int, int]
    start: tuple[int, int]
    size: int
    """Pixels of the square's side."""

    def to_square(self, points: PagePoints) -> PagePoints:
        """Pixel indices of the slice as pixel indices of the square.

        The references scale indices, not places: 0 stays 0, so that a point may be off by half the
        difference of the pixels' widths. The weights know it so.
        """
        moved: PagePoints = points * (np.array(self.inner) / self.shape) + self.start
        return moved

    def from_square(self, logits: Intensities) -> Resampled:
        """Values on the grid of the model's masks as values on the slice, linear twice.

        To the square's resolution, cut to the part that the slice fills, then to its own shape: in
        this order in SAM and in SAM-Med2D.
        """
        square = _linear(logits, (self.size, self.size))
        (top, left), (rows, columns) = self.start, self.inner
        part = square[top : top + rows, left : left + columns]
        return _linear(part, self.shape)

    def to_masks(self, page: PageMask, size: int) -> Resampled:
        """How much of each pixel of the model's mask grid a mask on the slice fills, 0 to 1."""
        square = np.zeros((self.size, self.size), np.float32)
        (top, left), (rows, columns) = self.start, self.inner
        inner = _linear(page.astype(np.float32), self.inner)
        square[top : top + rows, left : left + columns] = inner
        shrunk = functional.adaptive_avg_pool2d(torch.from_numpy(square)[None], size)
        return np.asarray(shrunk[0].numpy())

    def stretched(self, values: Intensities) -> Resampled:
        """The same straight to the slice's shape, where the slice fills the square (MedSAM)."""
        return _linear(values, self.shape)


def longest_fit(shape: tuple[int, int], size: int) -> Fit:
    """The longest side fills the square, the aspect stays; at least one pixel of the other side."""
    scale = size / max(shape)
    rows, columns = (max(1, int(n * scale + 0.5)) for n in shape)
    return Fit(shape=shape, inner=(rows, columns), start=(0, 0), size=size)


def stretched_fit(shape: tuple[int, int], size: int) -> Fit:
    """Both sides fill the square."""
    return Fit(shape=shape, inner=(size, size), start=(0, 0), size=size)


def padded_fit(shape: tuple[int, int], size: int) -> Fit:
    """Centred in the square pixel by pixel where both sides are shorter, else stretched.

    The rule with which SAM-Med2D was trained and evaluated; its predictor always stretches.
    """
    if max(shape) >= size:
        return stretched_fit(shape, size)
    start = ((size - shape[0]) // 2, (size - shape[1]) // 2)
    return Fit(shape=shape, inner=shape, start=start, size=size)


def fit_of(habits: Habits, shape: tuple[int, int], size: int) -> Fit:
    """The family's way of laying a slice into its square."""
    rules = {"longest": longest_fit, "padded": padded_fit, "stretched": stretched_fit}
    return rules[habits.fit](shape, size)


def square_of(picture: Colours, fit: Fit, habits: Habits) -> Intensities:
    """The model's input (3, size, size) for a slice of 0 to 255.

    What the slice leaves empty is 0, which is the mean colour.
    """
    if habits.scale == "range":
        inner = _zero_to_one(bicubic(picture, fit.inner))
    else:
        resized = smooth if habits.fit == "longest" else nearest
        inner = (resized(picture, fit.inner).astype(np.float32) - _MEAN) / _DEVIATION
    square = np.zeros((3, fit.size, fit.size), np.float32)
    (top, left), (rows, columns) = fit.start, fit.inner
    square[:, top : top + rows, left : left + columns] = inner.transpose(2, 0, 1)
    return square


def smooth(picture: Colours, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Another number of pixels by Pillow's bilinear filter, which averages where it reduces."""
    resized = Picture.fromarray(picture).resize(shape[::-1], Picture.Resampling.BILINEAR)
    return np.asarray(resized)


def nearest(picture: Colours, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Another number of pixels by OpenCV's nearest rule: the pixel that the index falls into."""
    rows, columns = (
        np.arange(new) * old // new for new, old in zip(shape, picture.shape[:2], strict=True)
    )
    resized: NDArray[np.uint8] = picture[rows[:, None], columns]
    return resized


def bicubic(picture: Colours, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Another number of pixels as scikit-image's cubic `resize` has it, blurred where it reduces.

    Its blur and its border are unlike Pillow's; MedSAM's weights know them.
    """
    values = picture.astype(np.float64)
    ratio = np.array([*(old / new for old, new in zip(picture.shape, shape, strict=False)), 1.0])
    blurred = ndimage.gaussian_filter(values, np.maximum(0, (ratio - 1) / 2), mode="mirror")
    moved = ndimage.zoom(blurred, 1 / ratio, order=3, mode="mirror", grid_mode=True)
    bounded = np.clip(moved, values.min(), values.max())
    return np.asarray(bounded, np.uint8)


def _zero_to_one(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    values = picture.astype(np.float32)
    low, high = float(values.min()), float(values.max())
    return (values - low) / max(high - low, _LEAST_RANGE)


def _linear(values: Intensities, shape: tuple[int, int]) -> Resampled:
    tensor = torch.from_numpy(values)[None, None]
    moved = functional.interpolate(tensor, shape, mode="bilinear", align_corners=False)
    return np.asarray(moved[0, 0].numpy())
