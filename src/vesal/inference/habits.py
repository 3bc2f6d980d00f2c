"""What the published 2D models are used to: how a slice reaches them, and how they are asked.

The networks are the same; these habits are not in their weights' shapes, and each one that is not
kept costs quality without an error.
"""

from dataclasses import dataclass
from typing import Literal

from vesal.models.promptable import Decoded
from vesal.models.shapes import PreviousLogits


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How a family was trained and is used by its authors."""

    fit: Literal["longest", "padded", "stretched"]
    """How a slice fills the square: up to its longest side, the rest left empty; or stretched to
    all of it; or, where it is smaller, centred in it as it is, and else stretched ("padded")."""
    scale: Literal["mean", "range"] = "mean"
    """Intensities less ImageNet's mean over its deviation, or each slice from 0 to 1."""
    previous: Literal["logits", "probabilities", "none"] = "logits"
    """What a mask prompt holds; "none" where the mask layers were not trained."""
    reading: Literal["first", "best", "best alone"] = "first"
    """Which mask counts: mask 0, or the best by predicted IoU of the other three, or the latter
    for a single click with nothing else."""
    blend: Literal["logits", "probabilities"] = "logits"
    """What is interpolated to the image's grid before it is thresholded."""

    def mask_prompt(self, last: PreviousLogits | None) -> PreviousLogits | None:
        """The last answer's logits as the family takes them for a mask prompt, if it takes any."""
        if last is None or self.previous == "none":
            return None
        return last.sigmoid() if self.previous == "probabilities" else last

    def chosen(self, decoded: Decoded, *, alone: bool) -> int:
        """Which mask of the first prompt set counts.

        Args:
            decoded: what the model said.
            alone: the prompt is a single click and nothing else.
        """
        if decoded.scores is None or self.reading == "first":
            return 0
        if self.reading == "best alone" and not alone:
            return 0
        return 1 + int(decoded.scores[0, 1:].argmax())


HABITS: dict[str, Habits] = {
    "sam": Habits(fit="longest", reading="best alone"),
    # Bicubic to the square, each slice from 0 to 1; probabilities are resized, not logits.
    "medsam": Habits(fit="stretched", scale="range", previous="none", blend="probabilities"),
    # Trained on the sigmoid of its last logits; mask 0 got no loss.
    "sam-med2d": Habits(fit="padded", previous="probabilities", reading="best"),
    # Trained by the same code without the adapters: it sees slices and masks in the same way.
    "ft-sam": Habits(fit="padded", previous="probabilities", reading="best"),
    "sam-unet": Habits(fit="longest", previous="none"),
}
"""By family, as `vesal.models.sam_config` names them."""
