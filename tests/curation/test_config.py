"""Tests of vesal.curation.config: strict, and a sentence for each mistake."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.curation.sets import toy
from vesal.curation.case import left_out
from vesal.curation.checks import Checks
from vesal.curation.config import Said, settings_of, shares_of
from vesal.curation.curate import curate
from vesal.curation.named import RULES
from vesal.curation.row import Row
from vesal.curation.sam_med3d import SamMed3dRules
from vesal.curation.settings import SHARES, Settings, thresholds
from vesal.datasets import Opened
from vesal.errors import ConfigError


def test_without_a_word_the_paper_counts() -> None:
    """1 ml, 15 mm, 1 %, five pieces, 1.5 mm."""
    found = settings_of(Said())
    assert found == Settings(rules=SamMed3dRules())
    rules = found.rules
    assert isinstance(rules, SamMed3dRules)
    assert (rules.least_volume_mm3, rules.least_extent_mm, rules.least_share) == (1000, 15, 0.01)
    assert (rules.most_pieces, rules.spacing_mm) == (5, 1.5)
    assert found.shares == SHARES


def test_words_change_thresholds_of_rules_and_checks() -> None:
    """Whole numbers are numbers; names are parted by commas or a list in JSON."""
    said = Said(
        words=("least_extent_mm=10", "split_sides=false", "paired=fin, flipper", "most_share=0.5"),
        shares="test=0.25,train=0.75",
        seed=7,
        resample=True,
    )
    found = settings_of(said)
    assert found == Settings(
        rules=SamMed3dRules(least_extent_mm=10.0, split_sides=False, paired=("fin", "flipper")),
        checks=Checks(most_share=0.5),
        shares=(("train", 0.75), ("test", 0.25)),
        seed=7,
        resample=True,
    )
    listed = settings_of(Said(words=('paired=["fin"]',))).rules
    assert isinstance(listed, SamMed3dRules)
    assert listed.paired == ("fin",)


def test_a_record_is_read_back(tmp_path: Path) -> None:
    """settings.json is a configuration; words go before it."""
    used = settings_of(Said(words=("least_share=0.5", "find_twins=false"), seed=3))
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(used.record()), encoding="utf-8")
    assert settings_of(Said(config=path)) == used
    changed = settings_of(Said(config=path, words=("least_share=0.25",), seed=0))
    assert isinstance(changed.rules, SamMed3dRules)
    assert (changed.rules.least_share, changed.seed) == (0.25, 0)
    assert not changed.checks.find_twins


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (Said(rules="nnunet"), "unknown rules 'nnunet'; known are sam-med2d, sam-med3d"),
        (Said(words=("least_volume=3",)), "unknown setting least_volume; known are"),
        (Said(words=("least_volume_mm3",)), "form name=value"),
        (Said(words=("=3",)), "form name=value"),
        (Said(words=("least_volume_mm3=big",)), "least_volume_mm3 must be a number, got 'big'"),
        (Said(words=("least_volume_mm3=true",)), "must be a number, got True"),
        (Said(words=("most_pieces=2.5",)), "most_pieces must be a whole number, got 2.5"),
        (Said(words=("split_sides=1",)), "split_sides must be true or false, got 1"),
        (Said(words=("paired=[1]",)), "paired must be a text, got 1"),
        (Said(words=("paired=3",)), "paired must be a text, got 3"),
        (Said(words=("paired=true",)), "paired must be a list, each a text, got True"),
        (Said(words=("least_share=2",)), "least_share must be 0 to 1, got 2"),
        (Said(shares="train=0.5"), "1 in all"),
        (Said(shares="train=0.5,train=0.5"), "names train twice"),
        (Said(shares="fit=1"), "got 'fit'"),
        (Said(shares="train=1.5,test=-0.5"), "0 or more"),
        (Said(shares="train"), "name=value"),
        (Said(config=Path("nowhere.json")), "nowhere.json cannot be read"),
    ],
    ids=str,
)
def test_a_mistake_gets_one_sentence(said: Said, sentence: str) -> None:
    """It names what was given and what is right."""
    with pytest.raises(ConfigError, match=re.escape(sentence)) as caught:
        settings_of(said)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ([], "a JSON object"),
        ({"seeds": 1}, "unknown setting seeds in c.json"),
        ({"seed": "1"}, "seed must be a whole number"),
        ({"thresholds": 3}, "thresholds must be an object"),
        ({"thresholds": {"least": 3}}, "unknown setting least of sam-med3d"),
        ({"checks": {"least": 3}}, "unknown setting least of the checks"),
        ({"rules": 3}, "rules must be a text"),
        ({"shares": {"train": "all"}}, "train must be a number"),
    ],
)
def test_a_file_is_read_strictly(content: object, sentence: str, tmp_path: Path) -> None:
    """An unknown key is a mistake, not a wish."""
    (tmp_path / "c.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ConfigError, match=sentence):
        settings_of(Said(config=tmp_path / "c.json"))


def test_a_share_of_nothing_is_left_away() -> None:
    """`split_by_patient` takes none."""
    assert shares_of("train=0.9,validation=0.1,test=0") == (("train", 0.9), ("validation", 0.1))


@dataclass(frozen=True, kw_only=True)
class Inner:
    """Thresholds inside of rules."""

    window: tuple[float, float] | None = None
    axes: tuple[str, ...] = ("x", "y")
    every: int = 1


@dataclass(frozen=True, kw_only=True)
class Outer:
    """Rules with thresholds inside, and something that follows from the data."""

    inner: Inner = field(default_factory=Inner)
    classes: Mapping[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Of these rules."""
        return "outer"

    def prepare(self, names: Mapping[str, Collection[str]]) -> "Outer":
        """The same rules with what follows from the data."""
        return replace(self, classes={name: len(inside) for name, inside in names.items()})

    def curate(self, opened: Opened, part: str, output: Path) -> tuple[Row, ...]:
        """Keep nothing, and say what is known."""
        return (left_out(opened.pair, part, "known", str(dict(self.classes))),)

    def finish(self, rows: tuple[Row, ...], output: Path) -> None:
        """Write nothing."""


