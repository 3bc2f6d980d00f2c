"""The CVPR 2025 challenge: all objects of an image in turns, a box, then five clicks each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from vesal.arrays import LabelArray, MaskArray
from vesal.datasets.challenge import FORMAT, read_case
from vesal.datasets.opened import Opened
from vesal.errors import ConfigError
from vesal.evaluation.item import Item
from vesal.evaluation.metrics import dice
from vesal.evaluation.protocols.protocol import Protocol
from vesal.evaluation.surface import surface_dice
from vesal.evaluation.user import Said, generator_for, said_click
from vesal.images import Image
from vesal.prompts.place import box_on
from vesal.prompts.simulate_challenge import ChallengeBox, challenge_box, challenge_click

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
    labels: LabelArray, truths: Sequence[MaskArray], image: Image, seconds: float
) -> RoundScore:
    """The scores of one label map, in which object 1 is the first of the true masks.

    Args:
        labels: what was answered.
        truths: the true masks, none of them empty.
        image: on whose grid they are.
        seconds: that the answers took together.
    """
    masks = [np.asarray(labels == number) for number in range(1, len(truths) + 1)]
    pairs = list(zip(masks, truths, strict=True))
    mean_dice = float(np.mean([dice(*pair) for pair in pairs]))
    spacing = image.grid.spacing_mm
    nsd = [0.0, 0.0]
    if mean_dice > LEAST_DICE:
        nsd = [
            float(np.mean([surface_dice(*pair, order, CVPR_2025.tolerance_mm) for pair in pairs]))
            for order in (spacing, spacing[::-1])
        ]
    return RoundScore(seconds=seconds, dice=mean_dice, nsd=nsd[0], nsd_as_stored=nsd[1])


def click_in(item: Item, seen: MaskArray) -> Said | None:
    """The challenge's next click for an object; None where there is no error."""
    turned = _in_file_order(item.image)
    placed = challenge_click(turned(item.truth), turned(seen))
    if placed is None:
        return None
    voxel, positive = placed
    return said_click((voxel if _is_npz(item.image) else voxel[::-1], positive), item.image.grid)


def boxes_of(opened: Opened) -> tuple[Said | None, ...]:
    """The first prompt of each target: the file's box, or one made by the challenge's rule.

    A file of the challenge may have no boxes, on purpose. Where they are made the shift is drawn
    by the names of case and structure, as the organisers' own draws cannot be had again.

    Raises:
        ConfigError: the file has boxes for another number of objects.
    """
    image, targets = opened.image, opened.targets
    boxes: Sequence[ChallengeBox | None]
    if not _is_npz(image):
        turned = _in_file_order(image)
        names = (CVPR_2025.name, opened.pair.name)
        boxes = [
            challenge_box(turned(target.patch.full()), generator_for(*names, target.name))
            for target in targets
        ]
    else:
        boxes = read_case(opened.pair.image).boxes or [None] * len(targets)
    if len(boxes) != len(targets):
        msg = (
            f"{opened.pair.name} has boxes for {len(boxes)} objects, but {len(targets)} are to be "
            "found: do not choose some of them"
        )
        raise ConfigError(msg)
    return tuple(None if box is None else _said_box(box, image) for box in boxes)


def _said_box(box: ChallengeBox, image: Image) -> Said:
    """The box over all its slices, as a prompt."""
    low, high = box.solid
    if not _is_npz(image):
        low, high = low[::-1], high[::-1]
    return Said(prompts=(box_on(image.grid, (low, high)),), words="box")


def _is_npz(image: Image) -> bool:
    """Whether an image is from a file of the challenge, whose arrays are z, y, x."""
    return image.source.format == FORMAT


def _in_file_order(image: Image) -> Callable[[MaskArray], MaskArray]:
    """What turns a mask on the image's grid into the challenge's order of axes."""
    if _is_npz(image):
        return lambda mask: mask
    return lambda mask: np.ascontiguousarray(mask.transpose())


def area(values: Sequence[float]) -> float:
    """The area under the curve of the five click rounds, by trapezoids of width 1: at most 4.

    Args:
        values: of all six rounds; that of the box is not in it.
    """
    clicks = values[1:]
    return float(sum(clicks) - (clicks[0] + clicks[-1]) / 2)
