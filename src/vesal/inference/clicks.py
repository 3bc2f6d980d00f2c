"""All clicks of one object, and what they demand of a mask whatever the model says."""

from dataclasses import dataclass

import numpy as np

from vesal.arrays import Intensities, MaskArray, PointFlags, PointsMm
from vesal.geometry.components import pieces_at
from vesal.geometry.grid import Grid
from vesal.prompts import Box

_SURE = 4.0  # logit that a clicked voxel has at least


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clicks:
    """Points in world mm, and whether each belongs to the object."""

    points_mm: PointsMm
    positive: PointFlags
    made: PointFlags | None = None
    """Which of them the user made, and not a drawing that they stand for; None for all."""

    @classmethod
    def none(cls, ndim: int) -> "Clicks":
        """No click, in so many axes."""
        return cls(points_mm=np.zeros((0, ndim)), positive=np.zeros(0, np.bool_))

    @property
    def own(self) -> PointFlags:
        """Whether the user made each of them."""
        return np.ones(len(self.positive), np.bool_) if self.made is None else self.made

    def started(self, box: Box | None) -> "Clicks":
        """The clicks behind one in the middle of the box, where none says what is inside.

        For models that know no boxes.
        """
        return self if box is None or self.positive.any() else self.led_by(box)

    def led_by(self, box: Box) -> "Clicks":
        """The clicks behind one in the middle of the box, which the user did not make."""
        return Clicks(
            points_mm=np.concatenate([np.array([box.middle_mm]), self.points_mm]),
            positive=np.append(True, self.positive),
            made=np.append(False, self.own),
        )

    def only(self, chosen: PointFlags | slice | list[int]) -> "Clicks":
        """The chosen ones of the clicks; in another order, if numbers say so."""
        return Clicks(
            points_mm=self.points_mm[chosen], positive=self.positive[chosen], made=self.own[chosen]
        )

    def in_sight(self, grid: Grid) -> "Clicks":
        """The clicks that lie in a grid."""
        return self.only(grid.contains(grid.to_index(self.points_mm)))

    def begins_with(self, first: "Clicks") -> bool:
        """Whether these are the other clicks and perhaps more."""
        count = len(first.positive)
        return np.array_equal(self.points_mm[:count], first.points_mm) and np.array_equal(
            self.positive[:count], first.positive
        )

    def voxels(self, grid: Grid) -> list[tuple[tuple[int, ...], bool]]:
        """The voxel of each click that lies in the grid, and whether it is positive."""
        seen = self.in_sight(grid)
        voxels = [tuple(voxel) for voxel in grid.nearest(seen.points_mm).tolist()]
        return list(zip(voxels, seen.positive.tolist(), strict=True))

    def obeyed(self, logits: Intensities, grid: Grid) -> Intensities:
        """The logits with each clicked voxel on the side that its click says."""
        obedient = logits.copy()
        for voxel, positive in self.voxels(grid):
            here = obedient[voxel]
            obedient[voxel] = max(here, _SURE) if positive else min(here, -_SURE)
        return obedient

    def joined(self, mask: MaskArray, grid: Grid) -> MaskArray:
        """The pieces of the mask that hold a positive click; all of it if none is in the grid."""
        held = [voxel for voxel, positive in self.voxels(grid) if positive]
        return pieces_at(mask, held) if held else mask