def test_thresholds_inside_of_rules_are_set_by_their_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In one flat list; pairs, and nothing at all, are values too; what was found is none."""
    monkeypatch.setitem(RULES, "outer", Outer)
    words = ("window=40, 400", "axes=z", "every=2")
    found: object = settings_of(Said(rules="outer", words=words)).rules
    assert found == Outer(inner=Inner(window=(40.0, 400.0), axes=("z",), every=2))
    assert thresholds(found) == {"window": (40.0, 400.0), "axes": ("z",), "every": 2}
    path = tmp_path / "c.json"
    path.write_text(json.dumps({"rules": "outer", "thresholds": thresholds(found)}))
    again: object = settings_of(Said(config=path)).rules
    assert again == found
    plain: object = settings_of(Said(config=path, words=("window=null",))).rules
    assert plain == Outer(inner=Inner(axes=("z",), every=2))
    for wrong, said in (
        (("window=1,2,3",), "window must be a list of a number and a number"),
        (("classes={}",), "unknown setting classes; known are"),
    ):
        with pytest.raises(ConfigError, match=said):
            settings_of(Said(rules="outer", words=wrong))


def test_rules_are_told_of_all_structures_before_any_case(tmp_path: Path) -> None:
    """The toy set has two; what the rules make of that is none of the settings."""
    made = curate(toy(tmp_path / "raw", 2), tmp_path / "out", Settings(rules=Outer()), workers=0)
    assert [row.detail for row in made.rows] == ["{'Toy': 2}"] * 2
    record = json.loads((tmp_path / "out" / "settings.json").read_text(encoding="utf-8"))
    assert "classes" not in record["thresholds"]


@pytest.mark.parametrize("text", ["[" * 100_000, '{"seed": 0.5}', '{"shares": {"x": 1}}'])
def test_a_refusal_names_the_file(text: str, tmp_path: Path) -> None:
    """Lists in lists without end were a RecursionError."""
    path = tmp_path / "s.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"s\.json"):
        settings_of(Said(config=path))
