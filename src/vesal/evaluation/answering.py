"""Answers cases of the CVPR 2025 challenge as a submission does: a folder in, a folder out."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vesal.arrays import LabelArray
from vesal.datasets.challenge import SUFFIX, ChallengeCase, Clicks, read_case, write_answer
from vesal.errors import ImageError
from vesal.evaluation.method import Method
from vesal.evaluation.play import said_of
from vesal.evaluation.protocols.replies import OneByOne
from vesal.evaluation.user import Said, said_click
from vesal.progress import Progress, silent
from vesal.prompts.place import box_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came of a folder.

    Attributes:
        written: paths of the answers.
        failed: names of cases without one, and why.
    """

    written: tuple[Path, ...]
    failed: dict[str, str]


def answer_folder(
    inputs: Path, outputs: Path, method: Method, *, progress: Progress = silent
) -> Answered:
    """The answers to all cases of a folder, written under their names.

    A case that cannot be read or answered has none, and the others go on.

    Raises:
        ImageError: no case in the folder.
        ResourceError: the disk refuses an answer.
    """
    cases = sorted(inputs.glob(f"*{SUFFIX}"))
    if not cases:
        msg = f"{inputs} holds no {SUFFIX} file of the challenge"
        raise ImageError(msg)
    written: list[Path] = []
    failed: dict[str, str] = {}
    for number, path in enumerate(cases):
        progress(number, len(cases), path.name)
        try:
            labels = answer(read_case(path), method)
        except Exception as error:  # noqa: BLE001  # whatever it is, the other cases go on
            failed[path.name] = said_of(error)
            continue
        write_answer(outputs / path.name, labels)
        written.append(outputs / path.name)
    return Answered(written=tuple(written), failed=failed)


def answer(case: ChallengeCase, method: Method) -> LabelArray:
    """The label map of a case after all rounds so far, which are gone through again.

    What came before is in the case only as a map; a session goes on from its own logits, so that
    the answer is the very one that a model gives that was there all the time. Where answers overlap
    the later object has the voxel.
    """
    asked = OneByOne(method, case.image)
    labels: LabelArray = np.zeros(case.image.grid.shape, np.uint8)
    for said in _rounds(case):
        labels = np.zeros(case.image.grid.shape, np.uint8)
        for value, reply in enumerate(asked.replies(said), 1):
            labels[reply.mask] = value
    return labels


def _rounds(case: ChallengeCase) -> list[list[Said | None]]:
    """What was said of each object, round by round."""
    grid = case.image.grid
    rounds: list[list[Said | None]] = []
    if case.boxes:
        boxes = [box_on(grid, one.solid) for one in case.boxes]
        rounds.append([Said(prompts=(box,), words="box") for box in boxes])
    count = max((len(one.order) for one in case.clicks), default=0)
    said = [[said_click(p, grid) if p else None for p in _placed(one)] for one in case.clicks]
    rounds += [[one[n] if n < len(one) else None for one in said] for n in range(count)]
    return rounds


def _placed(clicks: Clicks) -> list[tuple[tuple[int, ...], bool] | None]:
    """The clicks in the order in which they were made."""
    sides = {True: iter(clicks.inside), False: iter(clicks.outside)}
    return [None if side is None else (next(sides[side]), side) for side in clicks.order]
