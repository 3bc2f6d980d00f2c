"""The contract between models and everything above: encode an image once, decode many prompts."""

from dataclasses import dataclass
from typing import Protocol

from vesal.models.config import PromptableUNetConfig
from vesal.models.shapes import ClickLabels, ClickPoints, Features, Images, MaskLogits

PADDING_LABEL = -1
"""Label of a click that is there only to fill a batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedding:
    """An encoded window: whatever the model wants to remember of it."""

    image: Images
    levels: tuple[Features, ...]
    """Finest first."""

    def expanded(self, batch: int) -> "Embedding":
        """The same embedding for each of ``batch`` prompts an image, images outermost."""
        return Embedding(
            image=self.image.repeat_interleave(batch, dim=0),
            levels=tuple(level.repeat_interleave(batch, dim=0) for level in self.levels),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptTensors:
    """Prompts on the model's grid."""

    points: ClickPoints
    """Voxel indices (array order, voxel centres at whole numbers)."""
    labels: ClickLabels
    """1 inside the object, 0 outside, -1 padding."""
    previous: MaskLogits | None = None
    """Logits of the last answer, or of a mask to start from, on the window's grid."""


class Promptable(Protocol):
    """A model that segments what is pointed at."""

    config: PromptableUNetConfig

    def encode(self, image: Images) -> Embedding:
        """The window's embedding; depends on no prompt."""
        ...

    def decode(self, embedding: Embedding, prompts: PromptTensors) -> MaskLogits:
        """Logits on the window's grid, one mask for each prompt set; above 0 is inside."""
        ...
