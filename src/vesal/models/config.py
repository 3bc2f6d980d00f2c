"""What a model is, as data: frozen records that are saved as JSON beside the weights."""

import dataclasses
import json
from dataclasses import MISSING
from typing import Any, get_args, get_origin, get_type_hints

from vesal.errors import ConfigError
from vesal.images.normalisation import Normalisation
from vesal.models.automatic_config import AUTOMATIC, AutomaticConfig
from vesal.models.capabilities import Capabilities
from vesal.models.sam_config import FAMILIES, SamConfig
from vesal.models.unet_config import PromptableUNetConfig

ModelConfig = PromptableUNetConfig | SamConfig
"""Of a model that takes prompts."""

AnyConfig = ModelConfig | AutomaticConfig
"""Of any model that a file can hold."""


def to_json(config: AnyConfig) -> str:
    """The config as JSON text."""
    return json.dumps(dataclasses.asdict(config), indent=2)


def from_json(text: str) -> AnyConfig:
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
    return _automatic(record) if _family(record) == AUTOMATIC else _promptable(record)


def _promptable(record: object) -> ModelConfig:
    if _family(record) in FAMILIES:
        return SamConfig(**_checked(SamConfig, record))
    values = _checked(PromptableUNetConfig, record, nested=("capabilities",))
    if "capabilities" in values:
        values["capabilities"] = Capabilities(**_checked(Capabilities, values["capabilities"]))
    return PromptableUNetConfig(**values)


def _automatic(record: object) -> AutomaticConfig:
    values = _checked(AutomaticConfig, record, nested=("encoder", "normalisation"))
    values["encoder"] = _promptable(values["encoder"])
    scale = _checked(Normalisation, values["normalisation"])
    return AutomaticConfig(**{**values, "normalisation": Normalisation(**scale)})


def _family(record: object) -> str:
    """What the record says of itself; empty where it says nothing."""
    family = record.get("family") if isinstance(record, dict) else None
    return family if isinstance(family, str) else ""


def _checked(kind: type, record: object, nested: tuple[str, ...] = ()) -> dict[str, Any]:
    """The record as keyword arguments of ``kind``; values of ``nested`` are left as they are."""
    if not isinstance(record, dict):
        msg = f"the model's config must hold JSON objects, got {type(record).__name__}"
        raise ConfigError(msg)
    hints = get_type_hints(kind)
    needed = {
        f.name
        for f in dataclasses.fields(kind)
        if f.default is MISSING and f.default_factory is MISSING
    }
    plain = [k for k in record if k in hints and k not in nested]
    wrong = [k for k in plain if not _fits(record[k], hints[k])]
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
