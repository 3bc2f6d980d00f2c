"""What a 2D model said when it was asked about a slice: asked the same again, it says the same."""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from vesal.arrays import Corners, Intensities, PagePoints, PageValues, PointFlags
from vesal.geometry.patch import Patch
from vesal.inference.answer import Evidence
from vesal.inference.slice_reader import SliceReader
from vesal.inference.slices import Slices

_MOST = 128  # pixels along a side of what is kept as evidence


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """All that a model is told about one slice."""

    points: PagePoints
    positive: PointFlags
    corners: Corners | None
    """Lowest and highest corner of a box on the page."""
    previous: Intensities | None
    """Logits to improve, at the model's own resolution."""

    def same_as(self, other: "Question") -> bool:
        """Whether the answer would be the same."""
        return (
            np.array_equal(self.points, other.points)
            and np.array_equal(self.positive, other.positive)
            and _equal(self.corners, other.corners)
            and _equal(self.previous, other.previous)
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SliceLook:
    """A slice that the model was asked about, in some hundred kilobytes."""

    question: Question
    coarse: Intensities
    """Logits at the model's own resolution."""
    raw: Patch
    """What the model takes for the object, whatever the user said, on the image's grid."""
    evidence: Evidence
    """Its logits on the slice, at most 128 a side."""
    score: float | None


def look_at(reader: SliceReader, number: int, question: Question) -> SliceLook:
    """The slice as the model sees it."""
    reading = reader.read(
        number,
        points=question.points,
        positive=question.positive,
        corners=question.corners,
        previous=question.previous,
    )
    slices = reader.slices
    return SliceLook(
        question=question,
        coarse=reading.coarse,
        raw=slices.patch(number, reading.page > 0),
        evidence=_evidence(slices, number, reading.page),
        score=reading.score,
    )


def _evidence(slices: Slices, number: int, page: PageValues) -> Evidence:
    counts = (min(page.shape[0], _MOST), min(page.shape[1], _MOST))
    small = functional.adaptive_avg_pool2d(torch.from_numpy(page)[None], counts)[0]
    return Evidence(grid=slices.coarse_grid(number, counts), logits=slices.laid(small.numpy()))


def _equal(one: Intensities | Corners | None, other: Intensities | Corners | None) -> bool:
    if one is None or other is None:
        return one is other
    return one is other or np.array_equal(one, other)
