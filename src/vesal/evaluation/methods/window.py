"""The part of an image round what was said, on few and cubic voxels, with seeds in it.

Rules that solve a problem over all voxels look through such a window: their time then depends on
neither the size of the image nor its resolution. Its axes are those of the array.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from vesal.arrays import Intensities, MaskArray, PointsMm
from vesal.evaluation.methods.baseline import Found
from vesal.geometry.box import AxisBox
from vesal.geometry.frames import Frame
from vesal.geometry.grid import Grid
from vesal.geometry.patch import Patch
from vesal.geometry.resample import resample
from vesal.images.intensity import robust_range, window
from vesal.inference.boxes import allowed, index_box
from vesal.inference.request import Request
from vesal.inference.windows import part_under

_MARGIN = 1 / 6  # round the clicks: of the second longest side of the image
_BOX_MARGIN = 0.1  # round a box: of its own longest side
_FLAT_MARGIN = 0.5  # across a box that lies on a slice: of its longest side
_BALL = 2  # voxels of the window: the radius of a seed
_FLAT = 1 + 1e-6  # voxels across

SETTINGS = f"window {_MARGIN:.3f} {_BOX_MARGIN:g} {_FLAT_MARGIN:g}, seeds {_BALL}"
"""What the answers of all rules that look through a window depend on."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Window:
    """A part of an image, and where seeds are in it.

    Attributes:
        grid: of the window; its voxels are cubes but for rounding.
        values: 0 to 1, from the lowest to the highest value of the part but for outliers.
        inside: seeds of the object: a small ball at each positive click, and what was scribbled.
        outside: seeds of the rest: balls at negative clicks, drawn regions, all beyond a box, and
            the faces of the window. A face where the image ends is none, since the object may go
            on there; but where nothing else is outside, these faces are.
    """

    grid: Grid
    values: Intensities
    inside: MaskArray
    outside: MaskArray

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing to see or nothing to decide."""
        seen = self.values.min() < self.values.max()
        return not (seen and self.inside.any() and self.outside.any())

    def found(self, probability: Intensities, image: Grid) -> Found:
        """What is above a half, read linearly at the image's voxels.

        Args:
            probability: on the window's grid.
            image: the image's grid.
        """
        part = part_under(image, self.grid)
        start = tuple(s.start for s in part)
        local = image.crop(start, [s.stop for s in part])
        return Found(mask=resample(probability, self.grid, local) > 0.5, start=start)


def window_of(values: Intensities, grid: Grid, request: Request, side: int) -> Window:
    """The window round what a request says of an image.

    Args:
        values: the image's.
        grid: the image's.
        request: with at least one positive click.
        side: most voxels along each axis of the window.
    """
    seen = range_of(grid, request)
    small = _cubic(grid, seen, side)
    part = resample(values, grid, small, antialias=True)
    inside, outside = _clicked(request, small)
    for region in request.regions:
        if region.inside:
            inside |= _scribbled(region.patch, grid, small) & ~outside
        else:
            outside |= _under(region.patch, grid, small) & ~inside
    if request.box is not None:
        outside |= ~allowed(small, request.box, grid) & ~inside
    faces = faces_of(small.shape, cut_faces(seen, grid))
    if not (faces | outside).any():
        faces = faces_of(small.shape, [(n > 2, n > 2) for n in small.shape])
    outside |= faces & ~inside
    low, high = robust_range(part)
    return Window(grid=small, values=window(part, low, high), inside=inside, outside=outside)


def range_of(grid: Grid, request: Request) -> AxisBox:
    """Where to look: round the positive clicks, in array indices, within the image's outer faces.

    That is a box round them, widened by a sixth of the image's second longest side; or the box that
    was given, widened by a tenth of its longest side (across a box on a slice by a half).
    """
    spacing = np.array(grid.spacing_mm)
    points = grid.to_index(request.clicks.points_mm[request.clicks.positive])
    low, high = points.min(axis=0), points.max(axis=0)
    if request.box is None:
        for region in request.regions:
            if region.inside:
                low = np.minimum(low, region.patch.start)
                high = np.maximum(high, np.add(region.patch.start, region.patch.shape) - 1)
        sides = sorted(n * s for n, s in zip(grid.shape, spacing, strict=True))
        margin = np.full(grid.ndim, _MARGIN * sides[-2])
    else:
        given = index_box(grid, request.box)
        low, high = np.minimum(low, given.low), np.maximum(high, given.high)
        extent = np.array(given.extent)
        longest = (extent * spacing).max()
        margin = np.where(extent <= _FLAT, _FLAT_MARGIN, _BOX_MARGIN) * longest
    reach = np.maximum(margin / spacing, 0.5)
    ends = np.array(grid.shape) - 0.5
    return AxisBox(
        frame=Frame.INDEX,
        low=tuple(np.clip(low - reach, -0.5, ends - 1).tolist()),
        high=tuple(np.clip(high + reach, 0.5, ends).tolist()),
    )


def _cubic(grid: Grid, seen: AxisBox, side: int) -> Grid:
    """The grid of the window: no finer than the image's finest axis, and no larger than allowed."""
    lengths_mm = np.array(seen.extent) * grid.spacing_mm
    thick = np.array(grid.shape) > 1
    finest = min((s for s, n in zip(grid.spacing_mm, grid.shape, strict=True) if n > 1), default=1)
    step = max(float(lengths_mm[thick].max(initial=0)) / side, finest)
    counts = np.where(thick, np.clip(np.round(lengths_mm / step), 1, side), 1)
    ratios = np.array(seen.extent) / counts  # image voxels a window voxel
    affine = grid.affine.copy()
    affine[:-1, :-1] *= ratios
    affine[:-1, -1] += grid.affine[:-1, :-1] @ (np.array(seen.low) + ratios / 2)
    return Grid(shape=tuple(int(n) for n in counts), affine=affine)


