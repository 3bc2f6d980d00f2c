"""How a run goes about learning: everything that is neither the model, the lesson nor the data."""

from dataclasses import dataclass, field

from vesal.errors import ConfigError
from vesal.training.schedule import Schedule

OPTIMISERS = ("adam", "adamw")
PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Length, optimiser and bookkeeping of a run.

    Raises:
        ConfigError: a number out of range, or an unknown word.
    """

    steps: int = 0
    """Batches learnt from by each process, divided by `accumulate`; 0 where epochs are given."""
    epochs: float = 0.0
    """Passes over the data, all processes together; 0 where steps are given."""
    optimiser: str = "adamw"
    rate: float = 1e-3
    weight_decay: float = 0.0
    schedule: Schedule = field(default_factory=Schedule)
    accumulate: int = 1
    """Batches whose gradients are averaged before an optimiser step."""
    clip_norm: float = 0.0
    """Largest norm of the gradient of all weights together; 0 for any."""
    averaging: float = 0.0
    """Decay of the exponential average of the weights, which is what is kept; 0 for the weights
    themselves."""
    precision: str = "32-true"
    """"32-true", "bf16-mixed", or "16-mixed" on a GPU."""
    validate_every: int = 500
    """Steps."""
    patience: int = 0
    """Validations without a better score after which the run ends; 0 for never."""
    save_every_s: float = 180.0

    def __post_init__(self) -> None:
        if (self.steps > 0) == (self.epochs > 0) or self.steps < 0 or self.epochs < 0:
            msg = f"a run has steps or epochs, got {self.steps} steps and {self.epochs} epochs"
            raise ConfigError(msg)
        for name, known in (("optimiser", OPTIMISERS), ("precision", PRECISIONS)):
            if getattr(self, name) not in known:
                msg = f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}"
                raise ConfigError(msg)
        if not self.rate > 0 or self.weight_decay < 0 or self.clip_norm < 0:
            msg = (
                "rate must be above 0, weight_decay and clip_norm at least 0, "
                f"got {self.rate}, {self.weight_decay} and {self.clip_norm}"
            )
            raise ConfigError(msg)
        if self.accumulate < 1 or self.validate_every < 1 or self.patience < 0:
            msg = (
                "accumulate and validate_every must be at least 1, patience at least 0, "
                f"got {self.accumulate}, {self.validate_every} and {self.patience}"
            )
            raise ConfigError(msg)
        if not 0 <= self.averaging < 1:
            msg = f"averaging must be at least 0 and below 1, got {self.averaging}"
            raise ConfigError(msg)
