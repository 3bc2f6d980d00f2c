"""A training run as data."""

from dataclasses import dataclass

from vesal.errors import ConfigError
from vesal.models.unet_config import PromptableUNetConfig

_COUNTS = (
    "steps",
    "volume_windows",
    "slice_windows",
    "slice_every",
    "targets",
    "warmup_steps",
    "validate_every",
)
_SHARES = ("hint_share", "decay_share", "synthetic_share", "averaging")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides a run, beside the data.

    Raises:
        ConfigError: a number out of range, or windows that the model cannot take.
    """

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
    """Share of the steps, at the end, over which the learning rate falls to a hundredth."""
    weight_decay: float
    clip_norm: float
    averaging: float
    """Decay of the exponential average of the weights, which is what is shipped."""
    synthetic_volumes: int
    synthetic_side: int
    synthetic_share: float
    often: tuple[tuple[str, float], ...] = ()
    """How often a real volume is drawn, where not once like the others: its name and a factor."""
    validate_every: int
    save_every_s: float

    def __post_init__(self) -> None:
        for name in _COUNTS:
            if getattr(self, name) < 1:
                msg = f"{name} of a recipe must be at least 1, got {getattr(self, name)}"
                raise ConfigError(msg)
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                msg = f"{name} of a recipe must be 0 to 1, got {getattr(self, name)}"
                raise ConfigError(msg)
        if not self.decay_share > 0:
            msg = f"decay_share of a recipe must be above 0, got {self.decay_share}"
            raise ConfigError(msg)
        sides, step = (self.volume_side, self.slice_side), self.model.step
        if any(side < 1 or side % step for side in sides):
            msg = f"windows of this recipe's model must be multiples of {step}, got {sides}"
            raise ConfigError(msg)
        if not self.rounds or min(self.rounds) < 1:
            msg = f"rounds of a recipe must be one or more numbers from 1 on, got {self.rounds}"
            raise ConfigError(msg)
