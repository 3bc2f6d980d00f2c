"""A mask of a large image kept small: the part that is not empty, a bit a voxel, never changed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vesal.arrays import MaskArray
from vesal.errors import GeometryError
from vesal.geometry.components import mask_box


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """The smallest index range around the True voxels of a mask, and what is in it.

    Equal masks on equal grids are equal patches, and have one hash.

    Attributes:
        whole: shape of the image that the mask belongs to.
        start: first index of the range on each axis; zeros for an empty mask.
        shape: voxels of the range on each axis; zeros for an empty mask.
        bits: the range in C order, eight voxels a byte, the first one highest.

    Raises:
        GeometryError: if the range does not lie in the image or the bits do not fill it.
    """

    whole: tuple[int, ...]
    start: tuple[int, ...]
    shape: tuple[int, ...]
    bits: bytes

    def __post_init__(self) -> None:
        rows = zip(self.start, self.shape, self.whole, strict=False)
        lengths = {len(self.whole), len(self.start), len(self.shape)}
        if len(lengths) > 1 or any(a < 0 or n < 0 or a + n > whole for a, n, whole in rows):
            msg = f"a patch must lie in {self.whole}, got {self.shape} from {self.start} on"
            raise GeometryError(msg)
        needed = (int(np.prod(self.shape, dtype=np.int64)) + 7) // 8
        if len(self.bits) != needed:
            msg = f"a patch of {self.shape} needs {needed} bytes, got {len(self.bits)}"
            raise GeometryError(msg)

    @classmethod
    def of(cls, mask: MaskArray, start: Sequence[int] = (), whole: Sequence[int] = ()) -> "Patch":
        """The patch of a mask.

        Args:
            mask: of the whole image, or of a part of it.
            start: first index of the part; the image's own first voxel if not given.
            whole: shape of the image; that of the mask if not given.

        Raises:
            GeometryError: if the part does not lie in the image.
        """
        whole = tuple(whole) or mask.shape
        start = tuple(start) or (0,) * mask.ndim
        held = mask_box(mask)
        if held is None:
            return cls.empty(whole)
        inner = mask[held]
        return cls(
            whole=whole,
            start=tuple(int(a) + s.start for a, s in zip(start, held, strict=True)),
            shape=inner.shape,
            bits=np.packbits(inner).tobytes(),
        )

    @classmethod
    def empty(cls, whole: tuple[int, ...]) -> "Patch":
        """The patch of a mask without a voxel."""
        zeros = (0,) * len(whole)
        return cls(whole=whole, start=zeros, shape=zeros, bits=b"")

    @property
    def is_empty(self) -> bool:
        """True if no voxel is in it."""
        return not self.bits

    @property
    def stop(self) -> tuple[int, ...]:
        """One more than the last index of the range on each axis."""
        return tuple(a + n for a, n in zip(self.start, self.shape, strict=True))

    @property
    def part(self) -> tuple[slice, ...]:
        """The range as slices of the image."""
        return tuple(slice(a, a + n) for a, n in zip(self.start, self.shape, strict=True))

    @property
    def count(self) -> int:
        """Number of True voxels."""
        return int.from_bytes(self.bits, "big").bit_count()

    def array(self) -> MaskArray:
        """The mask in the range."""
        size = int(np.prod(self.shape, dtype=np.int64))
        flat = np.unpackbits(np.frombuffer(self.bits, np.uint8), count=size)
        return flat.view(np.bool_).reshape(self.shape)

    def full(self) -> MaskArray:
        """The mask of the whole image."""
        mask = np.zeros(self.whole, np.bool_)
        mask[self.part] = self.array()
        return mask

    def within(self, part: Sequence[slice]) -> MaskArray:
        """The mask in a range of the image, which may reach beyond the patch.

        Args:
            part: index ranges with a start and a stop, inside the image.
        """
        mask = np.zeros([s.stop - s.start for s in part], np.bool_)
        if self.is_empty:
            return mask
        rows = list(zip(part, self.part, strict=True))
        common = [slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in rows]
        if any(s.stop <= s.start for s in common):
            return mask
        there = tuple(
            slice(c.start - p.start, c.stop - p.start) for c, p in zip(common, part, strict=True)
        )
        here = tuple(
            slice(c.start - a, c.stop - a) for c, a in zip(common, self.start, strict=True)
        )
        mask[there] = self.array()[here]
        return mask

    def union(self, other: "Patch") -> "Patch":
        """The voxels of both."""
        if self.is_empty or other.is_empty:
            return other if self.is_empty else self
        part = self.span(other)
        mask = self.within(part) | other.within(part)
        return Patch.of(mask, [s.start for s in part], self.whole)

    def span(self, other: "Patch") -> tuple[slice, ...]:
        """The smallest range of the image that holds both."""
        if self.is_empty or other.is_empty:
            return other.part if self.is_empty else self.part
        rows = zip(self.part, other.part, strict=True)
        return tuple(slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in rows)

    def without(self, part: Sequence[slice]) -> "Patch":
        """The voxels outside a range of the image."""
        mask = self.array().copy()
        here = [
            slice(max(s.start - a, 0), max(s.stop - a, 0))
            for s, a in zip(part, self.start, strict=True)
        ]
        mask[tuple(here)] = False
        return Patch.of(mask, self.start, self.whole)

    def __contains__(self, index: Sequence[int]) -> bool:
        """Whether a voxel of the image is in the mask."""
        local = tuple(int(i) - a for i, a in zip(index, self.start, strict=True))
        if any(i < 0 or i >= n for i, n in zip(local, self.shape, strict=True)):
            return False
        place = int(np.ravel_multi_index(local, self.shape))
        return bool(self.bits[place // 8] >> (7 - place % 8) & 1)
