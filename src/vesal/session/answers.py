"""Answers to all that was said of an object: a pure function of it, remembered for a while.

An answer depends on what was said and in which order, and on nothing else; one that was forgotten
is found again by saying the same anew, with the same bits.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace

from vesal.geometry.grid import Grid
from vesal.geometry.patch import Patch
from vesal.inference.answer import Answer, Predictor
from vesal.inference.request import Request, request_of
from vesal.progress import Progress
from vesal.prompts import Box, MaskPrompt, Prompt
from vesal.session.objects import Batch, Objects

_REMEMBERED = 24  # answers; each holds what its model goes on from
_Said = tuple[Batch, ...]


class Answers:
    """What a model says to batches of prompts.

    Args:
        predictor: shows the image to the model.
        grid: of the image.
    """

    def __init__(self, predictor: Predictor, grid: Grid) -> None:
        self._predictor = predictor
        self._grid = grid
        self._known: OrderedDict[_Said, Answer] = OrderedDict()
        self._given: dict[_Said, Patch] = {}

    def trust(self, moments: Iterable[Objects]) -> None:
        """Take the masks of these moments for answers, instead of asking the model.

        For masks that another model made, which this one could not find again.
        """
        for objects in moments:
            for one in objects.every:
                if one.outline is not None:
                    self._given[one.batches] = one.outline.patch

    def anew(self) -> "Answers":
        """The same without any memory of what was answered."""
        return Answers(self._predictor, self._grid)

    def forgetting(self, predictor: Predictor) -> "Answers":
        """The same for a predictor that has encoded nothing yet; what is trusted stays."""
        answers = Answers(predictor, self._grid)
        answers._given = self._given
        return answers

    @property
    def held_bytes(self) -> int:
        """Memory that can be had back by `forgetting`."""
        logits = sum(one.logits.nbytes for a in self._known.values() for one in a.evidence)
        return self._predictor.held_bytes + 2 * logits  # a memory holds about what the evidence has

    def of(self, said: _Said, progress: Progress) -> Answer:
        """The answer to all batches, one after the other.

        Raises:
            PromptError: a prompt that does not fit the image.
            ImageError: a part of the image that the model cannot look at.
        """
        first = len(said)
        while first and said[:first] not in self._known and said[:first] not in self._given:
            first -= 1
        answer = self._remembered(said[:first]) if first else None
        for count in range(first + 1, len(said) + 1):
            answer = self._next(answer, said[:count], progress)
            self._remember(said[:count], answer)
        return answer if answer is not None else Answer(mask=Patch.empty(self._grid.shape))

    def _remembered(self, said: _Said) -> Answer:
        if said in self._known:
            self._known.move_to_end(said)
            return self._known[said]
        return Answer(mask=self._given[said])

    def _remember(self, said: _Said, answer: Answer) -> None:
        self._known[said] = answer
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    def _next(self, last: Answer | None, said: _Said, progress: Progress) -> Answer:
        """The answer to the newest batch, after the last answer."""
        request = request_of([prompt for batch in said for prompt in batch], self._grid)
        newest = said[-1]
        begun = [p for p in newest if isinstance(p, MaskPrompt) and p.positive]
        if begun:
            last = Answer(mask=begun[-1].patch)
        if all(_takes_no_model(prompt) for prompt in newest):
            return self._kept_to(request, last or Answer(mask=Patch.empty(self._grid.shape)))
        return self._predictor.predict(request, previous=last, progress=progress)

    def _kept_to(self, request: Request, last: Answer) -> Answer:
        """The last answer, kept to all that was said: no model is needed for that."""
        mask = request.settled(last.mask.array(), last.mask.start, self._grid)
        notes = tuple(dict.fromkeys((*last.notes, *request.notes)))
        return replace(last, mask=mask, notes=notes)


def _takes_no_model(prompt: Prompt) -> bool:
    """Whether a prompt says by itself what the mask is: one to begin with, or where to stay out."""
    return isinstance(prompt, MaskPrompt) or (isinstance(prompt, Box) and not prompt.positive)
