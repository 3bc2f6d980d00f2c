"""What a model is, as data: frozen records that are saved as JSON beside the weights."""

import dataclasses
import json
from dataclasses import MISSING, dataclass, field
from typing import Any, get_args, get_origin, get_type_hints

from vesal.errors import ConfigError

_FAMILY = "promptable-unet"
_CHANNELS = 2  # of intensity
_MOST_LEVELS = 8  # together with the next one: a config from elsewhere cannot ask for all memory
_MOST = 4096  # channels, voxels an axis


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
    """Sizes of our own small network (`vesal.models.promptable_unet`).

    Raises:
        ConfigError: another family, or sizes that are out of range or do not fit together.
    """

    family: str = _FAMILY
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
        if self.family != _FAMILY:
            msg = f"the family must be {_FAMILY!r}, got {self.family!r}"
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


def to_json(config: PromptableUNetConfig) -> str:
    """The config as JSON text."""
    return json.dumps(dataclasses.asdict(config), indent=2)


def from_json(text: str) -> PromptableUNetConfig:
    """The config that `to_json` wrote.

    Raises:
        ConfigError: not JSON, a key that this version does not know, a value of the wrong type,
            or sizes that do not fit together.
    """
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        msg = f"the model's config is not JSON: {error}"
        raise ConfigError(msg) from error
    values = _checked(PromptableUNetConfig, record, nested="capabilities")
    if "capabilities" in values:
        values["capabilities"] = Capabilities(**_checked(Capabilities, values["capabilities"]))
    return PromptableUNetConfig(**values)


def _checked(kind: type, record: object, nested: str = "") -> dict[str, Any]:
    """The record as keyword arguments of ``kind``; the value of ``nested`` is left as it is."""
    if not isinstance(record, dict):
        msg = f"the model's config must hold JSON objects, got {type(record).__name__}"
        raise ConfigError(msg)
    hints = get_type_hints(kind)
    needed = {
        f.name
        for f in dataclasses.fields(kind)
        if f.default is MISSING and f.default_factory is MISSING
    }
    wrong = [k for k in record if k in hints and k != nested and not _fits(record[k], hints[k])]
    for keys, what in (
        (set(record) - set(hints), "unknown keys"),
        (needed - set(record), "missing keys"),
        (wrong, "values of the wrong type"),
    ):
        if keys:
            msg = (
                f"{what} in the model's config: {', '.join(sorted(keys))}; "
                f"right would be {', '.join(f'{k}: {_words(hints[k])}' for k in sorted(hints))}"
            )
            raise ConfigError(msg)
    return {
        key: tuple(value) if isinstance(value, list) else value for key, value in record.items()
    }


def _fits(value: object, hint: Any) -> bool:  # noqa: ANN401  # a type, as get_type_hints gives it
    if get_origin(hint) is tuple:
        return isinstance(value, list) and all(type(v) is get_args(hint)[0] for v in value)
    return type(value) is hint  # exactly: JSON's true is no number


def _words(hint: Any) -> str:  # noqa: ANN401
    return str(hint) if get_origin(hint) else str(hint.__name__)
