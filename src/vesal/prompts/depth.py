"""Where regions are deepest, without measuring each of their voxels.

A distance transform of 192^3 speckled voxels takes half a second, and nearly all of them touch
another region. So regions are peeled first: the voxels go that have another region at the smallest
distance there is, then those that have one at the next, and so on. Those that are left when all
would go are the deepest, and as deep as that distance. What is thick is left to the transform.
"""

import functools

import numpy as np

from vesal.arrays import FramedLabels, LabelArray, MaskArray, RowNumbers
from vesal.geometry.components import distance_to_border, mask_box

_REACH = 4  # voxels; what is deeper is left to the transform
_SAMPLED = 5  # one voxel in so many along each axis tells whether regions are thick:
_THICK = 0.6  # as many of those touch no other region by a face
_PASSES = 32  # over the whole array, of 2 ms each at 192^3, where the transform takes 500
_SPARSE = 1 / 30  # of the array's voxels; as few are looked up one by one
_LOOKED_UP = 2  # for each of the array's voxels, of 6 ns each; then the transform is quicker

Step = tuple[int, ...]
Ring = tuple[Step, ...]
"""Steps in voxels that are all as long."""


def deepest_voxels(regions: LabelArray, spacing: tuple[float, ...]) -> RowNumbers:
    """Return the voxels, flat and ascending, that are farthest from what is not their region.

    They are those where `distance_to_border` of the regions has its maximum.

    Args:
        regions: number of the region that each voxel is in, of one at least; 0 for none.
        spacing: along each axis; what lies beyond the array is another region.
    """
    left, framed = regions > 0, np.pad(regions, _REACH)
    if not _are_thick(framed):
        rings = _rings(tuple(spacing))
        left, peeled, last = _peel(left, framed, rings)
        if last:
            return np.flatnonzero(left)
        found = _peel_few(left, framed, rings[peeled:])
        if found is not None:
            return found
    return _measured(left, regions, spacing)


def _are_thick(framed: FramedLabels) -> bool:
    """Whether most voxels touch their own region by all faces, by a look at one in 125."""
    sampled = (slice(None, None, _SAMPLED),) * framed.ndim
    here = _moved(framed, (0,) * framed.ndim)[sampled]
    whole = here > 0
    count = np.count_nonzero(whole)
    ahead = np.eye(framed.ndim, dtype=np.int64)
    for step in np.concatenate([ahead, -ahead]).tolist():
        whole &= _moved(framed, tuple(step))[sampled] == here
    return bool(np.count_nonzero(whole) > _THICK * count)


def _peel(
    left: MaskArray, framed: FramedLabels, rings: tuple[Ring, ...]
) -> tuple[MaskArray, int, bool]:
    """What is left after as many rings as pay, their number, and whether the next takes it all."""
    here = _moved(framed, (0,) * framed.ndim)
    passes = 0
    for done, ring in enumerate(rings):
        passes += len(ring)
        if passes > _PASSES or np.count_nonzero(left) <= _SPARSE * left.size:
            return left, done, False
        fewer = left.copy()
        for step in ring:
            fewer &= _moved(framed, step) == here
        if not fewer.any():
            return left, done, True
        left = fewer
    return left, len(rings), False


def _peel_few(left: MaskArray, framed: FramedLabels, rings: tuple[Ring, ...]) -> RowNumbers | None:
    """The deepest of what is left, voxel by voxel; None where the transform is to find them."""
    if np.count_nonzero(left) > _SPARSE * left.size:
        return None
    flat, looked_up = framed.ravel(), 0
    places = tuple(i + _REACH for i in np.nonzero(left))
    voxels = np.ravel_multi_index(places, framed.shape)
    for ring in rings:
        fewer = voxels
        for step in ring:
            offset = int(np.dot(step, framed.strides)) // framed.itemsize
            looked_up += len(fewer)
            fewer = fewer[flat[fewer + offset] == flat[fewer]]
        if len(fewer) == 0:
            indices = tuple(i - _REACH for i in np.unravel_index(voxels, framed.shape))
            return np.asarray(np.ravel_multi_index(indices, left.shape), np.int64)
        if looked_up > _LOOKED_UP * left.size:
            return None
        voxels = fewer
    return None


def _measured(left: MaskArray, regions: LabelArray, spacing: tuple[float, ...]) -> RowNumbers:
    """The deepest voxels by a distance transform of the box of what is left.

    A ball round a voxel that is smaller than its depth by what was peeled holds only voxels that
    are left: with a margin of that, the box holds what is nearest, and its own border is no nearer.
    """
    margin = _REACH + 2  # rings are shorter than the reach and one step; and one to be farther
    box = tuple(
        slice(max(s.start - margin, 0), min(s.stop + margin, n))
        for s, n in zip(mask_box(left) or (), regions.shape, strict=True)
    )
    depth = distance_to_border(regions[box], spacing)
    inner = np.unravel_index(np.flatnonzero(depth == depth.max()), depth.shape)
    indices = tuple(i + s.start for i, s in zip(inner, box, strict=True))
    return np.asarray(np.ravel_multi_index(indices, regions.shape), np.int64)


def _moved(framed: FramedLabels, step: Step) -> LabelArray:
    """What is so many voxels away from each voxel inside the frame."""
    inner = (slice(_REACH + s, n - _REACH + s) for s, n in zip(step, framed.shape, strict=True))
    return framed[tuple(inner)]


@functools.lru_cache(maxsize=64)
def _rings(spacing: tuple[float, ...]) -> tuple[Ring, ...]:
    """All steps up to the reach, by their length; where one is too long, all as long are left out.

    The transform itself measures them, about a hole in a block whose border is farther: which steps
    are as long depends on how a processor rounds single precision.
    """
    half = 2 * _REACH + 1
    block = np.ones((2 * half + 1,) * len(spacing), np.bool_)
    block[(half,) * len(spacing)] = False
    inner = (slice(half - _REACH, half + _REACH + 1),) * len(spacing)
    lengths = distance_to_border(block, spacing)[inner]
    beyond = (_REACH + 1 - 1e-3) * min(spacing)  # from there on steps are missing
    known = np.unique(lengths[(lengths > 0) & (lengths < beyond)])
    steps = ((np.argwhere(lengths == length) - _REACH).tolist() for length in known)
    return tuple(tuple(map(tuple, ring)) for ring in steps)
