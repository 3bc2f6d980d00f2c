"""Tests of vesal.evaluation.report.write."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.evaluation.report.played import ABOUT, played
from vesal.errors import ConfigError, ResourceError
from vesal.evaluation.report.write import write_report


def test_a_report_is_four_files(tmp_path: Path) -> None:
    """And the page is what is handed back."""
    page = write_report(tmp_path, played([0.5, 0.7]), ABOUT)
    names = ["index.html", "rows.csv", "summary.json", "table.md"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert page == tmp_path / "index.html"
    assert json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))["version"] == 1


def test_no_row_is_no_report(tmp_path: Path) -> None:
    """A page without a number would look like a result."""
    with pytest.raises(ConfigError, match="one object or more"):
        write_report(tmp_path, [], ABOUT)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["matplotlib", "jinja2"])
def test_a_missing_extra_is_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What to type stands in the message."""
    for loaded in list(sys.modules):
        if loaded.startswith("vesal.evaluation.report.") or loaded.split(".")[0] == name:
            monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ResourceError, match=rf"needs {name}.*pip install 'vesal\[evaluate\]'"):
        write_report(tmp_path, played([0.5]), ABOUT)


def test_the_door_loads_no_plots() -> None:
    """Drawing is loaded when a page is drawn, not when results are looked at."""
    code = "import sys, vesal.evaluation.report.write as w; print('matplotlib' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)  # noqa: S603
    assert run.stdout.strip() == "False"


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Nothing is written elsewhere."""
    with pytest.raises(ResourceError, match="cannot be written"):
        write_report(tmp_path / "missing", played([0.5]), ABOUT)
