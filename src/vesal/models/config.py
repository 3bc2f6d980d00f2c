"""What a model is, as data: frozen records that are saved as JSON beside the weights."""

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

from vesal.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a model was trained for, so that nothing above it has to know its kind."""

    image_ndims: tuple[int, ...]
    """Numbers of space axes of the images it accepts."""
    prompts: tuple[str, ...]
    """Kinds of prompts it was trained on; the others are translated and reported."""
    trained_score: bool
    """Whether its predicted score means anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptableUNetConfig:
    """Sizes of our own small network (`vesal.models.promptable_unet`)."""

    family: str = "promptable-unet"
    ndim: int = 3
    image_channels: int = 2
    """Intensities scaled linearly, and by rank within the window."""
    widths: tuple[int, ...] = (24, 48, 80, 128)
    """Channels at 1/2, 1/4, 1/8 and 1/16 of the window's resolution."""
    groups: int = 8
    """Groups of the normalisation; divides every width."""
    similarity: int = 12
    """Channels of the embedding in which voxels are compared with the clicked ones."""
    window: int = 64
    """Voxels an axis of the window the model is shown at inference."""
    slice_window: int = 128
    """The same for a single slice."""
    capabilities: Capabilities = field(
        default_factory=lambda: Capabilities(
            image_ndims=(2, 3), prompts=("point", "mask"), trained_score=False
        )
    )

    def __post_init__(self) -> None:
        """Raise ConfigError where the sizes do not fit together."""
        if len(self.widths) < 2 or any(w % self.groups for w in self.widths):  # noqa: PLR2004
            msg = f"widths must be two or more multiples of {self.groups}, got {self.widths}"
            raise ConfigError(msg)
        step = 2 ** len(self.widths)
        if self.window % step or self.slice_window % step:
            msg = f"windows must be multiples of {step}, got {self.window} and {self.slice_window}"
            raise ConfigError(msg)


def to_json(config: PromptableUNetConfig) -> str:
    """The config as JSON text."""
    return json.dumps(dataclasses.asdict(config), indent=2)


def from_json(text: str) -> PromptableUNetConfig:
    """The config that `to_json` wrote.

    Raises:
        ConfigError: not JSON, or a key that this version does not know.
    """
    try:
        record = json.loads(text)
    except ValueError as error:
        msg = f"the model's config is not JSON: {error}"
        raise ConfigError(msg) from error
    if not isinstance(record, dict):
        msg = f"the model's config must be a JSON object, got {type(record).__name__}"
        raise ConfigError(msg)
    capabilities = Capabilities(**_known(Capabilities, record.pop("capabilities", {})))
    return PromptableUNetConfig(
        **_known(PromptableUNetConfig, record), capabilities=capabilities
    )


def _known(kind: type, record: dict[str, Any]) -> dict[str, Any]:
    names = {f.name for f in dataclasses.fields(kind)}
    unknown = sorted(set(record) - names)
    if unknown:
        msg = f"unknown keys in the model's config: {', '.join(unknown)}; known: {', '.join(sorted(names))}"
        raise ConfigError(msg)
    return {key: tuple(value) if isinstance(value, list) else value for key, value in record.items()}
