"""The page of a curation: one file that needs nothing beside it, not even a network."""

from collections.abc import Mapping, Sequence
from importlib import resources

from jinja2 import Environment, StrictUndefined

from vesal.curation.report.about import About
from vesal.curation.report.summary import Summary
from vesal.curation.report.thumbnails import Example
from vesal.curation.row import Row

_TEMPLATE = "page.html.jinja"


def page(summary: Summary, about: About, examples: Mapping[str, Sequence[Example]]) -> str:
    """The page as HTML; every name in it is escaped.

    Args:
        summary: the counts.
        about: how the set was made.
        examples: rows with pictures by their reason, "" for what was kept.
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["title"] = title
    environment.filters["ml"] = in_ml
    here = resources.files("vesal.curation.report")
    template = environment.from_string(here.joinpath(_TEMPLATE).read_text(encoding="utf-8"))
    return template.render(summary=summary, about=about, examples=examples)


def in_ml(value: float | None) -> str:
    """Three digits of a volume in ml; "" for none."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def title(row: Row) -> str:
    """What a row is of, for people."""
    return " ".join(word for word in (row.structure, row.piece) if word) or "whole case"
