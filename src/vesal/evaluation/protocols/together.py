"""Plays the challenge's protocol: all objects of an image in turns, on one label map."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vesal.arrays import LabelArray
from vesal.datasets.opened import Opened
from vesal.evaluation.item import items_of
from vesal.evaluation.method import Method, Submission
from vesal.evaluation.play import about_item, with_score
from vesal.evaluation.protocols.challenge import (
    ROUNDS,
    RoundScore,
    boxes_of,
    click_in,
    round_score,
)
from vesal.evaluation.protocols.protocol import Protocol
from vesal.evaluation.protocols.replies import InOneGo, OneByOne, Reply
from vesal.evaluation.results import Played, Result
from vesal.evaluation.row import Row
from vesal.evaluation.score import measured
from vesal.evaluation.user import Said
from vesal.geometry.patch import Patch

VARIANT = "box, then clicks"


def play_together(method: Method, opened: Opened, protocol: Protocol, start: Row) -> Result:
    """What a method makes of an image with all its objects (see `challenge.CVPR_2025`).

    Objects are numbered in the order of their targets; where answers overlap the later one has the
    voxel. What a method fails in is an empty mask.

    Args:
        method: asked for each object on its own, or for all at once if it is a submission.
        opened: the image.
        protocol: the challenge's.
        start: what is the same in all rows.

    Raises:
        ConfigError: the file's boxes are those of other objects.
    """
    if opened.image.grid.ndim != 3:
        return Result(key="", problem=f"{protocol.name} needs volumes, got a raster")
    game = _Game(opened, protocol, start)
    asked = (
        InOneGo(method, opened.image)
        if isinstance(method, Submission)
        else OneByOne(method, opened.image)
    )
    for number in range(ROUNDS if opened.targets else 0):
        said = game.said(number)
        replies = asked.replies(said)
        game.take_down(number, said, replies, asked.seconds)
    return game.result()


class _Game:
    """An image, and what was answered so far.

    Args:
        opened: the image.
        protocol: the challenge's.
        start: what is the same in all rows.
    """

    def __init__(self, opened: Opened, protocol: Protocol, start: Row) -> None:
        self._opened, self._protocol = opened, protocol
        self._items = list(items_of(opened, "whole"))
        self._boxes = boxes_of(opened)
        self._starts = [about_item(start, item, VARIANT) for item in self._items]
        self._rows: list[list[Row]] = [[] for _ in self._items]
        self._labels: LabelArray = np.zeros(opened.image.grid.shape, np.uint16)
        self._rounds: list[RoundScore] = []

    def said(self, number: int) -> tuple[Said | None, ...]:
        """What the user says of each object in a round."""
        if number == 0:
            return self._boxes
        return tuple(
            click_in(item, np.asarray(self._labels == value))
            for value, item in enumerate(self._items, 1)
        )

    def take_down(
        self, number: int, said: Sequence[Said | None], replies: Sequence[Reply], seconds: float
    ) -> None:
        """Lay the answers on one map, and note how good it is."""
        self._labels = np.zeros(self._opened.image.grid.shape, np.uint16)
        for value, reply in enumerate(replies, 1):
            self._labels[reply.mask] = value
        for n, (words, reply) in enumerate(zip(said, replies, strict=True)):
            self._rows[n].append(self._row(n, number, words, reply))
        truths = [item.truth for item in self._items]
        image = self._opened.image
        self._rounds.append(round_score(self._labels, truths, image, seconds))

    def result(self) -> Result:
        """All rows, the last masks, and the scores of the image as a whole."""
        found = tuple(
            Played(part="", rows=tuple(rows), mask=Patch.of(np.asarray(self._labels == value)))
            for value, rows in enumerate(self._rows, 1)
        )
        tables = _tables(self._rounds) if found else None
        return Result(key="", found=found, notes=_notes(self._opened), tables=tables)

    def _row(self, n: int, number: int, words: Said | None, reply: Reply) -> Row:
        before = self._rows[n][-1].clicks if self._rows[n] else 0
        row = replace(
            self._starts[n],
            round=number,
            clicks=before + (number > 0 and words is not None),
            prompt=words.words if words else "",
            seconds=reply.used.seconds,
            memory_mib=reply.used.memory_mib or None,
            stability=reply.stability,
            status="failed" if reply.error else "done",
            message=reply.error,
        )
        mask = np.asarray(self._labels == n + 1)
        grid, tolerance = self._opened.image.grid, self._protocol.tolerance_mm
        found = measured(mask, self._items[n].truth, grid, tolerance_mm=tolerance)
        return with_score(row, found)


def no_scores() -> dict[str, list[float]]:
    """What is measured of a case in which nothing was answered."""
    return _tables([RoundScore(seconds=0.0, dice=0.0, nsd=0.0, nsd_as_stored=0.0)] * ROUNDS)


def _tables(rounds: Sequence[RoundScore]) -> dict[str, list[float]]:
    return {
        "seconds": [one.seconds for one in rounds],
        "dice": [one.dice for one in rounds],
        "nsd": [one.nsd for one in rounds],
        "nsd as stored": [one.nsd_as_stored for one in rounds],
    }


def _notes(opened: Opened) -> tuple[str, ...]:
    whole = Patch.empty(opened.image.grid.shape)
    for target in opened.targets:
        whole = whole.union(target.patch)
    if whole.count == sum(target.patch.count for target in opened.targets):
        return ()
    return (f"{opened.pair.name}: its structures overlap, which one label map cannot hold",)
