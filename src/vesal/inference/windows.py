"""Which part of an image to look at, and how closely."""

from dataclasses import dataclass

import numpy as np

from vesal.arrays import MaskArray, PointsMm
from vesal.geometry.components import mask_box
from vesal.geometry.grid import Grid

FILL = 1.6
"""A window is so many times wider than its object."""

_CLOSER = 0.8  # going closer pays from this ratio of spacings on
_WIDER = 1.6  # how much wider the next window is when the mask is cut off
_WORTHWHILE = 1.05  # a window that is wider by less shows nothing new
_MAGNIFY = 0.5  # of the finest voxel spacing: closer shows nothing new
_MARGIN = 2.4  # a window's side over the distance of its furthest point from its middle
_FIRST = 6  # the image's side over the side of the first window
_CONTACT = 0.25  # share of a window's face that a mask covers if it is cut off there


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A window: its middle, how far its voxels are apart, how many there are along an axis."""

    centre_mm: tuple[float, ...]
    spacing_mm: float
    side: int

    def grid(self, image: Grid) -> Grid:
        """The window's grid: cubic voxels along the image's own axes, one along axes of one voxel.

        The middle voxel coincides with a voxel of the image, so that a window at the image's own
        spacing interpolates nothing.
        """
        thick = np.array(image.shape) > 1
        shape = np.where(thick, self.side, 1)
        step = np.where(thick, self.spacing_mm / np.array(image.spacing_mm), 1.0)  # image voxels
        centre = np.round(image.to_index(np.array([self.centre_mm]))[0])
        centre = np.clip(centre, 0, np.array(image.shape) - 1)
        matrix = np.diag([*step, 1.0])
        matrix[:-1, -1] = centre - step * (shape // 2)
        return Grid(shape=tuple(int(n) for n in shape), affine=image.affine @ matrix)

    def resembles(self, other: "View") -> bool:
        """True where voxels are about as large: another centre alone is no news."""
        return max(self.spacing_mm, other.spacing_mm) < _WORTHWHILE * min(
            self.spacing_mm, other.spacing_mm
        )


def first_view(image: Grid, points_mm: PointsMm, side: int) -> View:
    """A sixth of the image across, around the points; wider where they lie further apart.

    The sixth is one of the second longest axis, so that neither a thin stack nor a whole-body
    scan sets the scale, and needs no millimetres: the rule serves micrographs too.
    """
    extents = sorted(s * n for s, n in zip(image.spacing_mm, image.shape, strict=True) if n > 1)
    across = extents[-2] if len(extents) > 1 else max(image.spacing_mm)
    spacing = max(across / _FIRST / side, closest_mm(image))
    view = View(centre_mm=_middle(points_mm), spacing_mm=spacing, side=side)
    return holding(view, image, points_mm)


def closest_mm(image: Grid) -> float:
    """The smallest distance of a window's voxels that shows anything new."""
    return _MAGNIFY * min(image.spacing_mm)


def view_of_box(image: Grid, corners: PointsMm, side: int) -> View:
    """A window around all corners of a box that the user drew."""
    spacing = FILL * float(np.ptp(corners, axis=0).max()) / side
    spacing = max(spacing, closest_mm(image))
    return View(centre_mm=_middle(corners), spacing_mm=spacing, side=side)


def next_view(image: Grid, view: View, mask: MaskArray, points_mm: PointsMm) -> View | None:
    """A better window for the object found in this one, or None if this one is good.

    Wider where the mask is cut off by the window (not by the image) or is nothing but the clicked
    voxels, closer where it fills little of it; every point stays in sight.

    Args:
        image: the image's grid.
        view: the window looked at.
        mask: the object, on the window's grid.
        points_mm: the clicks.
    """
    box = mask_box(mask)
    if box is None:
        return None
    window = view.grid(image)
    ends = np.array([[s.start for s in box], [s.stop - 1 for s in box]], np.float64)
    thick = np.array(window.shape) > 1
    fitting = FILL * view.spacing_mm * float((ends[1] - ends[0] + 1)[thick].max(initial=1))
    centre = _middle(window.to_world(ends))
    nothing = np.count_nonzero(mask) <= len(points_mm)  # as deep inside something uniform
    if nothing or cut_off(image, window, mask):
        widest = 2 * max(s * n for s, n in zip(image.spacing_mm, image.shape, strict=True))
        spacing = min(max(_WIDER * view.spacing_mm, fitting / view.side), widest / view.side)
        wider = View(centre_mm=centre, spacing_mm=spacing, side=view.side)
        return wider if spacing > _WORTHWHILE * view.spacing_mm else None
    spacing = max(fitting / view.side, closest_mm(image))
    closer = holding(View(centre_mm=centre, spacing_mm=spacing, side=view.side), image, points_mm)
    return closer if closer.spacing_mm < _CLOSER * view.spacing_mm else None


def part_under(image: Grid, window: Grid) -> tuple[slice, ...]:
    """The image's voxels whose centres lie in the window, as index ranges.

    The window's axes are the image's (see `View.grid`), and its middle lies in the image: none is
    empty.
    """
    faces = np.array([[-0.5] * window.ndim, [n - 0.5 for n in window.shape]])
    low, high = np.sort(image.to_index(window.to_world(faces)), axis=0)
    starts = np.clip(np.ceil(low - 1e-6), 0, np.array(image.shape) - 1).astype(int)
    stops = np.clip(np.floor(high + 1e-6) + 1, starts + 1, image.shape).astype(int)
    return tuple(slice(int(a), int(b)) for a, b in zip(starts, stops, strict=True))


def cut_off(image: Grid, window: Grid, mask: MaskArray) -> bool:
    """Whether the mask covers a good part of a window's face beyond which the image goes on."""
    part = part_under(image, window)
    for axis, (seen, whole) in enumerate(zip(part, image.shape, strict=True)):
        step = window.spacing_mm[axis] / image.spacing_mm[axis]
        goes_on = (seen.start > step, seen.stop < whole - step)
        for face, more in zip((0, -1), goes_on, strict=True):
            if more and mask.take(face, axis=axis).mean() > _CONTACT:
                return True
    return False


def holding(view: View, image: Grid, points_mm: PointsMm) -> View:
    """The view, widened until every point lies well inside it."""
    directions = image.affine[:-1, :-1] / np.array(image.spacing_mm)
    offsets_mm = np.linalg.solve(directions, (points_mm - np.array(view.centre_mm)).T)
    needed = _MARGIN * float(np.abs(offsets_mm).max()) / view.side
    return View(centre_mm=view.centre_mm, spacing_mm=max(view.spacing_mm, needed), side=view.side)


def _middle(points_mm: PointsMm) -> tuple[float, ...]:
    return tuple(float(v) for v in (points_mm.min(axis=0) + points_mm.max(axis=0)) / 2)
