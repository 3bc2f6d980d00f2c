"""Tests of vesal.curation.named: what every set of rules must be."""

import json
import pickle
from pathlib import Path

import pytest

from vesal.curation.checks import CHECKS
from vesal.curation.config import Said, settings_of
from vesal.curation.named import REASONS, RULES, rules_named
from vesal.curation.rules import Rules


@pytest.mark.parametrize("name", RULES)
def test_rules_are_plain_data_under_their_name(name: str, tmp_path: Path) -> None:
    """They travel to other processes, and into a file and back, and are equal then."""
    settings = settings_of(Said(rules=name))
    assert isinstance(settings.rules, Rules)
    assert settings.rules.name == name
    assert pickle.loads(pickle.dumps(settings)) == settings  # noqa: S301  # our own
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(settings.record()), encoding="utf-8")
    assert settings_of(Said(config=path)) == settings


@pytest.mark.parametrize("name", RULES)
def test_reasons_have_words_that_no_check_has(name: str) -> None:
    """One word in the catalogue means one thing."""
    assert all(REASONS[name].values())
    assert not set(REASONS[name]) & set(CHECKS)
    assert rules_named(name) is RULES[name]
