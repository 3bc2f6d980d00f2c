"""A training run as data."""

from dataclasses import dataclass

from vesal.models.config import PromptableUNetConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides a run, beside the data."""

    name: str
    model: PromptableUNetConfig
    seed: int
    steps: int
    volume_windows: int
    """3D windows a step."""
    volume_side: int
    """Voxels an axis of a 3D training window."""
    slice_windows: int
    """2D windows a step, in the steps that are 2D."""
    slice_side: int
    slice_every: int
    """Every so many steps is a 2D step."""
    targets: int
    """Objects prompted in each window: the window is encoded once for all of them."""
    rounds: tuple[int, ...]
    """Numbers of clicks an object gets; each step draws one."""
    hint_share: float
    """Share of the targets whose first click comes with a rough mask, as after zooming."""
    learning_rate: float
    warmup_steps: int
    decay_share: float
    """Share of the steps, at the end, over which the learning rate falls to a hundredth; constant before."""
    weight_decay: float
    clip_norm: float
    averaging: float
    """Decay of the exponential average of the weights, which is what is shipped."""
    synthetic_volumes: int
    synthetic_side: int
    synthetic_share: float
    validate_every: int
    save_every_s: float
