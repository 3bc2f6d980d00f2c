"""Outlines of a mask on one slice, as closed polygons.

Marching squares (Lorensen and Cline 1987 in the plane) at the level one half: a vertex lies in the
middle between a pixel inside and its neighbour outside. So no outline is further than half a pixel
from the pixels' own edges, and the middle of each pixel stays on its side: whoever fills the
polygons gets the mask back, voxel for voxel.
"""

from collections.abc import Iterator

import numpy as np

from vesal.arrays import PageMask, PagePoints

_Vertex = tuple[int, int]  # (row, column) in half pixels

# Middle of each edge of a cell of four pixel centres, in half pixels from its first centre.
_TOP, _RIGHT, _BOTTOM, _LEFT = (0, 1), (1, 2), (2, 1), (1, 0)
# Which corners are inside (1 first, 2 right of it, 4 across, 8 below) to the ways through the
# cell. The inside always lies on the same hand. Pixels that touch by a corner belong together,
# as they do in `geometry.components`.
_WAYS: dict[int, tuple[tuple[_Vertex, _Vertex], ...]] = {
    1: ((_TOP, _LEFT),),
    2: ((_RIGHT, _TOP),),
    3: ((_RIGHT, _LEFT),),
    4: ((_BOTTOM, _RIGHT),),
    5: ((_TOP, _RIGHT), (_BOTTOM, _LEFT)),
    6: ((_BOTTOM, _TOP),),
    7: ((_BOTTOM, _LEFT),),
    8: ((_LEFT, _BOTTOM),),
    9: ((_TOP, _BOTTOM),),
    10: ((_LEFT, _TOP), (_RIGHT, _BOTTOM)),
    11: ((_RIGHT, _BOTTOM),),
    12: ((_LEFT, _RIGHT),),
    13: ((_TOP, _RIGHT),),
    14: ((_LEFT, _TOP),),
}


def outlines(mask: PageMask) -> list[PagePoints]:
    """Return one closed polygon for each piece of a mask, (row, column) in pixels.

    The last point is not the first one again. A piece with holes is one polygon too: a cut of no
    width leads through the piece to each hole and back, the "keyhole" of PS3.3 C.8.8.6.3. Filled
    by the even-odd rule or by winding numbers it gives the same pixels.
    """
    padded = np.pad(mask, 1)  # an object at the edge of the image is closed there
    rings = list(_rings(_steps(padded)))
    outer = [ring for ring in rings if _signed_area(ring) > 0]
    holes = [ring for ring in rings if _signed_area(ring) < 0]
    owner = {vertex: ring for ring in outer for vertex in ring}
    # From left to right: what a cut meets on its way to the left is then joined already.
    for hole in sorted(holes, key=lambda ring: min(column for _, column in ring)):
        _cut(hole, owner, padded)
    return [np.array(_corners(ring), np.float64) / 2 - 1 for ring in outer]


def _steps(mask: PageMask) -> dict[_Vertex, _Vertex]:
    """From each vertex to the one that follows it around the inside."""
    inside = mask.astype(np.uint8)
    codes = inside[:-1, :-1] + 2 * inside[:-1, 1:] + 4 * inside[1:, 1:] + 8 * inside[1:, :-1]
    steps: dict[_Vertex, _Vertex] = {}
    for code, ways in _WAYS.items():
        cells = 2 * np.argwhere(codes == code)
        for start, end in ways:
            steps |= zip(
                map(tuple, (cells + start).tolist()),
                map(tuple, (cells + end).tolist()),
                strict=True,
            )
    return steps


def _rings(steps: dict[_Vertex, _Vertex]) -> Iterator[list[_Vertex]]:
    """Closed ways; takes the steps out of the table."""
    while steps:
        start, vertex = steps.popitem()
        ring = [start]
        while vertex != start:
            ring.append(vertex)
            vertex = steps.pop(vertex)
        yield ring


def _signed_area(ring: list[_Vertex]) -> int:
    """Above 0 for the outside of a piece, below 0 for a hole."""
    following = ring[1:] + ring[:1]
    return sum(x * v - u * y for (y, x), (v, u) in zip(ring, following, strict=True))


def _cut(hole: list[_Vertex], owner: dict[_Vertex, list[_Vertex]], mask: PageMask) -> None:
    """Join a hole to the ring left of it, along the row of the hole's leftmost vertex."""
    first = min(range(len(hole)), key=lambda number: hole[number][1])
    row, column = hole[first]  # between two pixels of one row, so `row` is even
    pixels = mask[row // 2, : column // 2 + 1]
    meets = (row, 2 * int(np.flatnonzero(~pixels)[-1]) + 1)
    ring = owner[meets]
    place = ring.index(meets) + 1
    ring[place:place] = [*hole[first:], *hole[:first], hole[first], meets]
    owner.update(dict.fromkeys(hole, ring))


def _corners(ring: list[_Vertex]) -> list[_Vertex]:
    """The vertices where the way turns."""
    before, after = ring[-1:] + ring[:-1], ring[1:] + ring[:1]
    return [
        here
        for last, here, following in zip(before, ring, after, strict=True)
        if _direction(last, here) != _direction(here, following)
    ]


def _direction(start: _Vertex, end: _Vertex) -> _Vertex:
    """The sign of a step on each axis; steps along a cut are longer than those of a cell."""
    return (_sign(end[0] - start[0]), _sign(end[1] - start[1]))


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)
