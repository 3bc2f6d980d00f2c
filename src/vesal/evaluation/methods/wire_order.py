"""The order of axes in which nnInteractive's clients send arrays, and the way back.

The protocol knows no directions. Its models were trained on arrays as SimpleITK gives them, the
slices first and the columns last, and so does 3D Slicer send them: a volume's axes are turned
round. A raster is rows and columns already, and becomes a volume of one slice.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vesal.arrays import MaskArray, Voxels, WireVoxels
from vesal.images import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class WireOrder:
    """How arrays of an image lie in arrays of three axes on the wire.

    Attributes:
        ndim: axes of the image, 2 or 3.
    """

    ndim: int

    def sent(self, array: Voxels) -> WireVoxels:
        """An array of the image as it is sent."""
        turned = array.T if self.ndim == 3 else array[np.newaxis]
        # The wire names types without their byte order.
        return np.ascontiguousarray(turned, turned.dtype.newbyteorder("="))

    def received(self, array: WireVoxels) -> Voxels:
        """The inverse of `sent`; a new array."""
        return np.array(array.T if self.ndim == 3 else array[0], order="C")

    def index(self, voxel: Sequence[int]) -> list[int]:
        """An array index of the image as it is sent."""
        return list(voxel[::-1]) if self.ndim == 3 else [0, *voxel]

    def spacing_mm(self, image: Image) -> list[float] | None:
        """Spacing of what is sent; None where it is not known. One slice is as thick as a row."""
        if not image.source.spacing_known:
            return None
        spacing = image.grid.spacing_mm
        return list(spacing[::-1]) if self.ndim == 3 else [spacing[0], *spacing]

    def buffer(self, shape: tuple[int, ...]) -> WireVoxels:
        """Zeros of the shape of what is sent, into which the client writes masks."""
        return np.zeros(self.sent(np.zeros(shape, np.bool_)).shape, np.uint8)

    def mask(self, buffer: WireVoxels) -> MaskArray:
        """The mask in a buffer, on the axes of the image."""
        inside: MaskArray = self.received(buffer) != 0
        return inside
