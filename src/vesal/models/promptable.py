"""The contract between models and everything above: encode an image once, decode many prompts."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from vesal.models.config import PromptableUNetConfig
from vesal.models.shapes import AnyFeatures, ClickLabels, ClickPoints, Images, MaskLogits

PADDING_LABEL = -1
"""Label of a click that is there only to fill a batch."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embedding:
    """An encoded window: whatever the model wants to remember of it."""

    image: Images
    levels: tuple[AnyFeatures, ...]
    """Finest first."""
    guide: AnyFeatures | None = None
    """What the model needs to place clicks in this window, if it needs anything."""

    def expanded(self, batch: int) -> "Embedding":
        """The same embedding for each of ``batch`` prompts an image, images outermost."""
        return Embedding(
            image=self.image.repeat_interleave(batch, dim=0),
            levels=tuple(level.repeat_interleave(batch, dim=0) for level in self.levels),
            guide=None if self.guide is None else self.guide.repeat_interleave(batch, dim=0),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PromptTensors:
    """Prompts on the model's grid."""

    points: ClickPoints
    """Voxel indices (array order, voxel centres at whole numbers)."""
    labels: ClickLabels
    """1 inside the object, 0 outside, -1 padding."""
    previous: MaskLogits | None = None
    """Logits of the last answer, or of a mask to start from, on the window's grid."""


@runtime_checkable
class Promptable(Protocol):
    """A model that segments what is pointed at."""

    config: PromptableUNetConfig

    def encode(self, image: Images) -> Embedding:
        """The window's embedding; depends on no prompt."""
        ...

    def decode(self, embedding: Embedding, prompts: PromptTensors) -> MaskLogits:
        """Logits on the window's grid, one mask for each prompt set; above 0 is inside."""
        ...
