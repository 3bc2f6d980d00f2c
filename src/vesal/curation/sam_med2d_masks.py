"""The published rules about masks and slices, each a function of its own."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from vesal.arrays import EightBits, PageMask, PageNumbers, PagePiece
from vesal.geometry.components import mask_box, pieces

# 0.153 % in the paper: 100 pixels of the 256x256 that SAM-Med2D sees.
LEAST_SHARE = 100 / 256**2
LEAST_RATIO = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    """A connected component of a mask.

    Attributes:
        mask: of its box alone.
        start: first row and column of the box.
        count: pixels.
    """

    mask: PagePiece
    start: tuple[int, int]
    count: int


def too_narrow(
    shape: tuple[int, int],
    spacing_mm: tuple[float, float],
    least_ratio: float = LEAST_RATIO,
    *,
    in_mm: bool = False,
) -> str:
    """Why slices are left out: the shortest edge is too small a part of the longest; else "".

    Args:
        shape: rows and columns.
        spacing_mm: between rows and between columns.
        least_ratio: of the shortest edge to the longest, 0 to 1.
        in_mm: measure edges in mm, and not in pixels as the paper does.
    """
    steps = spacing_mm if in_mm else (1.0, 1.0)
    edges = [count * step for count, step in zip(shape, steps, strict=True)]
    ratio = min(edges) / max(edges)
    if ratio >= least_ratio:
        return ""
    unit = "mm" if in_mm else "pixels"
    return (
        f"slices of {edges[0]:g} x {edges[1]:g} {unit} have a shortest edge of {ratio:.3f} of the "
        f"longest, at least {least_ratio:g} is asked for"
    )


def too_small(count: int, size: int, least_share: float = LEAST_SHARE) -> str:
    """Why a mask is left out: it covers too little of the slice; else "".

    Args:
        count: pixels of the mask.
        size: pixels of the slice.
        least_share: of the slice, 0 to 1.
    """
    if count >= least_share * size:
        return ""
    return (
        f"{count} pixels are {100 * count / size:.3f} % of the slice, at least "
        f"{100 * least_share:.3f} % is asked for"
    )


def is_blank(page: EightBits) -> bool:
    """Whether a slice shows nothing: all its pixels are equal."""
    return bool((page == page[0, 0]).all())


def pieces_of(mask: PageMask, start: tuple[int, int] = (0, 0)) -> Iterator[Piece]:
    """The connected components of a mask, each pixel with its eight neighbours, in C order.

    Args:
        mask: of a part of a slice.
        start: first row and column of the part.
    """
    held = mask_box(mask)
    if held is None:
        return
    yield from _cut_out(pieces(mask[held]), (start[0] + held[0].start, start[1] + held[1].start))


def _cut_out(numbers: PageNumbers, start: tuple[int, int]) -> Iterator[Piece]:
    counts = np.bincount(numbers.ravel())
    for number, box in enumerate(ndimage.find_objects(numbers.astype(np.int32)), 1):
        yield Piece(
            mask=np.asarray(numbers[box] == number),
            start=(start[0] + box[0].start, start[1] + box[1].start),
            count=int(counts[number]),
        )
