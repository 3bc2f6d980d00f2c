"""A model of the zoo or of a weights file, asked as a session asks it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from vesal.arrays import MaskArray
from vesal.checkpoints.identity import identity
from vesal.checkpoints.load import load_model
from vesal.images import Image
from vesal.models.promptable import Promptable
from vesal.progress import silent
from vesal.prompts import Box, Click, Prompt
from vesal.session.objects import Batch
from vesal.session.outliner import Outliner

_APART_MM = 1e-6  # clicks on one voxel are in the very same place


class OwnMethod:
    """A model that looks at the image as it does in a session.

    What a 2D model has seen of an image is kept for the next object of the same image: its slices
    are the same ones. Other models begin anew with each object, so that seconds are comparable.

    Args:
        model: a name of the zoo, a weights file, or a loaded model.
        name: how tables call it; the name or file if not given.
        full_history: see `Session`.
        cache: folder for encoded parts of images.

    Raises:
        ConfigError: neither a name nor a file.
        CheckpointError: weights that do not fit or are damaged.
    """

    def __init__(
        self,
        model: str | Path | Promptable,
        name: str = "",
        *,
        full_history: bool = False,
        cache: Path | None = None,
    ) -> None:
        self._model = load_model(model) if isinstance(model, str | Path) else model
        self._name = name or (Path(model).name if isinstance(model, str | Path) else "the model")
        self._full_history, self._cache = full_history, cache
        self._last: tuple[Image, Outliner] | None = None

    @property
    def name(self) -> str:
        """How tables call it."""
        return self._name

    @property
    def identity(self) -> str:
        """Hash of weights and config, and whether it is told the whole history."""
        return f"{identity(self._model)} {self._full_history}"

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
            outliner = Outliner(
                image,
                self._model,
                full_history=self._full_history,
                cache=self._cache,
                progress=silent,
            )
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

        A session refuses prompts that contradict each other. As a user would, a box is widened to
        hold a later positive click outside of it, and a click on a voxel that was clicked the
        other way takes the older one back.

        Raises:
            PromptError: prompts that do not fit the image.
        """
        said = self._said
        for prompt in prompts:
            if isinstance(prompt, Click):
                said = _agreeing(said, prompt)
        self._said = (*said, tuple(prompts))
        outline = self._outliner.outline(self._said)
        assert outline is not None  # noqa: S101  # only without a prompt
        self._stability = outline.stability
        return outline.patch.full()


def _agreeing(said: tuple[Batch, ...], click: Click) -> tuple[Batch, ...]:
    """What was said before, so that a click does not contradict it."""
    kept = []
    for batch in said:
        prompts = tuple(_widened(p, click) for p in batch if not _contrary(p, click))
        if prompts:
            kept.append(prompts)
    return tuple(kept)


def _contrary(prompt: Prompt, click: Click) -> bool:
    if not isinstance(prompt, Click) or prompt.positive == click.positive:
        return False
    apart = np.abs(np.subtract(prompt.point_mm, click.point_mm)).max()
    return bool(apart < _APART_MM)


def _widened(prompt: Prompt, click: Click) -> Prompt:
    if not isinstance(prompt, Box) or not (prompt.positive and click.positive):
        return prompt
    place = np.linalg.solve(prompt.directions, np.array(click.point_mm, np.float64))
    low = np.minimum(prompt.low_mm, place)
    high = np.maximum(prompt.high_mm, place)
    if (low == prompt.low_mm).all() and (high == prompt.high_mm).all():
        return prompt
    return replace(prompt, low_mm=tuple(low.tolist()), high_mm=tuple(high.tolist()))
