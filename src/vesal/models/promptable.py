"""The contract between models and everything above: encode an image once, decode many prompts."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from vesal.models.config import ModelConfig
from vesal.models.shapes import (
    AnyFeatures,
    BoxCorners,
    ClickLabels,
    ClickPoints,
    Images,
    MaskScores,
    MasksLogits,
    PreviousLogits,
)

PADDING_LABEL = -1
"""Label of a click that is there only to fill a batch."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embedding:
    """An encoded window: whatever the model wants to remember of it."""

    levels: tuple[AnyFeatures, ...]
    """Finest first."""
    image: Images | None = None
    """The window itself, where decoding needs it."""
    guide: AnyFeatures | None = None
    """What the model needs to place clicks in this window, if it needs anything."""

    def expanded(self, batch: int) -> "Embedding":
        """The same embedding for each of ``batch`` prompts an image, images outermost."""
        return Embedding(
            levels=tuple(level.repeat_interleave(batch, dim=0) for level in self.levels),
            image=None if self.image is None else self.image.repeat_interleave(batch, dim=0),
            guide=None if self.guide is None else self.guide.repeat_interleave(batch, dim=0),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PromptTensors:
    """Prompts on the model's grid: indices in array order, voxel centres at whole numbers."""

    points: ClickPoints
    labels: ClickLabels
    """1 inside the object, 0 outside, -1 padding."""
    boxes: BoxCorners | None = None
    """Lowest and highest corner."""
    previous: PreviousLogits | None = None
    """Logits of the last answer, or of a mask to start from, on the grid of the model's masks."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decoded:
    """What a model says to each prompt set: one mask, or several readings of an unclear prompt."""

    logits: MasksLogits
    """On the window's grid or a coarser one with the same faces; above 0 is inside."""
    scores: MaskScores | None = None
    """The IoU that the model expects for each mask, if it predicts any; see
    `Capabilities.trained_score` before you believe it."""


@runtime_checkable
class Promptable(Protocol):
    """A model that segments what is pointed at."""

    @property
    def config(self) -> ModelConfig:
        """What the model is; never changes."""
        ...

    def encode(self, image: Images) -> Embedding:
        """The window's embedding; depends on no prompt."""
        ...

    def decode(self, embedding: Embedding, prompts: PromptTensors) -> Decoded:
        """Masks for each prompt set; an embedding of batch 1 serves any number of them."""
        ...