def _clicked(request: Request, small: Grid) -> tuple[MaskArray, MaskArray]:
    """A small ball at each click; where two balls of different kind meet there is no seed."""
    points_mm, positive = request.clicks.points_mm, request.clicks.positive
    inside = _holding(points_mm[positive], small)
    outside = _holding(points_mm[~positive], small) & ~inside
    ball = _ball(small.ndim)
    near, far = ndimage.binary_dilation(inside, ball), ndimage.binary_dilation(outside, ball)
    return inside | (near & ~far), outside | (far & ~near)


def _ball(ndim: int) -> MaskArray:
    steps = np.ogrid[(slice(-_BALL, _BALL + 1),) * ndim]
    return np.asarray(sum(step**2 for step in steps) <= _BALL**2)


def _scribbled(patch: Patch, grid: Grid, small: Grid) -> MaskArray:
    """The window's voxels that hold the middle of one of a patch."""
    voxels = (np.argwhere(patch.array()) + np.array(patch.start)).astype(np.float64)
    return _holding(grid.to_world(voxels), small)


def _holding(points_mm: PointsMm, small: Grid) -> MaskArray:
    """The window's voxels that hold a point."""
    index = np.round(small.to_index(points_mm)).astype(np.int64)
    held = ((index >= 0) & (index < np.array(small.shape))).all(axis=1)
    mask = np.zeros(small.shape, np.bool_)
    mask[tuple(index[held].T)] = True
    return mask


def _under(patch: Patch, grid: Grid, small: Grid) -> MaskArray:
    """The window's voxels whose middles lie in a voxel of a patch."""
    near = _nearest(grid, small)
    part = [slice(int(one[0]), int(one[-1]) + 1) for one in near]
    return patch.within(part)[np.ix_(*(one - one[0] for one in near))]


def _nearest(grid: Grid, small: Grid) -> list[NDArray[np.int64]]:
    """For each axis the image's index that is nearest to each index of the window."""
    matrix = np.linalg.solve(grid.affine, small.affine)  # diagonal but for the offset
    return [
        np.clip(np.round(matrix[a, a] * np.arange(n) + matrix[a, -1]), 0, whole - 1).astype(
            np.int64
        )
        for a, (n, whole) in enumerate(zip(small.shape, grid.shape, strict=True))
    ]


def cut_faces(seen: AxisBox, grid: Grid) -> list[tuple[bool, bool]]:
    """For each axis whether the image goes on beyond the window's first and last face."""
    return [
        (low > -0.5 + 1e-6, high < n - 0.5 - 1e-6)
        for low, high, n in zip(seen.low, seen.high, grid.shape, strict=True)
    ]


def faces_of(shape: tuple[int, ...], chosen: list[tuple[bool, bool]]) -> MaskArray:
    """The voxels at the chosen ones of an array's first and last faces along each axis."""
    mask = np.zeros(shape, np.bool_)
    for axis, (first, last) in enumerate(chosen):
        along = np.moveaxis(mask, axis, 0)
        if first:
            along[0] = True
        if last:
            along[-1] = True
    return mask
