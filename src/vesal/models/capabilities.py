"""What a model was trained for, so that nothing above it has to know its kind."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What may be asked of a model."""

    image_ndims: tuple[int, ...]
    """Numbers of space axes of the images it accepts."""
    prompts: tuple[str, ...]
    """Kinds of prompts it was trained on; the others are translated and reported."""
    trained_score: bool
    """Whether its predicted score means anything."""
