"""Tests of vesal.curation.report: the page, and the folder it stands in."""

import json
import sys
from pathlib import Path

import pytest

from tests.curation.report.test_summary import ABOUT, KEPT, OUT, SMALL
from tests.curation.sets import content, settings, toy
from vesal.curation.catalogue import read_catalogue
from vesal.curation.curate import curate
from vesal.curation.report.page import in_ml, page
from vesal.curation.report.summary import summary
from vesal.curation.report.thumbnails import Example
from vesal.curation.report.write import check_installed, write_report
from vesal.errors import ResourceError


def test_a_report_stands_beside_the_set(tmp_path: Path) -> None:
    """Catalogue, page, Markdown and JSON; written again it is the same."""
    raw = toy(tmp_path / "raw", 3)
    made = curate(raw, tmp_path / "out", settings(), workers=0)
    counts = write_report(made, settings(), raw, "vesal curate raw -o out")
    assert counts.kept == 3
    assert read_catalogue(tmp_path / "out" / "catalogue.parquet") == made.rows
    text = (tmp_path / "out" / "report" / "index.html").read_text(encoding="utf-8")
    assert text.count("<img ") == 6
    assert "no picture" not in text
    assert "http" not in text.replace("http-equiv", "")  # nothing from elsewhere
    assert json.loads((tmp_path / "out" / "report" / "summary.json").read_text())["counts"]
    before = content(tmp_path / "out")
    again = curate(raw, tmp_path / "out", settings(), workers=0)
    write_report(again, settings(), raw, "vesal curate raw -o out")
    assert content(tmp_path / "out") == before


def test_names_cannot_break_the_page() -> None:
    """Data sets are written by others."""
    from dataclasses import replace

    wicked = replace(SMALL, structure="<script>alert(1)</script>", detail='"><b>')
    shown = {"": [Example(row=KEPT, data="")], "volume": [Example(row=wicked, data="")],
             "constant": [Example(row=OUT, data="data:,")]}  # fmt: skip
    text = page(summary([KEPT, OUT, wicked], {"volume": "too small"}), ABOUT, shown)
    assert "<script>" not in text
    assert "<b>&#34;" not in text
    assert "no picture" in text
    assert "whole case" in text


def test_nothing_kept_and_nothing_left_out_are_said() -> None:
    """A page without a picture is a page."""
    assert "Nothing was kept" in page(summary([SMALL], {}), ABOUT, {"volume": []})
    assert "Nothing was left out" in page(summary([KEPT], {}), ABOUT, {"": []})


def test_volumes_have_three_digits() -> None:
    """Or all before the point."""
    assert [in_ml(v) for v in (None, 0.1234, 12.345, 1234.5)] == ["", "0.123", "12.3", "1,234"]


def test_a_missing_extra_is_told_before_anything_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not after a night."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ResourceError, match=r"pip install 'vesal\[curate\]'"):
        check_installed()
