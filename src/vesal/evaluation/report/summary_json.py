"""All summaries as JSON, for programs."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from vesal.evaluation.report.about import About
from vesal.evaluation.report.comparisons import Contest
from vesal.evaluation.report.summary import Summary
from vesal.images.write import write_text

_VERSION = 1

LEGEND = {
    "null": (
        "not measured, or not finite: JSON has no infinity. Distances are infinite where a mask is "
        "empty; hd95 and assd say how many are (infinite) beside the median of the others."
    ),
    "dice, nsd": (
        "mean over objects, each with the same weight, with a 95 % bootstrap interval (low, high) "
        "that draws whole patients where there are at least 5 of them, else objects (resampled)"
    ),
    "by_modality, by_dataset": "mean of the mean Dice of each modality or data set",
    "moments": "after so many clicks; 0 is the first prompt; who stopped earlier keeps the mask",
    "volume_error": "(mask - truth) / truth in volume",
    "efforts": "clicks to reach that Dice; objects that never reach it count with the most clicks",
    "lost": "share of objects with Dice below 0.3 after 5 clicks, or the last",
    "falls": "share of further rounds that lowered Dice",
    "first, further": "seconds of first rounds (encoding included), and of further ones",
    "best": "mean of the best Dice of the clicks; only SAM-Med3D's old script reported that",
}


def write_summary(
    path: Path, about: About, summaries: Sequence[Summary], contests: Sequence[Contest]
) -> Path:
    """Write all summaries and comparisons in one step and return the path.

    Raises:
        ResourceError: if the disk refuses.
    """
    record = {
        "version": _VERSION,
        "legend": LEGEND,
        "about": _plain(asdict(about)),
        "summaries": [_plain(asdict(each)) for each in summaries],
        "comparisons": [_plain(asdict(each)) for each in contests],
    }
    text = json.dumps(record, indent=1, allow_nan=False, ensure_ascii=False)
    write_text(path, text + "\n")
    return path


def _plain(value: object) -> object:
    """The same without numbers that JSON cannot say."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
