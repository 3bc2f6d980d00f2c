"""Windows in rows over a lattice, and what a model says in them, blended a slab at a time.

Only as many planes are held as the next windows reach back to: the logits of all classes of a
whole body would not fit into memory.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from vesal.arrays import ClassLogits, Resampled
from vesal.inference.automatic_lattice import Shown
from vesal.models.automatic_config import AutomaticConfig
from vesal.progress import Progress, silent

_OVERLAP = 0.5  # of a window's side; nnU-Net, MONAI
_SIGMA = 0.125  # of a window's side: how fast its voxels count less towards its faces
_LEAST_WEIGHT = 1e-3  # so that a corner that no other window shows is not lost to rounding

Ask = Callable[[Resampled], ClassLogits]
"""What a model says of one window, ``(1 + class, *window)``."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slab:
    """Finished logits of some planes of a lattice, ``(1 + class, *planes)``: a view."""

    first: int
    """Index of its first plane along the axis that it was cut along."""
    logits: ClassLogits


def starts_along(length: int, side: int) -> tuple[int, ...]:
    """First indices of windows over an axis, evenly spread, each overlapping the next by half.

    The first window begins at the axis' beginning and the last one ends at its end; an axis that is
    shorter than a window has one, which begins at or before 0, so that the axis is in its middle.
    """
    if length <= side:
        return (-((side - length) // 2),)
    steps = math.ceil((length - side) / max(1, int(side * (1 - _OVERLAP))))
    return tuple(round(step * (length - side) / steps) for step in range(steps + 1))


def slab_axis(shape: tuple[int, ...], window: tuple[int, ...]) -> int:
    """The axis along which slabs hold the smallest part of the whole."""
    shares = [min(side, n) / n for n, side in zip(shape, window, strict=True)]
    return int(np.argmin(shares))


class Slabs:
    """The finished slabs of an image, from its first plane to its last; can be gone through once.

    Args:
        shown: the image on its lattice.
        config: of the model.
        ask: asks the model.
        progress: told of every window.
    """

    def __init__(
        self,
        shown: Shown,
        config: AutomaticConfig,
        ask: Ask,
        *,
        progress: Progress = silent,
    ) -> None:
        values = shown.values
        self._values, self._beyond, self._window = values, shown.beyond, config.window
        self._outputs, self._ask, self._progress = config.outputs, ask, progress
        self._done = 0
        self._starts = [
            starts_along(*ends) for ends in zip(values.shape, config.window, strict=True)
        ]
        self._weight = importance(config.window)
        self.axis = slab_axis(values.shape, config.window)

    @property
    def windows(self) -> int:
        """How many the model is asked about."""
        return math.prod(len(starts) for starts in self._starts)

    def __iter__(self) -> Iterator[Slab]:
        """Each slab as soon as no further window reaches it; it is gone when the next is asked for.

        All but the first begin with the last plane of the one before, so that what lies between the
        two can be interpolated.
        """
        length, along = self._values.shape[self.axis], self._starts[self.axis]
        logits, weights = self._empty(min(self._window[self.axis], length) + 1)
        first = kept = 0
        for number in range(len(along)):
            self._add_row(number, logits, weights, first)
            end = min(along[number + 1], length) if number + 1 < len(along) else length
            done = end - first
            fresh = _planes(self.axis, slice(kept, done))
            logits[(slice(None), *fresh)] /= weights[fresh]  # in place: there is no memory for two
            ready = (slice(None), *_planes(self.axis, slice(done)))
            yield Slab(first=first, logits=logits[ready])
            self._move_on(logits, weights, done - 1)
            first, kept = end - 1, 1

    def _empty(self, planes: int) -> tuple[ClassLogits, Resampled]:
        shape = list(self._values.shape)
        shape[self.axis] = planes
        return np.zeros((self._outputs, *shape), np.float32), np.zeros(shape, np.float32)

    def _add_row(self, number: int, logits: ClassLogits, weights: Resampled, first: int) -> None:
        """Add the windows that begin in one plane to the sums."""
        rows = [s if a != self.axis else (s[number],) for a, s in enumerate(self._starts)]
        for corner in product(*rows):
            inside, part = self._parts(corner)
            answer = self._ask(self._shown(inside, part))
            weight = self._weight[inside]
            part = tuple(
                slice(p.start - first, p.stop - first) if a == self.axis else p
                for a, p in enumerate(part)
            )
            logits[(slice(None), *part)] += answer[(slice(None), *inside)] * weight
            weights[part] += weight
            self._done += 1
            self._progress(self._done, self.windows, "looking at the image")

    def _parts(self, corner: tuple[int, ...]) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
        """Where the image lies in a window, and the window in the image."""
        inside, part = [], []
        for start, side, length in zip(corner, self._window, self._values.shape, strict=True):
            low, high = max(start, 0), min(start + side, length)
            part.append(slice(low, high))
            inside.append(slice(low - start, high - start))
        return tuple(inside), tuple(part)

    def _shown(self, inside: tuple[slice, ...], part: tuple[slice, ...]) -> Resampled:
        window = np.full(self._window, self._beyond, np.float32)
        window[inside] = self._values[part]
        return window

    def _move_on(self, logits: ClassLogits, weights: Resampled, done: int) -> None:
        """Take so many planes out of the sums, and leave as many empty ones behind."""
        left = weights.shape[self.axis] - done
        kept, target = _planes(self.axis, slice(done, None)), _planes(self.axis, slice(left))
        empty = _planes(self.axis, slice(left, None))
        for sums in (weights, *logits):  # one by one: a copy of what overlaps is then small
            sums[target] = sums[kept]
            sums[empty] = 0


def importance(window: tuple[int, ...]) -> Resampled:
    """How much each voxel of a window counts: a Gaussian around its middle, 1 there."""
    weight = np.ones(window)
    for axis, side in enumerate(window):
        offsets = np.arange(side) - (side - 1) / 2
        along = np.exp(-0.5 * (offsets / (_SIGMA * side)) ** 2)
        weight *= np.expand_dims(along, [a for a in range(len(window)) if a != axis])
    return np.maximum(weight, _LEAST_WEIGHT).astype(np.float32)


def _planes(axis: int, index: slice) -> tuple[slice, ...]:
    return (*[slice(None)] * axis, index)
