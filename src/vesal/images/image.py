"""What is looked at (Image) and what comes out (Mask): arrays that know their grid."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vesal.arrays import Intensities, MaskArray, Voxels
from vesal.errors import ImageError
from vesal.geometry.grid import Grid
from vesal.images.source import Source
from vesal.images.write import save_mask

__all__ = ["Image", "Mask", "Source"]

# Luminance of red, green and blue, ITU-R BT.601: what Pillow and OpenCV use.
_LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Image:
    """A 2D raster or a volume, with its grid.

    Attributes:
        array: `grid.shape`, in the file's own type with its slope applied; for a colour
            raster `grid.shape` + (3,) uint8, red, green, blue. Read-only.
        grid: where the voxels are.
        source: where the image came from.

    Raises:
        ImageError: if the array does not fit the grid, is not of real numbers, or has
            voxels that are NaN or infinite.
    """

    array: Voxels
    grid: Grid
    source: Source = field(default_factory=Source)

    def __post_init__(self) -> None:
        colour = self.grid.ndim == 2 and self.array.dtype == np.uint8
        allowed = [self.grid.shape, (*self.grid.shape, 3)] if colour else [self.grid.shape]
        if self.array.shape not in allowed:
            msg = (
                f"{self.source.name} needs an array of its grid's shape {self.grid.shape}, "
                f"got {self.array.shape} of {self.array.dtype}"
            )
            raise ImageError(msg)
        if self.array.dtype.kind not in "biuf":
            msg = f"{self.source.name} must hold real numbers, got {self.array.dtype}"
            raise ImageError(msg)
        _check_finite(self.array, self.source.name)
        object.__setattr__(self, "array", _read_only(self.array))

    def __repr__(self) -> str:
        return f"Image({self.source.name}, {_described(self.grid)}, {self.array.dtype})"

    @property
    def is_colour(self) -> bool:
        """True for a raster of red, green and blue."""
        return self.array.ndim > self.grid.ndim

    @property
    def intensities(self) -> Voxels:
        """One value a voxel: the array itself, or the luminance of a colour raster."""
        return self.grey() if self.is_colour else self.array

    def grey(self) -> Intensities:
        """Return one float32 a voxel: the array itself, or the luminance of a colour raster."""
        if self.is_colour:
            return np.asarray(self.array @ _LUMINANCE, dtype=np.float32)
        return self.array.astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Mask:
    """True inside the object, on the grid of the image it belongs to. Read-only.

    Raises:
        ImageError: if the array does not have the shape of the grid.
    """

    array: MaskArray
    grid: Grid
    source: Source = field(default_factory=Source)

    def __post_init__(self) -> None:
        if self.array.shape != self.grid.shape:
            msg = f"a mask needs its grid's shape {self.grid.shape}, got {self.array.shape}"
            raise ImageError(msg)
        object.__setattr__(self, "array", _read_only(self.array))

    def __repr__(self) -> str:
        count = int(np.count_nonzero(self.array))
        return f"Mask({count:,} voxels of {self.source.name}, {_described(self.grid)})"

    @property
    def volume_ml(self) -> float | None:
        """Volume in millilitres; None for a raster or where no spacing is known."""
        if self.grid.ndim == 2 or not self.source.spacing_known:
            return None
        return int(np.count_nonzero(self.array)) * self.grid.voxel_volume_mm3 / 1000

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the mask on exactly its grid, in the format of the suffix; return the path.

        An existing file is replaced in one step; after a failure it is still the old one.

        Raises:
            ImageError: if the suffix is unknown or its format cannot hold the grid.
            ResourceError: if the folder is missing or full or may not be written to.
        """
        return save_mask(Path(path), self.array, self.grid, self.source)


def _described(grid: Grid) -> str:
    shape = " x ".join(str(n) for n in grid.shape)
    return f"{shape} {grid.orientation}, {' x '.join(f'{s:g}' for s in grid.spacing_mm)} mm"


def _check_finite(array: Voxels, name: str) -> None:
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return
    bad = int(np.count_nonzero(~np.isfinite(array)))
    msg = f"{name} has {bad:,} voxels that are NaN or infinite; replace them by numbers"
    raise ImageError(msg)


def _read_only(array: NDArray[np.generic]) -> NDArray[np.generic]:
    view = array.view()  # the caller's own array stays writable
    view.setflags(write=False)
    return view
