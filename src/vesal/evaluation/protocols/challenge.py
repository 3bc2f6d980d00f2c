"""The CVPR 2025 challenge: all objects of an image in turns, a box, then five clicks each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vesal.arrays import LabelArray, MaskArray
from vesal.evaluation.metrics import dice
from vesal.evaluation.protocols.protocol import Protocol
from vesal.evaluation.surface import surface_dice

ROUNDS = 6
"""One with boxes, five with clicks."""

LEAST_DICE = 0.2
"""Where the mean Dice of a round is not above it, the organisers measure no surfaces: NSD is 0."""

CVPR_2025 = Protocol(
    name="cvpr-2025",
    source=(
        "Foundation Models for Interactive 3D Biomedical Image Segmentation, CVPR 2025: the "
        "organisers' evaluator of 2025-06-03. A box (that of the middle slice, over all slices), "
        "then five clicks for each object, all objects in turns; each click in the middle of the "
        "largest 26-connected piece of error, false positives and negatives together, by distance "
        "in voxels, ties drawn with NumPy's seed 42. Areas under the curve are over the five "
        "clicks, so at most 4. NSD within 2 mm, 0 where the mean Dice is not above 0.2. The "
        "organisers measure with the spacing as stored (x, y, z) on arrays in z, y, x: that is "
        "cvpr-2025-as-stored.csv, to compare with published figures; cvpr-2025.csv has the axes "
        "right. Not copied: cases without an output are counted, and a round that fails counts as "
        "an empty mask instead of the last one. Where an object has no box, its first round is 0."
    ),
    variants=(),
    reported=(1, 2, 3, 4, 5),
    tolerance_mm=2.0,
    together=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundScore:
    """Means over the objects of an image after one round."""

    seconds: float
    dice: float
    nsd: float
    """With the axes right."""
    nsd_as_stored: float
    """As the organisers measure it."""


def round_score(
    labels: LabelArray,
    truths: Sequence[MaskArray],
    spacing_mm: tuple[float, ...],
    seconds: float,
) -> RoundScore:
    """The scores of one label map, in which object 1 is the first of the true masks.

    Args:
        labels: what was answered.
        truths: the true masks, none of them empty.
        spacing_mm: along the axes of the arrays, in the challenge's order z, y, x.
        seconds: that the answers took together.
    """
    masks = [labels == number for number in range(1, len(truths) + 1)]
    pairs = list(zip(masks, truths, strict=True))
    mean_dice = float(np.mean([dice(*pair) for pair in pairs]))
    nsd = [0.0, 0.0]
    if mean_dice > LEAST_DICE:
        nsd = [
            float(np.mean([surface_dice(*pair, order, CVPR_2025.tolerance_mm) for pair in pairs]))
            for order in (spacing_mm, spacing_mm[::-1])
        ]
    return RoundScore(seconds=seconds, dice=mean_dice, nsd=nsd[0], nsd_as_stored=nsd[1])


def area(values: Sequence[float]) -> float:
    """The area under the curve of the five click rounds, by trapezoids of width 1: at most 4.

    Args:
        values: of all six rounds; that of the box is not in it.
    """
    clicks = values[1:]
    return float(sum(clicks) - (clicks[0] + clicks[-1]) / 2)
