"""The simulated user, shared by training and evaluation: where would one click next?

Voxels are array indices. Each rule that a paper uses names it; the rules that choose at random take
the generator, so that a published run can be followed pick by pick with `LegacyDraws`.
"""

import numpy as np

from vesal.arrays import LabelArray, MaskArray
from vesal.geometry.components import distance_to_border, mask_box
from vesal.prompts.depth import deepest_voxels

Voxel = tuple[int, ...]
Placed = tuple[Voxel, bool]
"""A click: where, and whether the target has that voxel."""

_MISSED, _EXTRA = 1, 255  # target less prediction, in a byte


class LegacyDraws:
    """NumPy's older generator: picks as in code that calls `numpy.random.seed` first."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.RandomState(seed)  # what published code draws from

    def integers(self, low: int, high: int) -> int:
        """A whole number from ``low`` to below ``high``."""
        return int(self._random.randint(low, high))

    def permutation(self, count: int) -> list[int]:
        """The numbers below ``count`` in a random order."""
        return [int(i) for i in self._random.permutation(count)]


Draws = np.random.Generator | LegacyDraws


def error_click(
    target: MaskArray, predicted: MaskArray, spacing_mm: tuple[float, ...] | None = None
) -> Placed | None:
    """The voxel deepest inside the error and whether the target has it; None without an error.

    Depth is the distance (mm, or voxels without a spacing) to the border of the region that is
    wrongly left out or wrongly taken in, whichever is deeper; the border of the array counts as a
    border, except along axes of one voxel. With an empty prediction this is the middle of the
    target's thickest part.
    """
    box = mask_box(target ^ predicted)
    if box is None:
        return None
    error = _regions(target[box], predicted[box])
    kept, sides = _thick(target.shape, spacing_mm)
    deepest = deepest_voxels(error[kept], sides) if sides else np.zeros(1, np.int64)
    missed = deepest[error[kept].ravel()[deepest] == _MISSED]
    place = int(missed[0] if len(missed) else deepest[0])
    index = np.unravel_index(place, error.shape)  # axes of one voxel change no place
    return tuple(int(i) + s.start for i, s in zip(index, box, strict=True)), len(missed) > 0


def random_click(region: MaskArray, rng: Draws) -> Voxel:
    """A voxel of the region, each equally likely."""
    return random_voxels(region, 1, rng)[0]


def random_voxels(region: MaskArray, count: int, rng: Draws) -> tuple[Voxel, ...]:
    """So many voxels of the region, each equally likely and any of them more than once."""
    voxels = np.flatnonzero(region)
    picks = [voxels[rng.integers(0, len(voxels))] for _ in range(count)]
    indices = [np.unravel_index(pick, region.shape) for pick in picks]
    return tuple(tuple(int(i) for i in index) for index in indices)


def random_error_clicks(
    target: MaskArray, predicted: MaskArray, count: int, rng: Draws
) -> tuple[Placed, ...]:
    """So many clicks anywhere in the error, some perhaps on one voxel; none without an error.

    One at a time this is how SAM-Med3D was trained ("random"); 1, 3, 5 or 9 at once, SAM-Med2D.
    Where mask and target are equal the former stops with an error and the latter gives clicks that
    are padding, wherever they fall.
    """
    error = target ^ predicted
    if not error.any():
        return ()
    return tuple((voxel, bool(target[voxel])) for voxel in random_voxels(error, count, rng))


def balanced_click(target: MaskArray, predicted: MaskArray, rng: Draws) -> Placed | None:
    """A click in what is missed or in what is too much, by the toss of a coin; None without error.

    SAM-Med3D's "balanced". Its code clicks anywhere, as outside, where mask and target are equal.
    """
    missed, extra = target & ~predicted, predicted & ~target
    if missed.any() and extra.any():
        positive = bool(rng.integers(0, 2))
    elif missed.any() or extra.any():
        positive = bool(missed.any())
    else:
        return None
    return random_click(missed if positive else extra, rng), positive


def ritm_region(target: MaskArray, predicted: MaskArray) -> tuple[MaskArray, bool] | None:
    """Where a click may fall that avoids the error's border, and whether it is positive.

    That is where what is missed, or what is too much, is more than half as deep as it gets
    (in voxels), whichever is deeper, and what is too much where they are equal. Sofiiuk et al.,
    RITM (2021), as in SAM-Med3D's code; that one gives all targets of a batch the first one's
    region, which is a mistake that is not repeated here. None without an error.
    """
    box = mask_box(target ^ predicted)
    if box is None:
        return None
    error = _regions(target[box], predicted[box])
    kept, sides = _thick(target.shape, None)
    depth = distance_to_border(error[kept], sides) if sides else np.ones((), np.float32)
    depth = depth.reshape(error.shape)
    # the deepest of all is missed only where nothing that is too much is as deep
    positive = not bool((error[depth == depth.max()] == _EXTRA).any())
    region = np.zeros_like(target)
    region[box] = (depth > depth.max() / 2) & (error == (_MISSED if positive else _EXTRA))
    return region, positive


def ritm_click(target: MaskArray, predicted: MaskArray, rng: Draws) -> Placed | None:
    """A click anywhere in `ritm_region`; None without an error."""
    found = ritm_region(target, predicted)
    return None if found is None else (random_click(found[0], rng), found[1])


def inference_click(
    target: MaskArray, predicted: MaskArray, rng: Draws, *, ritm: bool = False
) -> Placed:
    """The click of SAM-Med3D's inference script, which always has one: at random, or as in RITM.

    Without an error it falls inside the target if at random, else on the middle voxel, as outside.
    """
    if ritm:
        found = ritm_click(target, predicted, rng)
    else:
        found = next(iter(random_error_clicks(target, predicted, 1, rng)), None)
    if found is None and not ritm and target.any():
        return random_click(target, rng), True
    return found or (tuple(n // 2 for n in target.shape), False)


def first_clicks(target: MaskArray, count: int, rng: Draws) -> tuple[Placed, ...]:
    """The clicks that SAM-Med2D starts from: one inside, or half of them inside and half outside.

    Of an odd number one more is outside, in mixed order. Where there is no inside, or no outside,
    all are on the other side; SAM-Med2D's code fails there for more than one click.
    """
    inside = 1 if count == 1 else count // 2
    if not target.any():
        inside = 0
    elif target.all():
        inside = count
    placed = [(voxel, True) for voxel in random_voxels(target, inside, rng)]
    placed += [(voxel, False) for voxel in random_voxels(~target, count - inside, rng)]
    if count == 1:  # SAM-Med2D draws no order for a single click
        return tuple(placed)
    return tuple(placed[int(i)] for i in rng.permutation(count))


def mask_only_rounds(rounds: int, low: int, high: int, rng: Draws) -> frozenset[int]:
    """The rounds of a training step that get the last mask and no click: one of them, and the last.

    The one is drawn from ``low`` to below ``high``: 1 to 7 of SAM-Med2D's 8 rounds, 2 to 9 of
    SAM-Med3D's 11.
    """
    return frozenset({int(rng.integers(low, high)), rounds - 1})


def _regions(target: MaskArray, predicted: MaskArray) -> LabelArray:
    """What is missed and what is too much, by their numbers."""
    return target.view(np.uint8) - predicted.view(np.uint8)


def _thick(
    shape: tuple[int, ...], spacing_mm: tuple[float, ...] | None
) -> tuple[tuple[slice | int, ...], tuple[float, ...]]:
    """How to leave out the axes of one voxel, which have no depth, and the other axes' spacing."""
    spacing = (1.0,) * len(shape) if spacing_mm is None else spacing_mm
    kept = tuple(slice(None) if n > 1 else 0 for n in shape)
    return kept, tuple(s for s, n in zip(spacing, shape, strict=True) if n > 1)
