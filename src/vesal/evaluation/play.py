"""Plays a way of prompting on one object: the simulated user speaks, the method answers."""

from dataclasses import replace

import numpy as np

from vesal.arrays import MaskArray
from vesal.datasets.pair import Pair
from vesal.errors import PromptError, VesalError, lacks_memory
from vesal.evaluation.item import Item
from vesal.evaluation.method import Method, Trial
from vesal.evaluation.protocols.protocol import Protocol, Variant
from vesal.evaluation.results import Played
from vesal.evaluation.row import Row
from vesal.evaluation.score import Score, measured
from vesal.evaluation.user import Said, Sight, generator_for
from vesal.geometry.patch import Patch
from vesal.usage import measuring


def play(method: Method, item: Item, variant: Variant, protocol: Protocol, start: Row) -> Played:
    """What a method makes of one object.

    The user stops when mask and truth are equal. A method that fails, in whatever way, has an
    empty mask from there on, and its error is in the last row.

    Args:
        method: what answers.
        item: the object.
        variant: how it is prompted.
        protocol: what is measured.
        start: a row that says what is the same in all rounds; draws at random follow from its
            names, and not from the method's, so that all methods meet the same user.
    """
    rng = generator_for(protocol.name, variant.name, start.case, start.object)
    told = _Told(item, variant, protocol, rng, start)
    try:
        trial = method.begin(item.image)
        for number in range(0 if variant.first else 1, variant.clicks + 1):
            said = told.next(number)
            if said is None:
                break
            told.answer(number, said, trial)
        if not told.rows:
            told.fail(PromptError("the object has no voxel on the grid that the method is shown"))
    except Exception as error:  # noqa: BLE001  # a model that breaks has failed, and others go on
        told.fail(error)
    return Played(part=item.part, rows=tuple(told.rows), mask=Patch.of(told.native))


class _Told:
    """What was said so far, and what came of it."""

    def __init__(
        self,
        item: Item,
        variant: Variant,
        protocol: Protocol,
        rng: np.random.Generator,
        start: Row,
    ) -> None:
        self._item, self._variant, self._protocol, self._rng = item, variant, protocol, rng
        self._start = start
        self._clicks = 0
        self._truth = item.target.patch.full()
        self._mask: MaskArray = np.zeros(item.truth.shape, np.bool_)
        self.native: MaskArray = np.zeros(self._truth.shape, np.bool_)
        self.rows: list[Row] = []

    def next(self, number: int) -> Said | None:
        """What the user says in a round."""
        rule = self._variant.click if number else self._variant.first
        if rule is None:
            return None
        return rule(
            Sight(
                grid=self._item.image.grid, truth=self._item.truth, mask=self._mask, rng=self._rng
            )
        )

    def answer(self, number: int, said: Said, trial: Trial) -> None:
        """Tell the method, and take down what it answers."""
        with measuring() as used:
            self._mask = trial.add(said.prompts)
        self._clicks += number > 0
        self.native = self._item.back(self._mask)
        row = replace(
            self._start,
            round=number,
            clicks=self._clicks,
            prompt=said.words,
            seconds=used.seconds,
            memory_mib=used.memory_mib,
            stability=trial.stability,
        )
        self.rows.append(with_score(row, self._measured(number)))

    def fail(self, error: Exception) -> None:
        """Count the object as not found from here on."""
        self.native = np.zeros(self._truth.shape, np.bool_)
        number = self.rows[-1].round + 1 if self.rows else int(self._variant.first is None)
        number = min(number, max(self._variant.clicks, 0))
        row = replace(
            self._start,
            round=number,
            clicks=self._clicks,
            prompt="",
            status="failed",
            message=said_of(error),
        )
        self.rows.append(with_score(row, self._measured(number)))

    def _measured(self, number: int) -> Score:
        surfaces = number == 0 or number in self._protocol.reported
        return measured(
            self.native,
            self._truth,
            self._item.scored.grid,
            tolerance_mm=self._protocol.tolerance_mm,
            surfaces=surfaces,
        )


def start_row(pair: Pair, model: str, seen: bool | None = None) -> Row:
    """What is the same in all rows of a case.

    Args:
        pair: the case.
        model: name of the method.
        seen: whether it was trained on such images; what the data say of it comes first.
    """
    return Row(
        model=model,
        variant="",
        case=pair.name,
        patient=pair.whose,
        dataset=pair.dataset,
        modality=pair.modality,
        object="",
        seen=seen if pair.seen is None else pair.seen,
        truth_voxels=0,
        truth_ml=None,
        cut_off=False,
        round=0,
        clicks=0,
        prompt="",
        dice=0.0,
        iou=0.0,
    )


def about_item(start: Row, item: Item, variant: str) -> Row:
    """The row's facts of an object."""
    patch, grid = item.target.patch, item.scored.grid
    count = patch.count
    in_mm = grid.ndim == 3 and item.scored.source.spacing_known
    ends = zip(patch.start, patch.shape, grid.shape, strict=True)
    return replace(
        start,
        variant=variant,
        case=f"{start.case} {item.part}".strip(),
        object=item.target.name,
        truth_voxels=count,
        truth_ml=count * grid.voxel_volume_mm3 / 1000 if in_mm else None,
        cut_off=any(whole > 1 and (a == 0 or a + n == whole) for a, n, whole in ends),
    )


def with_score(row: Row, found: Score) -> Row:
    """A row with what was measured."""
    volume = None
    if row.truth_ml is not None:
        volume = found.voxels * row.truth_ml / row.truth_voxels
    return replace(
        row,
        dice=found.dice,
        iou=found.iou,
        nsd=found.nsd,
        hd95_mm=found.hd95_mm,
        assd_mm=found.assd_mm,
        voxels=found.voxels,
        volume_ml=volume,
    )


def said_of(error: Exception) -> str:
    """An error as one sentence for a table."""
    if isinstance(error, VesalError):
        return " ".join(str(error).split())
    if lacks_memory(error):
        return "the memory of this machine was used up"
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
