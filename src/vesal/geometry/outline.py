"""Walking round a piece on a page, and saying its outline with few corners."""

import numpy as np
from numpy.typing import NDArray

from vesal.arrays import PageCorners, PageMask, PagePoints

# Rows and columns of the eight neighbours, against the clock from the right one.
_NEIGHBOURS = ((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))
_Pixel = tuple[int, int]


def walked_round(mask: PageMask) -> list[_Pixel]:
    """The outermost pixels of the first piece of a mask, in the order of a walk round it.

    Each touches the next one by an edge or a corner, and the last one the first. Where the piece is
    one pixel thin the walk leads there and back. Starts at the first pixel in C order; empty for an
    empty mask. Border following as in Sonka, Hlavac and Boyle, chapter 6.
    """
    first = int(np.argmax(mask))
    if not mask.any():
        return []
    held = np.pad(mask, 1)
    start = (first // mask.shape[1] + 1, first % mask.shape[1] + 1)
    walk, way = [start], 7
    while True:
        way = (way + 7 - way % 2) % 8  # the first neighbour that may be inside
        row, column = walk[-1]
        ways = [(way + turn) % 8 for turn in range(8)]
        found = [w for w in ways if held[row + _NEIGHBOURS[w][0], column + _NEIGHBOURS[w][1]]]
        if not found:  # a single pixel
            break
        way = found[0]
        walk.append((row + _NEIGHBOURS[way][0], column + _NEIGHBOURS[way][1]))
        if len(walk) > 3 and walk[-1] == walk[1] and walk[-2] == start:
            walk = walk[:-2]
            break
    return [(row - 1, column - 1) for row, column in walk]


def simplified(points: PagePoints, tolerance: float) -> PageCorners:
    """The closed outline with as few of its corners as keep it within a tolerance.

    Ramer 1972, Douglas and Peucker 1973, begun at the first corner and the one furthest from it.
    At least three corners are left of as many.
    """
    if len(points) < 4:
        return points
    far = int(np.argmax(np.linalg.norm(points - points[0], axis=1)))
    ring = np.concatenate([points, points[:1]])
    kept = np.zeros(len(ring), np.bool_)
    kept[[0, far, -1]] = True
    open_runs = [(0, far), (far, len(ring) - 1)]
    while open_runs:
        first, last = open_runs.pop()
        if last - first < 2:
            continue
        away = _distances(ring[first + 1 : last], ring[first], ring[last])
        worst = int(np.argmax(away))
        if away[worst] > tolerance:
            middle = first + 1 + worst
            kept[middle] = True
            open_runs += [(first, middle), (middle, last)]
    away = _distances(ring, ring[0], ring[far])
    while kept.sum() < 4:  # a line there and back
        kept[np.argmax(np.where(kept, -1.0, away))] = True
    return np.asarray(ring[:-1][kept[:-1]])


def _distances(
    points: NDArray[np.float64], start: NDArray[np.float64], end: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How far points are from the line between two others, or from its ends beyond them."""
    line = end - start
    length = max(float(line @ line), 1e-300)  # of a line of one point
    along = np.clip((points - start) @ line / length, 0, 1)
    return np.asarray(np.linalg.norm(points - start - along[:, None] * line, axis=1))
