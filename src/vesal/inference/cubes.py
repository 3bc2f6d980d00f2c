"""The windows through which SAM-Med3D sees a volume: cubes on its lattice, and the way back."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from vesal.arrays import Intensities, MaskArray, PointsIndex, Resampled
from vesal.geometry.grid import Grid
from vesal.geometry.patch import Patch
from vesal.inference.blend import blend
from vesal.inference.lattice import lattice_of, window_starts
from vesal.inference.paste import pasted

SPACING_MM = 1.5  # SAM-Med3D, published preprocessing
_RIM = 4  # lattice voxels at a window's faces: one logit voxel

Starts = tuple[int, ...]
"""First voxel of a window on the lattice."""


class Cubes:
    """All windows of one size on the lattice of a volume.

    Args:
        image: the volume's grid.
        size: voxels along an edge of a window.
        mask_size: voxels along an edge of the logits of a window.

    Attributes:
        lattice: cubic voxels over the volume.
    """

    def __init__(self, image: Grid, size: int, mask_size: int) -> None:
        self._image = image
        self.size, self._mask_size = size, mask_size
        self._ratio = size // mask_size
        self.lattice = lattice_of(image, SPACING_MM)

    def window(self, starts: Starts) -> Grid:
        """The grid of a window."""
        return self.lattice.crop(starts, [start + self.size for start in starts])

    def coarse(self, starts: Starts) -> Grid:
        """The grid of the model's logits in a window: the same faces, larger voxels."""
        matrix = np.diag([self._ratio] * 3 + [1.0])
        matrix[:-1, -1] = 0.5 * (self._ratio - 1)
        affine = self.window(starts).affine @ matrix
        return Grid(shape=(self._mask_size,) * 3, affine=affine)

    def fine(self, logits: Resampled) -> Intensities:
        """Logits at the windows' resolution, as the published code interpolates them."""
        size = tuple(n * self._ratio for n in logits.shape)
        coarse = torch.from_numpy(logits)[None, None]
        fine = functional.interpolate(coarse, size, mode="trilinear", align_corners=False)
        return np.asarray(fine[0, 0].numpy())

    def around(self, index: PointsIndex) -> Starts:
        """The window around places on the lattice.

        A volume that is exactly one window was cut out to be looked at as it is.
        """
        if self.lattice.shape == (self.size,) * 3:
            return (0, 0, 0)
        voxels = self._voxels(index)
        return window_starts(voxels.min(axis=0), voxels.max(axis=0) + 1, self.size)

    def too_far(self, index: PointsIndex) -> bool:
        """Whether no window holds all these places on the lattice."""
        return bool((np.ptp(self._voxels(index), axis=0) >= self.size).any())

    def found(self, windows: Mapping[Starts, Resampled]) -> tuple[tuple[slice, ...], Patch]:
        """The part of the volume under windows, and the mask there.

        Where windows overlap their logits are blended, each counting more the further from its
        faces.
        """
        starts, blended = blend(windows, self._ratio)
        fine = self.fine(blended)
        stops = [a + n for a, n in zip(starts, fine.shape, strict=True)]
        return pasted(fine, self.lattice.crop(starts, stops), self._image)

    def hide(self, inside: MaskArray, starts: Starts, other: Starts) -> None:
        """Clear in a mask on one window what another one sees away from its own faces."""
        low = np.array(other) - starts + _RIM
        high = low + self.size - 2 * _RIM
        part = [slice(max(a, 0), max(b, 0)) for a, b in zip(low, high, strict=True)]
        inside[tuple(part)] = False

    def onwards(self, inside: MaskArray, starts: Starts) -> list[Starts]:
        """The windows half a window on, over the faces that a mask meets and the volume exceeds."""
        following = []
        for axis, (start, length) in enumerate(zip(starts, self.lattice.shape, strict=True)):
            for face, goes_on, way in (
                (0, start > 0, -1),
                (-1, start + self.size < length, 1),
            ):
                if goes_on and inside.take(face, axis=axis).any():
                    step = way * self.size // 2
                    following.append(tuple(s + step * (a == axis) for a, s in enumerate(starts)))
        return following

    def _voxels(self, index: PointsIndex) -> NDArray[np.int64]:
        last = np.array(self.lattice.shape) - 1
        return np.clip(np.round(index), 0, last).astype(np.int64)
