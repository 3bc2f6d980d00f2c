"""Asks the model: what was said of an object in, its outline out."""

from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path

from vesal.checkpoints.identity import identity
from vesal.checkpoints.load import load_model
from vesal.geometry.grid import Grid
from vesal.images import Image
from vesal.inference.answer import Answer, Predictor
from vesal.inference.confidence import Suggestion, stability, suggestion
from vesal.inference.predictor import predictor_for
from vesal.inference.request import request_of
from vesal.inference.store import Store
from vesal.models.promptable import Promptable
from vesal.models.zoo import ZOO
from vesal.progress import Progress
from vesal.session.answers import Answers
from vesal.session.check import check_prompts
from vesal.session.header import Made
from vesal.session.objects import Batch, Object, Objects, Outline


class Outliner:
    """A model that looks at one image.

    Args:
        image: what is segmented.
        model: a name of the zoo, a weights file, or a loaded model.
        full_history: see `Session`.
        cache: folder for encoded parts of images.
        progress: told how far an answer is.

    Raises:
        VesalError: as for a `Session`.
    """

    def __init__(
        self,
        image: Image,
        model: str | Path | Promptable,
        *,
        full_history: bool,
        cache: str | Path | None,
        progress: Progress,
    ) -> None:
        loaded = load_model(model) if isinstance(model, str | Path) else model
        self._name = _name(model) if isinstance(model, str | Path) else ""
        self._model, self._full_history = loaded, full_history
        self._grid: Grid = image.grid
        self._progress = progress
        store = None if cache is None else Store(Path(cache))
        self._look: Callable[[], Predictor] = lambda: predictor_for(
            image, loaded, full_history=full_history, store=store
        )
        self._answers = Answers(self._look(), image.grid)

    @cached_property
    def made(self) -> Made:
        """What a session file says of the model; its hash takes a while for a large one."""
        weights = identity(self._model)
        return Made(name=self._name, weights=weights, full_history=self._full_history)

    def trust(self, moments: Iterable[Objects]) -> None:
        """Take the masks of these moments as they are: another model made them."""
        self._answers.trust(moments)

    @property
    def held_bytes(self) -> int:
        """Memory of all that `forget` lets go."""
        return self._answers.held_bytes

    def forget(self) -> None:
        """Let go of what was encoded and answered: it is found again when it is needed."""
        if self.held_bytes:
            self._answers = self._answers.forgetting(self._look())

    def outline(self, batches: tuple[Batch, ...]) -> Outline | None:
        """The outline of what was said in these words; None if nothing was.

        Raises:
            PromptError: prompts that do not fit the image, or contradict each other.
        """
        prompts = [prompt for batch in batches for prompt in batch]
        if not prompts:
            return None
        check_prompts(prompts, self._grid)
        answer = self._answers.of(batches, self._progress)
        sure = stability(answer, self._grid)
        return Outline(patch=answer.mask, score=answer.score, stability=sure, notes=answer.notes)

    def suggestion(self, one: Object) -> Suggestion | None:
        """Where to click next in an object, if there is a place of which the model is unsure."""
        if not one.batches:
            return None
        request = request_of(one.prompts, self._grid)
        return suggestion(self._answer(one), request, self._grid)

    def differing(self, objects: Objects) -> tuple[str, ...]:
        """The names of the objects whose outline is another one when the model is asked anew."""
        anew = self._answers.anew()
        return tuple(
            one.name
            for one in objects.every
            if one.outline is not None
            and anew.of(one.batches, self._progress).mask != one.outline.patch
        )

    def _answer(self, one: Object) -> Answer:
        return self._answers.of(one.batches, self._progress)


def _name(model: str | Path) -> str:
    """The name of a model that is known by it, else the whole path of its file."""
    return str(model) if str(model) in ZOO else str(Path(model).resolve())
