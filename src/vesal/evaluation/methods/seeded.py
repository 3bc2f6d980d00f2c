"""The trial of methods that answer all that was said so far at once, from seeds."""

from collections.abc import Callable, Sequence

import numpy as np

from vesal.arrays import Intensities, MaskArray
from vesal.evaluation.methods.seeds import Seeds, seeds_of
from vesal.evaluation.methods.window import Window, mask_of, window_of
from vesal.images import Image
from vesal.prompts import Prompt

Answer = Callable[[Image, Seeds], MaskArray]
"""The mask on the image's grid that seeds give, at least one of them positive."""


class SeededTrial:
    """One object.

    Args:
        image: what is looked at.
        answer: what the method makes of seeds.
    """

    def __init__(self, image: Image, answer: Answer) -> None:
        self._image, self._answer = image, answer
        self._said: tuple[Prompt, ...] = ()

    @property
    def stability(self) -> float | None:
        """None: these methods do not say how sure they are."""
        return None

    def add(self, prompts: Sequence[Prompt]) -> MaskArray:
        """The mask after these prompts too; empty as long as nothing was said to be inside.

        Raises:
            PromptError: a prompt outside the image, or of a kind that cannot be answered.
            ResourceError: a library is missing.
        """
        said = (*self._said, *prompts)
        seeds = seeds_of(said, self._image.grid)
        self._said = said
        if not seeds.positive.any():
            return np.zeros(self._image.grid.shape, np.bool_)
        return self._answer(self._image, seeds)


def through_window(chances: Callable[[Window], Intensities]) -> Answer:
    """The answer of a method that gives chances, 0 to 1, for the voxels of a window."""

    def answer(image: Image, seeds: Seeds) -> MaskArray:
        window = window_of(image, seeds)
        return mask_of(chances(window), window, image.grid, seeds)

    return answer
