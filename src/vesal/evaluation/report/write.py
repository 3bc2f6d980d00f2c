"""The door: from rows to a folder with a page, tables and numbers."""

from collections.abc import Sequence
from pathlib import Path

from vesal.errors import ConfigError
from vesal.evaluation.report.about import About
from vesal.evaluation.report.comparisons import contests
from vesal.evaluation.report.pictures import Scene
from vesal.evaluation.report.rows_csv import write_rows
from vesal.evaluation.report.summary import summaries
from vesal.evaluation.report.summary_json import write_summary
from vesal.evaluation.report.table import write_table
from vesal.evaluation.row import Row
from vesal.extras import needing

PAGE, TABLE, SUMMARY, ROWS = "index.html", "table.md", "summary.json", "rows.csv"
"""Names of the files of a report."""


def no_scene(row: Row) -> None:
    """Shows nothing: for reports without pictures."""


def write_report(folder: Path, rows: Sequence[Row], about: About, scene: Scene = no_scene) -> Path:
    """Write page, Markdown table, JSON and CSV, each in one step, and return the page's path.

    Args:
        folder: must be there.
        rows: at least one, of any number of models and variants.
        about: what was run.
        scene: the picture of an object from its last row, if it can be shown.

    Raises:
        ConfigError: without a row.
        ResourceError: the disk refuses, or matplotlib or jinja2 is missing.
    """
    if not rows:
        raise ConfigError("a report needs results of one object or more, got none")
    with needing("evaluate", "a report"):
        from vesal.evaluation.report.page import write_page
    found, pairs = summaries(rows, about.reported), contests(rows, about.reported)
    write_rows(folder / ROWS, rows)
    write_summary(folder / SUMMARY, about, found, pairs)
    write_table(folder / TABLE, about, found)
    return write_page(folder / PAGE, rows, about, found, pairs, scene)
