"""What a run writes down: CSV for anything, events for TensorBoard, pictures for people."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image as Pixels
from tensorboardX import SummaryWriter

from vesal.images.write import replacing

_TRAINING = "train.csv"
_VALIDATION = "validation.csv"
_EVENTS = "tensorboard"
PICTURES = "pictures"


class Logs:
    """The logs of a run's folder, which go on behind what they hold.

    Args:
        folder: of the run.
        step: that the run stands at; what was logged of later ones is taken out, since they were
            lost with a kill and are about to come again.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self._folder = folder
        for name in (_TRAINING, _VALIDATION):
            _forget_after(folder / name, step)
        self._events = SummaryWriter(str(folder / _EVENTS), purge_step=step + 1)

    def taught(self, step: int, values: Mapping[str, float]) -> None:
        """Take down a step's loss, rate, ..."""
        row = [str(step), *(f"{value:.6g}" for value in values.values())]
        _append(self._folder / _TRAINING, ["step", *values], row)
        for name, value in values.items():
            self._events.add_scalar(f"training/{name}", value, step)

    def validated(self, step: int, scores: Mapping[str, float], picture: Path | None) -> None:
        """Take down the scores of a validation, and its picture if there is one."""
        row = [str(step), *(f"{score:.4f}" for score in scores.values())]
        _append(self._folder / _VALIDATION, ["step", *scores], row)
        for name, score in scores.items():
            tag = f"validation/{name.replace('@', '/')}"  # tags have no @
            self._events.add_scalar(tag, score, step)
        if picture is not None:
            with Pixels.open(picture) as pixels:
                colours = np.asarray(pixels.convert("RGB"))
            self._events.add_image("validation", colours, step, dataformats="HWC")
        self._events.flush()

    def close(self) -> None:
        """End the event file."""
        self._events.close()


def _append(path: Path, header: Sequence[str], row: Sequence[str]) -> None:
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(header)
        writer.writerow(row)


def _forget_after(path: Path, step: int) -> None:
    """Take the rows of later steps out of a log, and one that a kill left half written."""
    if not path.exists():
        return
    with path.open(newline="") as file:
        rows = [row for row in csv.reader(file) if row]
    kept = [
        row
        for row in rows[1:]
        if row[0].isdecimal() and int(row[0]) <= step and len(row) == len(rows[0])
    ]
    with replacing(path, ".csv") as temporary, temporary.open("w", newline="") as file:
        csv.writer(file).writerows([*rows[:1], *kept])
