"""Pictures of what was evaluated: image, truth, mask and clicks of one object."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vesal.datasets.open import open_pair
from vesal.datasets.opened import Opened
from vesal.datasets.pair import Pair
from vesal.errors import VesalError
from vesal.evaluation.evaluate import Evaluated
from vesal.evaluation.item import Item, items_of
from vesal.evaluation.job import Settings
from vesal.evaluation.results import Played
from vesal.evaluation.row import Row
from vesal.evaluation.user import clicked
from vesal.geometry.grid import Grid
from vesal.images import Mask
from vesal.images.picture import Mark
from vesal.images.picture import Row as Scene


class Gallery:
    """The pictures of an evaluation; the image that was opened last is kept.

    Args:
        evaluated: what was found.
        settings: under which.
    """

    def __init__(self, evaluated: Evaluated, settings: Settings) -> None:
        self._settings = settings
        self._views = {one.name: one.view for one in settings.chosen().variants}
        self._pairs = {pair.name: pair for pair in evaluated.data.pairs}
        self._found: dict[tuple[str, str, str, str], tuple[str, Played]] = {}
        for (model, case), result in evaluated.results.items():
            for one in result.found:
                row = one.rows[-1]
                self._found[model, row.case, row.variant, row.object] = (case, one)
        self._last: tuple[Pair, Opened] | None = None

    def scene(self, row: Row) -> Scene | None:
        """The object of a row with its last mask; None where the image can no longer be read."""
        case, found = self._found[row.model, row.case, row.variant, row.object]
        try:
            opened = self._opened(self._pairs[case])
        except (VesalError, OSError):
            return None
        item = self._item(opened, row, found.part)
        if item is None:
            return None
        last = found.rows[-1]
        shown = item.scored
        return Scene(
            image=shown,
            mask=Mask(array=found.mask.full(), grid=shown.grid, source=shown.source),
            title=f"{last.object}, {last.case}",
            details=(f"Dice {last.dice:.2f} after {last.clicks} clicks", last.model),
            known=Mask(array=item.target.patch.full(), grid=shown.grid, source=shown.source),
            marks=marks_of(found.rows, item.image.grid),
        )

    def _item(self, opened: Opened, row: Row, part: str) -> Item | None:
        alone = tuple(target for target in opened.targets if target.name == row.object)
        view = self._views.get(row.variant, "whole")
        found = items_of(replace(opened, targets=alone), view)
        return next((item for item in found if item.part == part), None)

    def _opened(self, pair: Pair) -> Opened:
        if self._last is None or self._last[0] != pair:
            settings = self._settings
            opened = open_pair(pair, resample=settings.resample, only=settings.only)
            self._last = (pair, opened)
        return self._last[1]


def marks_of(rows: Sequence[Row], grid: Grid) -> tuple[Mark, ...]:
    """The clicks of an object, from the grid that the method was shown to the world."""
    placed = [clicked(row.prompt) for row in rows]
    return tuple(
        Mark(point_mm=tuple(grid.to_world(np.array([one[0]], np.float64))[0]), positive=one[1])
        for one in placed
        if one is not None
    )
