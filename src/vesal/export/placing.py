"""SAM's rules after the decoder: which mask, and where it lies on the picture.

Written so that they export: the picture's size is a tensor, and so is the number of points.
"""

import torch
from torch import Tensor

from vesal.inference.habits import HABITS
from vesal.models import nd
from vesal.models.sam_config import SamConfig
from vesal.models.shapes import (
    AnyFeatures,
    FloatLabels,
    MaskScores,
    MasksLogits,
    PictureSize,
    TargetScores,
)

_FIRST = 1000.0
_FEW_POINTS = 2.5
_EPS = 1e-6
_MOST = 2**16  # rows of a picture


def choose(
    low: MasksLogits, scores: MaskScores, labels: FloatLabels
) -> tuple[AnyFeatures, TargetScores]:
    """One mask of four by the rule of SAM's export, and its score.

    Mask 0 for three points or more, the best of the others for fewer; corners of a box and padding
    count as points.
    """
    bonus = torch.zeros(scores.shape[1])
    bonus[0] = _FIRST
    best = (scores + (labels.shape[1] - _FEW_POINTS) * bonus).argmax(dim=1)  # (set,)
    index = best.reshape(-1, 1, *[1] * (low.ndim - 2)).expand(-1, 1, *low.shape[2:])
    return low.gather(1, index), scores.gather(1, best[:, None])


def place(low: MasksLogits, size: PictureSize, config: SamConfig) -> AnyFeatures:
    """Logits on the model's grid as logits on a picture of ``size`` (rows, columns).

    SAM-Med2D's pictures are stretched here, as in its own export and predictor; smaller ones that
    were centred in the square, as in its evaluation, are the client's to cut out of the logits.
    """
    habits = HABITS[config.family]
    picture = _lengths(size.long())
    if habits.blend == "probabilities":
        between = nd.resized(low.sigmoid(), picture).clamp(_EPS, 1 - _EPS)
        return torch.log(between) - torch.log1p(-between)
    square = nd.resized(low, (config.image_size,) * 2)
    if habits.fit == "longest":
        filled = torch.floor(size * (config.image_size / size.max()) + 0.5).clamp(min=1).long()
        rows, columns = _lengths(filled, most=config.image_size)
        square = square[:, :, :rows, :columns]
    return nd.resized(square, picture)


def _lengths(size: Tensor, most: int = _MOST) -> tuple[int, int]:
    """Two whole numbers of a tensor as lengths, which the exporter cannot know but in bounds."""
    rows, columns = size.tolist()
    for length in (rows, columns):
        torch._check(length >= 1)  # type: ignore[no-untyped-call]
        torch._check(length <= most)  # type: ignore[no-untyped-call]
    return rows, columns
