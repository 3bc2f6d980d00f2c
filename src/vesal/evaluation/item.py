"""One object of one image, as a protocol shows it to a method, and as it is scored."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from vesal.arrays import MaskArray, MovedMask
from vesal.datasets.opened import Opened, Target
from vesal.evaluation.protocols.protocol import View
from vesal.geometry.grid import Grid
from vesal.geometry.patch import Patch
from vesal.geometry.resample import resample
from vesal.images import Image
from vesal.images.planes import planes
from vesal.inference.lattice import lattice_of, read_window, window_starts
from vesal.inference.slices import Slices

_CUBE, _CUBE_MM = 128, 1.5  # SAM-Med3D's input: voxels on each axis, and their size
_LEAST_SHARE = 0.00153  # of a slice: SA-Med2D-20M drops smaller masks (100 of 256 x 256 pixels)


def _as_it_is(mask: MaskArray) -> MovedMask:
    return mask


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Item:
    """An object to be outlined.

    Attributes:
        target: what it is, on the grid that masks are scored on.
        part: which part of the case it is from, such as "slice 12"; "" for the whole.
        image: what the method is shown.
        truth: the object on the grid of `image`: what the simulated user goes by.
        scored: the image on whose grid masks are scored, itself or the one it was cut from.
        back: takes a mask on the grid of `image` to the one that it is scored on.
    """

    target: Target
    part: str
    image: Image
    truth: MaskArray
    scored: Image
    back: Callable[[MaskArray], MovedMask] = _as_it_is


def items_of(opened: Opened, view: View) -> Iterator[Item]:
    """The objects of an image in the order in which methods can use what they saw of it.

    "label cube" gives each object of a volume the cube of 128 voxels of 1.5 mm around the box of
    its true mask, as SAM-Med3D's scripts do (on a raster there is no such cube: the image itself);
    scores are on the native grid, where what the cube cuts off is missing. "slices" gives each
    slice across the axis of the largest spacing, turned as a radiologist sees it, for each object
    that covers at least 0.153 % of it; a raster is its own slice.
    """
    volume = opened.image.grid.ndim == 3
    if view == "slices" and volume:
        yield from _slices(opened)
        return
    for target in opened.targets:
        if view == "label cube" and volume:
            yield _cube(opened.image, target)
        else:
            image = opened.image
            truth = target.patch.full()
            yield Item(target=target, part="", image=image, truth=truth, scored=image)


def _cube(image: Image, target: Target) -> Item:
    """The cube around a target, and the way back to the image's grid."""
    home = image.grid
    lattice = lattice_of(home, _CUBE_MM)
    truth = target.patch.full()
    fine = resample(truth.astype(np.float32), home, lattice, order=0) > 0.5
    held = Patch.of(np.asarray(fine))
    if held.is_empty:  # thinner than a voxel of the lattice: where its middle lies
        middle = np.argwhere(truth).mean(axis=0, keepdims=True)
        low = np.round(lattice.to_index(home.to_world(middle)))[0].astype(np.int64)
        high = low + 1
    else:
        low = np.array(held.start, np.int64)
        high = low + held.shape
    starts = window_starts(low, high, _CUBE)
    cube = lattice.crop(starts, [start + _CUBE for start in starts])

    def back(mask: MaskArray) -> MovedMask:
        return np.asarray(resample(mask.astype(np.float32), cube, home, order=0) > 0.5)

    inside = resample(truth.astype(np.float32), home, cube, order=0) > 0.5
    shown = Image(array=read_window(image.array, home, cube), grid=cube, source=image.source)
    return Item(
        target=target,
        part="",
        image=shown,
        truth=np.asarray(inside),
        scored=image,
        back=back,
    )


def _slices(opened: Opened) -> Iterator[Item]:
    """Slice by slice, so that a method looks at each slice once."""
    image = opened.image
    slices = Slices(image)
    grid = _page_grid(image.grid, slices)
    held = [slices.patches(target.patch) for target in opened.targets]
    for number in range(slices.count):
        here = [
            (target, parts[number])
            for target, parts in zip(opened.targets, held, strict=True)
            if number in parts and parts[number].count >= _LEAST_SHARE * grid.size
        ]
        if not here:
            continue
        page = Image(array=slices.picture(number), grid=grid, source=image.source)
        for target, patch in here:
            truth = slices.page(patch.within(slices.part(number)))
            one = Target(name=target.name, patch=Patch.of(truth))
            part = f"slice {number}"
            yield Item(target=one, part=part, image=page, truth=truth, scored=page)


def _page_grid(grid: Grid, slices: Slices) -> Grid:
    """The grid of a slice as a raster of its own: rows down, columns right, in mm."""
    plane = next(p for p in planes(grid) if p.normal == slices.normal)
    down, right = plane.spacing_mm
    affine = np.array([[0.0, right, 0.0], [down, 0.0, 0.0], [0.0, 0.0, 1.0]])
    return Grid(shape=slices.shape, affine=affine)
