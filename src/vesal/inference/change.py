"""What of a new answer is taken over: the change that was asked for, and no other."""

from collections.abc import Sequence

from vesal.geometry.components import mask_box, pieces_at
from vesal.geometry.grid import Grid
from vesal.geometry.patch import Patch
from vesal.inference.clicks import Clicks

Voxel = tuple[int, ...]


def asked_for(old: Patch, new: Patch, said: Clicks, image: Grid) -> Patch:
    """The old mask with those pieces of the change that hold something newly said.

    A positive click adds its piece and a negative one removes its own; what the model changed its
    mind about elsewhere stays as it was. Where the old mask already is as all clicks say, they
    speak for the whole of it, and the new one is taken.

    Args:
        old: the last mask.
        new: the model's answer to all that was said.
        said: what was said since the last mask.
        image: grid of the masks.
    """
    heard = [(voxel, side) for voxel, side in said.voxels(image) if (voxel in old) != side]
    if old.is_empty or not heard:
        return new
    part = old.span(new)
    before, after = old.within(part), new.within(part)
    corner = [s.start for s in part]
    places = [(_local(voxel, corner), side) for voxel, side in heard]
    kept = before.copy()
    for side, pieces in ((True, after & ~before), (False, before & ~after)):
        box = mask_box(pieces)
        if box is None:
            continue
        seeds = [
            _local(place, [s.start for s in box]) for place, positive in places if positive == side
        ]
        kept[box] ^= pieces_at(pieces[box], seeds)
    return Patch.of(kept, corner, image.shape)


def _local(voxel: Voxel, start: Sequence[int]) -> Voxel:
    return tuple(i - a for i, a in zip(voxel, start, strict=True))
