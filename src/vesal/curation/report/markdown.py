"""The report as a table in Markdown, for people, and as JSON, for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from vesal.curation.report.about import About
from vesal.curation.report.summary import Count, Summary


def as_markdown(summary: Summary, about: About) -> str:
    """Counts by reason, part, structure, modality and data set."""
    lines = [f"# {about.source} by the rules of {about.settings['rules']}", ""]
    lines += [
        f"{summary.kept} masks kept of {summary.used} cases ({summary.patients} patients), "
        f"{summary.left_out} left out; {summary.cases} cases looked at.",
        "",
    ]
    lines += ["## Why masks and cases were left out", ""]
    if summary.reasons:
        lines += ["| reason | what it means | rows | cases |", "|---|---|---|---|"]
        lines += [
            f"| {one.name} | {_cell(one.words)} | {one.masks} | {one.cases} |"
            for one in summary.reasons
        ]
    else:
        lines.append("Nothing was.")
    for title, counts in (
        ("Parts", summary.parts),
        ("Structures", summary.structures),
        ("Modalities", summary.modalities),
        ("Data sets", summary.datasets),
    ):
        lines += ["", f"## {title}", "", *_table(counts)]
    return "\n".join(lines) + "\n"


def as_json(summary: Summary, about: About) -> str:
    """All counts, the settings and the notes."""
    record = {"counts": asdict(summary), "about": asdict(about)}
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def _table(counts: Sequence[Count]) -> list[str]:
    head = ["| name | kept | left out | cases | patients |", "|---|---|---|---|---|"]
    return head + [
        f"| {_cell(one.name)} | {one.masks} | {one.left_out} | {one.cases} | {one.patients} |"
        for one in counts
    ]


def _cell(text: str) -> str:
    """Text that cannot break out of its cell."""
    return " ".join(text.replace("|", "\\|").split())
