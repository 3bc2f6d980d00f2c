"""What is evaluated: anything that answers prompts about an image with a mask."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from vesal.arrays import LabelArray, MaskArray
from vesal.datasets.challenge import ChallengeCase
from vesal.images import Image
from vesal.prompts import Prompt


@runtime_checkable
class Trial(Protocol):
    """One object of one image, outlined from prompts."""

    @property
    def stability(self) -> float | None:
        """How sure the method is of its mask, 0 to 1, without knowing the truth; None if unsaid."""
        ...

    def add(self, prompts: Sequence[Prompt]) -> MaskArray:
        """The mask on the image's grid after these prompts, beside those of earlier calls.

        Raises:
            VesalError: if the method cannot answer; the trial is over then.
        """
        ...


@runtime_checkable
class Method(Protocol):
    """A model, a baseline, or a program outside."""

    @property
    def name(self) -> str:
        """How it is called in tables."""
        ...

    @property
    def identity(self) -> str:
        """What its answers depend on, such as the hash of weights: another one is run anew."""
        ...

    @property
    def prompts(self) -> tuple[str, ...]:
        """Kinds of prompts it answers: "point", "box", "scribble", "lasso", "mask"."""
        ...

    def begin(self, image: Image) -> Trial:
        """A trial of a new object; what the method knows of the image is kept for the next one.

        Raises:
            VesalError: if the method cannot look at this image.
        """
        ...


@runtime_checkable
class Submission(Method, Protocol):
    """A method that answers whole cases of the CVPR 2025 challenge, all objects at once."""

    def answer(self, case: ChallengeCase) -> LabelArray:
        """The label map of a case after all that was said so far; object 1 has the number 1.

        Raises:
            VesalError: if it gives none.
        """
        ...
