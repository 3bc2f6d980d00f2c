"""Settings from what a user says: a JSON file, words like ``least_extent_mm=10``, options.

The file may be the settings.json that stands beside a curated set.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, get_origin, get_type_hints

from vesal.curation.checks import Checks
from vesal.curation.named import rules_named
from vesal.curation.settings import SHARES, Settings
from vesal.datasets.json_file import read_object
from vesal.datasets.pair import PARTS
from vesal.errors import ConfigError
from vesal.overrides import parted, typed

_KEYS = ("vesal", "rules", "thresholds", "checks", "shares", "seed", "resample_labels")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was said on the command line; None where nothing was."""

    rules: str | None = None
    words: tuple[str, ...] = ()
    config: Path | None = None
    shares: str | None = None
    seed: int | None = None
    resample: bool = False


def settings_of(said: Said) -> Settings:
    """The settings: defaults, then the file, then the options.

    Raises:
        ConfigError: an unknown name or key, or a value of the wrong type or out of range.
    """
    if said.config is None:
        return _settings({}, said)
    try:
        return _settings(_read(said.config), said)
    except ConfigError as error:
        if said.config.name in str(error):
            raise
        msg = f"{said.config.name}, with what was said beside it: {error}"
        raise ConfigError(msg) from error


def _settings(record: Mapping[str, object], said: Said) -> Settings:
    name = said.rules or typed("rules", record.get("rules", "sam-med3d"), str)
    kind = rules_named(name)
    # Thresholds in a file are those of the rules that it names.
    usable = said.rules is None or record.get("rules", name) == name
    thresholds = _mapping(record, "thresholds") if usable else {}
    checks = _mapping(record, "checks")
    own = _hints(Checks)
    known = {*own, *_hints(kind)}
    for word in said.words:
        key, value = parted(word)
        if key not in known:
            raise ConfigError(_unknown(key, sorted(known)))
        (checks if key in own else thresholds)[key] = value
    return Settings(
        rules=_built(kind, thresholds, f"of {name}"),
        checks=_built(Checks, checks, "of the checks"),
        shares=shares_of(said.shares) if said.shares else _shares(record),
        seed=said.seed if said.seed is not None else typed("seed", record.get("seed", 0), int),
        resample=said.resample
        or typed("resample_labels", record.get("resample_labels", False), bool),
    )


def shares_of(words: str) -> tuple[tuple[str, float], ...]:
    """Shares as they are typed: ``train=0.8,validation=0.1,test=0.1``.

    Raises:
        ConfigError: another form, an unknown part, or one that comes twice.
    """
    shares: dict[str, object] = {}
    for word in words.split(","):
        key, value = parted(word.strip())
        if key in shares:
            msg = f"--shares names {key} twice: {words!r}; give each part once"
            raise ConfigError(msg)
        shares[key] = value
    return _checked_shares(shares)


def _shares(record: Mapping[str, object]) -> tuple[tuple[str, float], ...]:
    return _checked_shares(_mapping(record, "shares")) if "shares" in record else SHARES


def _checked_shares(shares: Mapping[str, object]) -> tuple[tuple[str, float], ...]:
    for part in shares:
        if part not in PARTS:
            msg = f"a share is for train, validation or test, got {part!r}"
            raise ConfigError(msg)
    numbers = {part: typed(part, shares[part], float) for part in PARTS if part in shares}
    if abs(sum(numbers.values()) - 1) > 1e-6 or min(numbers.values(), default=0) < 0:
        msg = f"shares must be 0 or more and 1 in all, got {numbers}"
        raise ConfigError(msg)
    return tuple((part, share) for part, share in numbers.items() if share > 0)


def _read(path: Path) -> dict[str, object]:
    record = read_object(path)
    for key in record:
        if key not in _KEYS:
            raise ConfigError(_unknown(f"{key} in {path.name}", _KEYS))
    return record


def _mapping(record: Mapping[str, object], key: str) -> dict[str, object]:
    value = record.get(key, {})
    if not isinstance(value, dict):
        msg = f"{key} must be an object of names and values, got {value!r:.60}"
        raise ConfigError(msg)
    return dict(value)


def _hints(kind: type) -> dict[str, object]:
    """The types of what can be set in a dataclass, or in one inside it; maps cannot."""
    hints = get_type_hints(kind)
    found: dict[str, object] = {}
    for name in (field.name for field in fields(kind)):
        if is_dataclass(hints[name]):
            found |= _hints(hints[name])
        elif not issubclass(get_origin(hints[name]) or object, Mapping):
            found[name] = hints[name]
    return found


def _built(kind: type, values: Mapping[str, object], whose: str) -> Any:  # noqa: ANN401  # of kind
    known = _hints(kind)
    for key in values:
        if key not in known:
            raise ConfigError(_unknown(f"{key} {whose}", sorted(known)))
    return _of_kind(kind, {key: typed(key, value, known[key]) for key, value in values.items()})


def _of_kind(kind: type, values: Mapping[str, object]) -> Any:  # noqa: ANN401  # of kind
    """A dataclass of values, those of a dataclass inside it among them."""
    hints = get_type_hints(kind)
    own: dict[str, object] = {}
    for name in (field.name for field in fields(kind)):
        if is_dataclass(hints[name]):
            own[name] = _of_kind(hints[name], values)
        elif name in values:
            own[name] = values[name]
    return kind(**own)


def _unknown(key: str, known: Sequence[str]) -> str:
    return f"unknown setting {key}; known are {', '.join(known)}"
