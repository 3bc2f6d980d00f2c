"""The scribbles of a simulated user: a pen stroke on one slice, inside what it is meant for.

The three kinds are those of ScribblePrompt (Wong et al. 2024): a centre line, a straight line
between two places, a contour inside the border. That code makes them on whole batches of 2D masks,
breaks them up by noise and warps them; here each is one stroke, and of a volume on the slice that
shows most of the region.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from vesal.arrays import Distances, MaskArray, PageMask
from vesal.errors import ConfigError
from vesal.geometry.components import component_at, distance_to_border
from vesal.geometry.outline import walked_round
from vesal.prompts.canvas import Canvas, canvas
from vesal.prompts.simulate import Voxel, random_voxels

Stroke = tuple[Voxel, ...]
"""Voxels that a pen was drawn over: in one piece, each once. A joined line may cover others too."""

ScribbleKind = Literal["centre", "line", "contour"]
SCRIBBLE_KINDS: tuple[ScribbleKind, ...] = ("centre", "line", "contour")

_LONGEST = 128  # voxels
_END_DEPTH = 0.3  # of the greatest depth of a centre line: it ends where it is not as deep
_CONTOUR_DEPTH = (0.1, 0.5)  # of the greatest depth, between which a contour is drawn
_WAYS = ((0, 1), (1, 0), (1, 1), (1, -1))  # from a pixel to four of its eight neighbours


def scribble(
    region: MaskArray,
    spacing_mm: tuple[float, ...],
    rng: np.random.Generator,
    *,
    kind: ScribbleKind,
    axis: int | None = None,
    longest: int = _LONGEST,
) -> Stroke:
    """A stroke inside the largest piece of a region on its largest slice; empty for an empty one.

    Of a stroke that would be longer, a part is drawn that starts somewhere.

    Args:
        region: to draw in, 2D or 3D.
        spacing_mm: between voxel centres along each axis.
        rng: where what is left to chance comes from.
        kind: of stroke.
        axis: that slices lie across; the one with the largest spacing if not given.
        longest: number of voxels of a stroke at most.

    Raises:
        ConfigError: another kind, or less than one voxel.
    """
    _check(kind, longest)
    page = canvas(region, spacing_mm, axis)
    return () if page is None else _stroke(page, rng, kind, longest)


def error_scribble(
    target: MaskArray,
    predicted: MaskArray,
    spacing_mm: tuple[float, ...],
    rng: np.random.Generator,
    *,
    kind: ScribbleKind,
    axis: int | None = None,
    longest: int = _LONGEST,
) -> tuple[Stroke, bool] | None:
    """A stroke in what is missed, or in what is too much, and whether the target has it.

    In whichever has the larger piece on its largest slice, in what is missed where they are equal.
    None without an error. Arguments and errors are those of `scribble`.
    """
    _check(kind, longest)
    regions = ((target & ~predicted, True), (predicted & ~target, False))
    pages = [(canvas(region, spacing_mm, axis), positive) for region, positive in regions]
    drawn = [(page, positive) for page, positive in pages if page is not None]
    if not drawn:
        return None
    page, positive = max(drawn, key=lambda one: np.count_nonzero(one[0].piece))
    return _stroke(page, rng, kind, longest), positive


def centre_line(piece: PageMask, spacing_mm: tuple[float, float]) -> NDArray[np.int64]:
    """Pixels along the middle of a piece, from one far end to the other, one a row.

    The way of least cost between two pixels far apart, where a step costs its length over the
    square of the depth; what is much less deep at its ends is left away.
    """
    depth = distance_to_border(piece, spacing_mm)
    pixels = np.argwhere(piece)
    graph = _graph(piece, depth, pixels, spacing_mm)
    deepest = int(np.argmax(depth[piece]))
    ends = [deepest]
    for _ in range(2):  # the furthest from anywhere is an end, the furthest from it the other
        ends.append(int(csgraph.breadth_first_order(graph, ends[-1], directed=False)[0][-1]))
    _, before = csgraph.dijkstra(graph, directed=False, indices=ends[1], return_predecessors=True)
    way = [ends[2]]
    while way[-1] != ends[1]:
        way.append(int(before[way[-1]]))
    line = pixels[way]
    depths = depth[tuple(line.T)]
    deep = np.flatnonzero(depths >= _END_DEPTH * depths.max())
    return np.asarray(line[deep[0] : deep[-1] + 1])


def straight_line(piece: PageMask, rng: np.random.Generator) -> NDArray[np.int64]:
    """Pixels between two at random, one a row: the longest part of the line inside the piece."""
    first, last = np.array(random_voxels(piece, 2, rng))
    count = int(np.abs(last - first).max()) + 1
    line = np.rint(np.linspace(first, last, count)).astype(np.int64)
    inside = piece[tuple(line.T)]
    edges = np.flatnonzero(np.diff(np.pad(inside.astype(np.int8), 1)))
    starts, stops = edges[::2], edges[1::2]
    longest = int(np.argmax(stops - starts))
    return np.asarray(line[starts[longest] : stops[longest]])


def contour(piece: PageMask, spacing_mm: tuple[float, float], depth_mm: float) -> NDArray[np.int64]:
    """Pixels along the border of what is at least so deep in a piece, one a row, closed.

    Deeper than the piece is anywhere, it is where it is deepest. Of several parts, round the one
    that gets deepest.
    """
    depth = distance_to_border(piece, spacing_mm)
    deepest = np.unravel_index(np.argmax(depth), piece.shape)
    inner = component_at(depth >= min(depth_mm, float(depth.max())), [int(i) for i in deepest])
    return np.array(walked_round(inner), np.int64)


def _check(kind: ScribbleKind, longest: int) -> None:
    if kind in SCRIBBLE_KINDS and longest >= 1:
        return
    msg = (
        f"a scribble is one of {', '.join(SCRIBBLE_KINDS)} and has 1 voxel or more, "
        f"got {kind!r} of at most {longest}"
    )
    raise ConfigError(msg)


def _stroke(page: Canvas, rng: np.random.Generator, kind: ScribbleKind, longest: int) -> Stroke:
    closed = kind == "contour"
    if kind == "centre":
        pixels = centre_line(page.piece, page.spacing_mm)
    elif kind == "line":
        pixels = straight_line(page.piece, rng)
    else:
        deepest = float(distance_to_border(page.piece, page.spacing_mm).max())
        pixels = contour(page.piece, page.spacing_mm, rng.uniform(*_CONTOUR_DEPTH) * deepest)
    if closed:
        pixels = np.roll(pixels, -int(rng.integers(0, len(pixels))), axis=0)[:longest]
    elif len(pixels) > longest:
        start = int(rng.integers(0, len(pixels) - longest + 1))
        pixels = pixels[start : start + longest]
    voxels = page.in_array(pixels.astype(np.float64)).astype(np.int64).tolist()
    return tuple(dict.fromkeys(tuple(voxel) for voxel in voxels))  # there and back is once


def _graph(
    piece: PageMask,
    depth: Distances,
    pixels: NDArray[np.int64],
    spacing_mm: tuple[float, float],
) -> sparse.csr_array:
    """What each step between neighbouring pixels of a piece costs, in one direction."""
    numbers = np.full(np.array(piece.shape) + 2, -1)
    numbers[1:-1, 1:-1][piece] = np.arange(len(pixels))
    dear = 1 / depth[piece].astype(np.float64) ** 2
    rows, columns, costs = [], [], []
    for way in _WAYS:
        reached = numbers[tuple((pixels + 1 + np.array(way)).T)]
        start = np.flatnonzero(reached >= 0)
        end = reached[start]
        rows.append(start)
        columns.append(end)
        costs.append(np.hypot(*np.multiply(way, spacing_mm)) * (dear[start] + dear[end]) / 2)
    data = (np.concatenate(costs), (np.concatenate(rows), np.concatenate(columns)))
    return sparse.csr_array(data, shape=(len(pixels), len(pixels)))
