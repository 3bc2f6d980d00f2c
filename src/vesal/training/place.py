"""Where a training window lies in a volume: turned, stretched, perhaps bent."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

_KNOTS = 5  # along an axis: between them a window bends smoothly
_BENT_BY = 0.05  # of the window's longest side, standard deviation of a knot at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The map from a window's index to a volume's: ``matrix @ (index + bend) + offset``."""

    window: tuple[int, ...]
    """Voxels along each axis."""
    matrix: NDArray[np.float64]
    offset: NDArray[np.float64]
    bend: NDArray[np.float32] | None = None
    """``(axis, *window)`` in voxels of the window; None for none."""

    def bent(self, rng: np.random.Generator) -> "Place":
        """The same place, smoothly bent; axes of one voxel stay as they are."""
        bend = np.zeros((len(self.window), *self.window), np.float32)
        knots = [min(_KNOTS, n) for n in self.window]
        scale = rng.uniform(0, _BENT_BY) * max(self.window)
        factors = [n / k for n, k in zip(self.window, knots, strict=True)]
        for axis, n in enumerate(self.window):
            if n > 1:
                drawn = scale * rng.standard_normal(knots).astype(np.float32)
                bend[axis] = ndimage.zoom(drawn, factors, order=2, mode="nearest", grid_mode=True)
        return replace(self, bend=bend)

    def of_copy(self, steps: NDArray[np.float64]) -> "Place":
        """The same place in a coarser copy of the volume, whose voxels hold so many of its own."""
        offset = (self.offset + 0.5) / steps - 0.5
        return replace(self, matrix=self.matrix / steps[:, None], offset=offset)

    def cut(self, volume: NDArray[Any], *, order: int, outside: float) -> NDArray[Any]:
        """The volume's values in the window, of its own type.

        Args:
            volume: on its own grid.
            order: of the spline: 0 for labels, 1 for intensities.
            outside: the value beyond the volume.
        """
        if self.bend is None:
            cut: NDArray[Any] = ndimage.affine_transform(
                volume,
                self.matrix,
                self.offset,
                output_shape=self.window,
                order=order,
                mode="constant",
                cval=outside,
            )
            return cut
        index = np.indices(self.window, np.float32) + self.bend
        where = np.tensordot(self.matrix.astype(np.float32), index, axes=1)
        where += self.offset.astype(np.float32).reshape(-1, *[1] * len(self.window))
        bent: NDArray[Any] = ndimage.map_coordinates(
            volume, where, order=order, mode="constant", cval=outside
        )
        return bent
