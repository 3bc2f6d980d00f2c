"""Questions about the shape of a mask: pieces, depth, extent."""

from collections.abc import Iterable, Sequence

import cc3d
import edt  # type: ignore[import-not-found]  # compiled, without types
import numpy as np

from vesal.arrays import Distances, MaskArray, Numbers, PieceNumbers


def pieces(mask: MaskArray) -> PieceNumbers:
    """Return the number of the piece that each voxel belongs to, from 1 on in C order.

    Voxels that touch by a face, an edge or a corner belong together.
    """
    # Bytes, as cc3d 4.1 asks for too little memory and fails for some masks of Booleans,
    # like [[1, 0, 1]].
    held = np.ascontiguousarray(mask).view(np.uint8)
    return np.asarray(cc3d.connected_components(held, out_dtype=np.uint32))


def component_at(mask: MaskArray, index: Sequence[int]) -> MaskArray:
    """Return the piece of the mask that holds the voxel `index`, all False if it is not in it.

    Voxels that touch by a face, an edge or a corner belong together.
    """
    return pieces_at(mask, [index])


def pieces_at(mask: MaskArray, voxels: Iterable[Sequence[int]]) -> MaskArray:
    """Return the pieces of the mask that hold one of the voxels, some of which may lie outside.

    Voxels that touch by a face, an edge or a corner belong together.
    """
    seeds = np.zeros_like(mask)
    for voxel in voxels:
        if all(0 <= i < n for i, n in zip(voxel, mask.shape, strict=True)):
            seeds[tuple(voxel)] = mask[tuple(voxel)]
    return pieces_with(mask, seeds) if seeds.any() else seeds


def pieces_with(mask: MaskArray, seeds: MaskArray) -> MaskArray:
    """Return the pieces of the mask that hold a voxel of `seeds`.

    Voxels that touch by a face, an edge or a corner belong together.
    """
    labels = pieces(mask)
    kept = np.zeros(int(labels.max()) + 1, np.bool_)
    kept[labels[seeds]] = True
    if kept[1:].all():
        return mask.copy()  # all of it, as usual; else each voxel is looked up
    kept[0] = False
    return np.asarray(kept[labels])


def distance_to_border(regions: Numbers, spacing_mm: Sequence[float]) -> Distances:
    """Return for each voxel of a region the distance in mm to the nearest one outside the region.

    Distances run between voxel centres; what lies beyond the array counts as outside.
    Voxels outside a mask, or of region 0, get 0.
    """
    spacing = tuple(spacing_mm) if regions.ndim > 1 else spacing_mm[0]  # edt takes no tuple of one
    whole = np.ascontiguousarray(regions)
    if whole.dtype == np.bool_:
        whole = whole.view(np.uint8)  # edt is quicker with numbers, by a third
    distances = edt.edt(whole, anisotropy=spacing, black_border=True)
    return np.asarray(distances, dtype=np.float32)


def mask_box(mask: MaskArray) -> tuple[slice, ...] | None:
    """Return the smallest index range around the True voxels, None for an empty mask."""
    ranges = []
    for axis in range(mask.ndim):
        others = tuple(a for a in range(mask.ndim) if a != axis)
        hits = np.flatnonzero(mask.any(axis=others))
        if hits.size == 0:
            return None
        ranges.append(slice(int(hits[0]), int(hits[-1]) + 1))
    return tuple(ranges)
