"""Which part of an image to look at, and how closely."""

from dataclasses import dataclass

import numpy as np

from vesal.arrays import MaskArray, PointsMm
from vesal.geometry.components import mask_box
from vesal.geometry.grid import Grid

_FILL = 1.6  # a window is so many times wider than its object
_CLOSER = 0.8  # going closer pays from this ratio of spacings on
_WIDER = 1.6  # how much wider the next window is when the mask is cut off
_MAGNIFY = 0.5  # of the finest voxel spacing: closer adds nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A window: where its middle is and how far its voxels are apart."""

    centre_mm: tuple[float, ...]
    spacing_mm: float


def first_view(image: Grid, points_mm: PointsMm, side: int) -> View:
    """Half of the image across, around the points; wider where they lie further apart.

    "Half" is measured on the second longest axis, so that neither a thin stack nor a whole-body scan sets the
    scale, and needs no millimetres: the rule serves micrographs too.
    """
    extents = sorted(s * n for s, n in zip(image.spacing_mm, image.shape, strict=True) if n > 1)
    middle = extents[-2] if len(extents) > 1 else max(image.spacing_mm)
    spacing = max(middle / 2 / side, min(image.spacing_mm))
    return _holding(View(centre_mm=_centre(points_mm), spacing_mm=spacing), image, points_mm, side)


def view_of_box(image: Grid, low_mm: tuple[float, ...], high_mm: tuple[float, ...], side: int) -> View:
    """A window around a box that the user drew."""
    corners = np.array([low_mm, high_mm])
    spacing = _FILL * float((corners[1] - corners[0]).max()) / side
    return View(centre_mm=_centre(corners), spacing_mm=max(spacing, _closest_mm(image)))


def next_view(
    image: Grid, window: Grid, mask: MaskArray, points_mm: PointsMm, side: int
) -> View | None:
    """A better window for the object found in this one, or None if this one is good.

    Wider where the mask is cut off by the window (not by the image), closer where it fills little of it; every
    point stays in sight.
    """
    box = mask_box(mask)
    if box is None:
        return None
    spacing = _view_spacing(window)
    low, high = np.array([s.start for s in box]), np.array([s.stop - 1 for s in box])
    centre = _centre(window.to_world(np.stack([low, high]).astype(float)))
    extent = float(((high - low + 1) * np.array(window.spacing_mm) * (np.array(window.shape) > 1)).max())
    if _cut_off(image, window, box):
        wider = max(spacing * _WIDER, _FILL * extent / side)
        view = View(centre_mm=centre, spacing_mm=min(wider, _widest_mm(image, side)))
        return view if view.spacing_mm > spacing * 1.05 else None  # noqa: PLR2004
    closer = max(_FILL * extent / side, _closest_mm(image))
    view = _holding(View(centre_mm=centre, spacing_mm=closer), image, points_mm, side)
    return view if view.spacing_mm < spacing * _CLOSER else None


def window_grid(image: Grid, view: View, side: int) -> Grid:
    """The window's grid: cubic voxels along the image's own axes, one voxel along its axes of one voxel.

    Its middle voxel coincides with a voxel of the image, so that a window at the image's own spacing
    interpolates nothing.
    """
    thick = np.array(image.shape) > 1
    shape = np.where(thick, side, 1)
    spacing = np.array(image.spacing_mm)
    scale = np.where(thick, view.spacing_mm / spacing, 1.0)  # image voxels a window voxel
    centre = np.round(image.to_index(np.array([view.centre_mm]))[0])
    centre = np.clip(centre, 0, np.array(image.shape) - 1)
    matrix = np.diag([*scale, 1.0])
    matrix[:-1, -1] = centre - scale * (shape // 2)
    return Grid(shape=tuple(int(n) for n in shape), affine=image.affine @ matrix)


def part_under(image: Grid, window: Grid) -> tuple[slice, ...]:
    """The image's voxels whose centres lie in the window, as index ranges; empty where they do not meet."""
    corners = np.array([[-0.5] * window.ndim, [n - 0.5 for n in window.shape]])
    low, high = np.sort(image.to_index(window.to_world(corners)), axis=0)
    starts = np.clip(np.ceil(low), 0, image.shape).astype(int)
    stops = np.clip(np.floor(high) + 1, starts, image.shape).astype(int)
    return tuple(slice(int(a), int(b)) for a, b in zip(starts, stops, strict=True))


def _cut_off(image: Grid, window: Grid, box: tuple[slice, ...]) -> bool:
    """Whether the mask touches a face of the window beyond which the image goes on."""
    part = part_under(image, window)
    spacing = np.array(window.spacing_mm)
    for axis, (cut, whole) in enumerate(zip(part, image.shape, strict=True)):
        margin = spacing[axis] / image.spacing_mm[axis]
        more_before, more_after = cut.start > margin, cut.stop < whole - margin
        if box[axis].start == 0 and more_before:
            return True
        if box[axis].stop == window.shape[axis] and more_after:
            return True
    return False


def _holding(view: View, image: Grid, points_mm: PointsMm, side: int) -> View:
    """The view, widened until every point lies well inside it."""
    distances = np.abs(_along_axes(image, points_mm - np.array(view.centre_mm)))
    return View(
        centre_mm=view.centre_mm, spacing_mm=max(view.spacing_mm, 2.4 * float(distances.max()) / side)
    )


def _along_axes(image: Grid, offsets_mm: PointsMm) -> PointsMm:
    """World offsets as mm along each index axis of the image."""
    directions = image.affine[:-1, :-1] / np.array(image.spacing_mm)
    return np.ascontiguousarray(np.linalg.solve(directions, offsets_mm.T).T)


def _view_spacing(window: Grid) -> float:
    return max(s for s, n in zip(window.spacing_mm, window.shape, strict=True) if n > 1 or max(window.shape) == 1)


def _closest_mm(image: Grid) -> float:
    return _MAGNIFY * min(image.spacing_mm)


def _widest_mm(image: Grid, side: int) -> float:
    """The spacing at which a window sees all of the image from any point in it."""
    return 2 * max(s * n for s, n in zip(image.spacing_mm, image.shape, strict=True)) / side


def _centre(points_mm: PointsMm) -> tuple[float, ...]:
    return tuple(float(v) for v in (points_mm.min(axis=0) + points_mm.max(axis=0)) / 2)
