"""Tests of vesal.curation.report.summary and of its texts."""

import json
from dataclasses import replace

from tests.curation.sets import settings
from tests.curation.test_catalogue import ROWS
from vesal.curation.report.about import About
from vesal.curation.report.markdown import as_json, as_markdown
from vesal.curation.report.summary import summary

KEPT, OUT = ROWS
RIGHT = replace(KEPT, piece="right", volume_mm3=3000.0)
SMALL = replace(KEPT, case="c", reason="volume", image="", mask="", structure="a|b")
ABOUT = About(
    source="raw", layout="nnU-Net", command="vesal curate", settings=settings().record(),
    reasons={}, notes=("a note",),
)  # fmt: skip


def test_rows_are_counted_by_what_they_are() -> None:
    """A case counts once, a side is a structure, a whole case is none."""
    found = summary([KEPT, RIGHT, OUT, SMALL, SMALL], {"volume": "too small"})
    assert (found.kept, found.left_out, found.cases, found.used, found.patients) == (2, 3, 3, 1, 1)
    assert [(one.name, one.words, one.masks) for one in found.reasons] == [
        ("volume", "too small", 2), ("constant", "", 1),
    ]  # fmt: skip
    assert [(one.name, one.masks, one.left_out) for one in found.structures] == [
        ("kidneys left", 1, 0), ("kidneys right", 1, 0), ("a|b left", 0, 2),
    ]  # fmt: skip
    assert [(one.name, one.masks) for one in found.parts] == [("train", 2)]
    assert [(one.name, one.masks) for one in found.modalities] == [("CT", 2), ("not known", 0)]
    assert found.datasets[0].median_ml == (1.2345 + 3) / 2


def test_nothing_is_counted_too() -> None:
    """An empty set has a report."""
    found = summary([], {})
    assert found.kept == 0
    assert "Nothing was." in as_markdown(found, ABOUT)


def test_markdown_and_json_hold_all_counts() -> None:
    """A name cannot break out of its cell."""
    found = summary([KEPT, RIGHT, OUT, SMALL], {})
    text = as_markdown(found, ABOUT)
    assert "2 masks kept of 1 cases (1 patients), 2 left out; 3 cases looked at." in text
    assert r"| a\|b left | 0 | 1 | 0 | 0 |" in text
    record = json.loads(as_json(found, ABOUT))
    assert record["counts"]["kept"] == 2
    assert record["about"]["notes"] == ["a note"]
