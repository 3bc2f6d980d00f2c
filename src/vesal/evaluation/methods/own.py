"""A model of the zoo or of a weights file, asked as a session asks it."""

from collections.abc import Sequence
from pathlib import Path

from vesal.arrays import MaskArray
from vesal.checkpoints.identity import identity
from vesal.checkpoints.load import load_model
from vesal.evaluation.methods.agreement import agreeing
from vesal.images import Image
from vesal.models.promptable import Promptable
from vesal.progress import silent
from vesal.prompts import Prompt
from vesal.session.objects import Batch
from vesal.session.outliner import Outliner


class OwnMethod:
    """A model that looks at the image as it does in a session.

    What a 2D model has seen of an image is kept for the next object of the same image: its slices
    are the same ones. Other models begin anew with each object, so that seconds are comparable.

    Args:
        model: a name of the zoo, a weights file, or a loaded model.
        name: how tables call it; the name or file if not given.

    Raises:
        ConfigError: neither a name nor a file.
        CheckpointError: weights that do not fit or are damaged.
    """

    def __init__(self, model: str | Path | Promptable, name: str = "") -> None:
        self._model = load_model(model) if isinstance(model, str | Path) else model
        self._name = name or (Path(model).name if isinstance(model, str | Path) else "the model")
        self._last: tuple[Image, Outliner] | None = None

    @property
    def name(self) -> str:
        """How tables call it."""
        return self._name

    @property
    def identity(self) -> str:
        """Hash of weights and config."""
        return identity(self._model)

    @property
    def prompts(self) -> tuple[str, ...]:
        """Every kind: what a model was not trained on is translated for it."""
        return ("point", "box", "scribble", "lasso", "mask")

    def begin(self, image: Image) -> "OwnTrial":
        """A trial of a new object.

        Raises:
            ImageError: an image that the model cannot look at.
        """
        if self._last is None or self._last[0] is not image:
            self._last = None  # two at once may not fit into memory
            outliner = Outliner(image, self._model, full_history=False, cache=None, progress=silent)
            self._last = (image, outliner)
        elif self._model.config.ndim != 2:
            self._last[1].forget()
        return OwnTrial(self._last[1])


class OwnTrial:
    """One object."""

    def __init__(self, outliner: Outliner) -> None:
        self._outliner = outliner
        self._said: tuple[Batch, ...] = ()
        self._stability: float | None = None

    @property
    def stability(self) -> float | None:
        """What a session says of the last mask."""
        return self._stability

    def add(self, prompts: Sequence[Prompt]) -> MaskArray:
        """The mask after these prompts too.

        What contradicts an earlier word takes it back (see `agreement`).

        Raises:
            PromptError: prompts that do not fit the image.
        """
        self._said = agreeing(self._said, tuple(prompts))
        outline = self._outliner.outline(self._said)
        assert outline is not None  # noqa: S101  # only without a prompt
        self._stability = outline.stability
        return outline.patch.full()
