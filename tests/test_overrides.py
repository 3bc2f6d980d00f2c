"""Tests of vesal.overrides."""

import json
from dataclasses import dataclass, field
from typing import Literal

import pytest

from vesal.errors import ConfigError
from vesal.overrides import overridden, record_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    """Two numbers that must fit together."""

    low: int = 1
    high: int = 2
    share: float = 0.5

    def __post_init__(self) -> None:
        if self.low > self.high:
            msg = f"low must be at most high, got {self.low} and {self.high}"
            raise ConfigError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    """Fields of all kinds."""

    name: str = "x"
    flag: bool = False
    sides: tuple[int, ...] = (1, 2)
    pair: tuple[str, float] = ("a", 1.0)
    limit: float | None = None
    kind: Literal["first", "best"] = "first"
    inner: Inner = field(default_factory=Inner)


def test_each_kind_of_field_is_read_from_words() -> None:
    """And the record that was there is not touched."""
    outer = Outer()
    words = ["name=new", "flag=true", "sides=4,5,6", "pair=b,2", "limit=3", "kind=best"]
    changed = overridden(outer, [*words, "inner.share=1"])
    assert changed == Outer(
        name="new", flag=True, sides=(4, 5, 6), pair=("b", 2.0), limit=3.0, kind="best",
        inner=Inner(share=1.0),
    )  # fmt: skip
    assert outer == Outer()
    assert overridden(changed, ["limit=null", "sides="]).limit is None
    assert overridden(changed, ["sides="]).sides == ()


def test_what_belongs_together_is_changed_together() -> None:
    """Whatever the order of the words: only the whole must make sense."""
    for words in (["inner.low=8", "inner.high=9"], ["inner.high=9", "inner.low=8"]):
        assert overridden(Outer(), words).inner == Inner(low=8, high=9)
    with pytest.raises(ConfigError, match="low must be at most high, got 8 and 2"):
        overridden(Outer(), ["inner.low=8"])


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("flag", "the form name=value, got 'flag'"),
        ("=3", "the form name=value"),
        ("flag=maybe", "flag must be true or false, got 'maybe'"),
        ("sides=1.5", "sides must be a whole number, got 1.5"),
        ("inner.low=x", "inner.low must be a whole number, got 'x'"),
        ("inner.share=x", "inner.share must be a number, got 'x'"),
        ("kind=worst", "kind must be one of first, best, got 'worst'"),
        ("colour=red", "there is no setting 'colour'; there are name, flag"),
        ("inner.colour=red", "there is no setting 'inner.colour'; there are low, high"),
        ("inner=3", "the setting inner has parts; give one of inner.low"),
        ("name.first=3", "there is no setting name.first: name has no parts"),
    ],
)
def test_a_mistake_gets_one_sentence(word: str, said: str) -> None:
    """With what was given and what would be right."""
    with pytest.raises(ConfigError) as caught:
        overridden(Outer(), [word])
    assert said in str(caught.value)


def test_a_record_can_be_written_as_json() -> None:
    """Nested ones, too; nothing else can."""
    record = record_of(Outer(limit=2.0))
    assert json.loads(json.dumps(record)) == record
    assert record["inner"] == {"low": 1, "high": 2, "share": 0.5}
    with pytest.raises(ConfigError, match="settings are a dataclass"):
        record_of({"a": 1})
