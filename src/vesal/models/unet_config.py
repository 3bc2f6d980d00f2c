"""The sizes of our own small network, as data."""

from dataclasses import dataclass, field

from vesal.errors import ConfigError
from vesal.models.capabilities import Capabilities

FAMILY = "promptable-unet"
"""The family of our own small network."""

_CHANNELS = 2  # of intensity
_MOST_LEVELS = 8  # together with the next one: a config from elsewhere cannot ask for all memory
_MOST = 4096  # channels, voxels an axis


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptableUNetConfig:
    """Sizes of our own small network (`vesal.models.promptable_unet`).

    Raises:
        ConfigError: another family, or sizes that are out of range or do not fit together.
    """

    family: str = FAMILY
    ndim: int = 3
    image_channels: int = 2
    """Intensities scaled linearly, and by rank within the window."""
    widths: tuple[int, ...] = (16, 32, 64, 112)
    """Channels at 1/2, 1/4, 1/8 and 1/16 of the window's resolution."""
    groups: int = 8
    """Groups of the normalisation; divides every width."""
    similarity: int = 12
    """Channels of the embedding in which voxels are compared with the clicked ones."""
    window: int = 48
    """Voxels an axis of the window the model is shown at inference."""
    slice_window: int = 96
    """The same for a single slice."""
    capabilities: Capabilities = field(
        default_factory=lambda: Capabilities(
            image_ndims=(2, 3), prompts=("point", "mask"), trained_score=False
        )
    )

    def __post_init__(self) -> None:
        if self.family != FAMILY:
            msg = f"the family must be {FAMILY!r}, got {self.family!r}"
            raise ConfigError(msg)
        if self.ndim not in (2, 3):
            msg = f"ndim must be 2 or 3, got {self.ndim}"
            raise ConfigError(msg)
        self._check_channels()
        step = self.step
        windows = (self.window, self.slice_window)
        if any(side % step or not 0 < side <= _MOST for side in windows):
            msg = f"windows must be multiples of {step} up to {_MOST}, got {windows}"
            raise ConfigError(msg)

    @property
    def step(self) -> int:
        """Voxels an axis that become one at the coarsest level: windows are multiples of it."""
        return int(2 ** len(self.widths))

    def _check_channels(self) -> None:
        if self.image_channels != _CHANNELS:  # the maps of the clicks weigh both
            msg = f"image_channels must be {_CHANNELS}, got {self.image_channels}"
            raise ConfigError(msg)
        for name in ("groups", "similarity"):
            value = getattr(self, name)
            if not 1 <= value <= _MOST:
                msg = f"{name} must be 1 to {_MOST}, got {value}"
                raise ConfigError(msg)
        fitting = all(w % self.groups == 0 and 0 < w <= _MOST for w in self.widths)
        if not fitting or not 2 <= len(self.widths) <= _MOST_LEVELS:
            msg = (
                f"widths must be 2 to {_MOST_LEVELS} multiples of {self.groups} up to {_MOST}, "
                f"got {self.widths}"
            )
            raise ConfigError(msg)
