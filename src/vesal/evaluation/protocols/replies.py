"""How the challenge's loop asks a method: object by object, or for all of a case in one go."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vesal.arrays import LabelArray, MaskArray
from vesal.datasets.challenge import FORMAT, Clicks, read_case
from vesal.errors import ConfigError
from vesal.evaluation.method import Method, Submission, Trial
from vesal.evaluation.play import said_of
from vesal.evaluation.user import Said, clicked
from vesal.images import Image
from vesal.usage import Usage, measuring


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reply:
    """What an object has after a round.

    Attributes:
        mask: on the image's grid.
        used: what the answer took; nothing where nothing was asked.
        stability: see `Trial`.
        error: why there is no answer, "" if there is one.
    """

    mask: MaskArray
    used: Usage
    stability: float | None = None
    error: str = ""


class OneByOne:
    """Asks a method for each object on its own, as a session does.

    Args:
        method: what answers.
        image: the image.
    """

    def __init__(self, method: Method, image: Image) -> None:
        self._method, self._image = method, image
        self._trials: dict[int, Trial] = {}
        self._last: dict[int, Reply] = {}
        self.seconds = 0.0
        """What the last round took, for all objects."""

    def replies(self, said: Sequence[Said | None]) -> list[Reply]:
        """The answers to what is said of each object."""
        replies = [self._reply(number, words) for number, words in enumerate(said)]
        self.seconds = sum(reply.used.seconds for reply in replies)
        return replies

    def _reply(self, number: int, words: Said | None) -> Reply:
        last = self._last.get(number)
        if last is None:
            last = Reply(mask=np.zeros(self._image.grid.shape, np.bool_), used=Usage())
        if words is None or last.error:
            reply = Reply(mask=last.mask, used=Usage(), stability=last.stability, error=last.error)
        else:
            reply = self._asked(number, words)
        self._last[number] = reply
        return reply

    def _asked(self, number: int, words: Said) -> Reply:
        used = Usage()
        try:
            with measuring() as used:
                if number not in self._trials:
                    self._trials[number] = self._method.begin(self._image)
                mask = self._trials[number].add(words.prompts)
            return Reply(mask=mask, used=used, stability=self._trials[number].stability)
        except Exception as error:  # noqa: BLE001  # a model that breaks has failed, not the run
            nothing = np.zeros(self._image.grid.shape, np.bool_)
            return Reply(mask=nothing, used=used, error=said_of(error))


class InOneGo:
    """Asks a submission for all objects of a case of the challenge at once.

    Args:
        submission: what answers.
        image: of a case file.

    Raises:
        ConfigError: the image is not from a file of the challenge.
    """

    def __init__(self, submission: Submission, image: Image) -> None:
        if image.source.format != FORMAT or image.source.path is None:
            msg = (
                f"{submission.name} reads npz files of the challenge, {image.source.name} is none; "
                "give a folder of them"
            )
            raise ConfigError(msg)
        self._submission = submission
        self._case = replace(read_case(image.source.path), truth=None, clicks=(), previous=None)
        self.seconds = 0.0
        """What the last round took, loading the model included."""

    def replies(self, said: Sequence[Said | None]) -> list[Reply]:
        """The answers to what is said of each object; without boxes nothing is asked at first."""
        boxed = any(words is not None and words.words == "box" for words in said)
        if not boxed and not self._case.clicks and not any(said):
            self.seconds = 0.0
            nothing = np.zeros(self._case.image.grid.shape, np.bool_)
            return [Reply(mask=nothing, used=Usage()) for _ in said]
        if not boxed:
            known = self._case.clicks or (Clicks(),) * len(said)
            clicks = tuple(map(_with_click, known, said))
            previous = self._case.previous
            if previous is None:
                previous = np.zeros(self._case.image.grid.shape, np.uint8)
            self._case = replace(self._case, clicks=clicks, previous=previous)
        labels, used, error = self._asked()
        self.seconds = used.seconds
        self._case = replace(self._case, previous=labels)
        share = Usage(seconds=used.seconds / max(1, len(said)), memory_mib=used.memory_mib)
        return [
            Reply(mask=np.asarray(labels == value), used=share, error=error)
            for value in range(1, len(said) + 1)
        ]

    def _asked(self) -> tuple[LabelArray, Usage, str]:
        used, error = Usage(), ""
        labels: LabelArray = np.zeros(self._case.image.grid.shape, np.uint8)
        try:
            with measuring() as used:
                labels = self._submission.answer(self._case)
        except Exception as failure:  # noqa: BLE001  # whatever it is, the round is lost, not the run
            error = said_of(failure)
        return labels, used, error


def _with_click(known: Clicks, said: Said | None) -> Clicks:
    """The clicks of an object with the newest; None in their order where none was needed."""
    placed = clicked(said.words) if said is not None else None
    if placed is None:
        return replace(known, order=(*known.order, None))
    voxel, positive = placed
    at = (voxel[0], voxel[1], voxel[2])
    if positive:
        return replace(known, inside=(*known.inside, at), order=(*known.order, True))
    return replace(known, outside=(*known.outside, at), order=(*known.order, False))
