"""The page of a report: one file that needs nothing beside it, not even a network."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import resources
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from vesal.evaluation.report.about import About
from vesal.evaluation.report.agreement import volumes_plot
from vesal.evaluation.report.comparisons import Contest
from vesal.evaluation.report.course import Course, courses_of, names_in_order
from vesal.evaluation.report.drawing import PALETTE
from vesal.evaluation.report.grouping import ALL, GROUPINGS, STRUCTURE
from vesal.evaluation.report.pictures import Scene, pictures
from vesal.evaluation.report.plots import clicks_plot, seconds_plot, structures_plot
from vesal.evaluation.report.summary import Summary, by_variant
from vesal.evaluation.report.tables import (
    Table,
    contest_table,
    dice_table,
    effort_table,
    failure_table,
    seconds_table,
    spread_table,
    surface_table,
)
from vesal.evaluation.row import Row
from vesal.evaluation.statistics import RESAMPLES
from vesal.images.write import write_text

_TEMPLATE = "page.html.jinja"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A plot with the words that stand below it."""

    svg: Markup
    caption: str


def write_page(
    path: Path,
    rows: Sequence[Row],
    about: About,
    summaries: Sequence[Summary],
    contests: Sequence[Contest],
    scene: Scene,
) -> Path:
    """Write the page in one step and return the path.

    Raises:
        ResourceError: if the disk refuses.
    """
    write_text(path, page(rows, about, summaries, contests, scene))
    return path


def page(
    rows: Sequence[Row],
    about: About,
    summaries: Sequence[Summary],
    contests: Sequence[Contest],
    scene: Scene,
) -> str:
    """The page as HTML; every name in it is escaped."""
    courses = courses_of(rows)
    models = names_in_order(courses, "model")
    whole = [each for each in summaries if each.grouping == ALL.name]
    structures = [each for each in summaries if each.grouping == STRUCTURE.name]
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    here = resources.files("vesal.evaluation.report")
    template = environment.from_string(here.joinpath(_TEMPLATE).read_text(encoding="utf-8"))
    return template.render(
        about=about,
        objects=len({course.key for course in courses}),
        patients=len({course.last.patient for course in courses}),
        drawn=sorted({each.last.dice.resampled for each in whole if each.objects > 1}),
        headline=dice_table(whole, about, groups=False),
        spread=spread_table(whole),
        surfaces=surface_table(whole),
        effort=effort_table(whole),
        times=seconds_table(whole),
        groups=_group_tables(summaries, about),
        structures=dice_table(structures, about, groups=True),
        contests=contest_table(contests),
        failures=failure_table(courses),
        **_figures(courses, models, structures, about),
        pictures=pictures(courses, models, scene),
        palette=tuple(enumerate(PALETTE)),
        resamples=RESAMPLES,
    )


def _group_tables(summaries: Sequence[Summary], about: About) -> tuple[tuple[str, Table], ...]:
    """A table for each way of grouping that parts the objects at all."""
    found = []
    for grouping in GROUPINGS:
        own = [each for each in summaries if each.grouping == grouping.name]
        if grouping not in (ALL, STRUCTURE) and len({each.group for each in own}) > 1:
            found.append((grouping.name, dice_table(own, about, groups=True)))
    return tuple(found)


def _figures(
    courses: Sequence[Course], models: Sequence[str], structures: Sequence[Summary], about: About
) -> dict[str, tuple[Figure, ...]]:
    """Plots of each variant by what they show; the drawing has escaped what it was given."""

    def bars(name: str, own: Sequence[Course], models: Sequence[str]) -> str:
        variant = own[0].last.variant
        return structures_plot(name, [s for s in structures if s.variant == variant], models)

    drawings: dict[str, tuple[Callable[..., str | None], str]] = {
        "clicks": (clicks_plot, "mean Dice over objects; the band is its 95 % bootstrap interval"),
        "structures": (
            bars,
            "bars end at the last clicks, upright lines mark the first; best on top",
        ),
        "volumes": (
            partial(volumes_plot, reported=about.reported),
            "solid: mean; dashed: 95 % limits of agreement; in the text's colour: no difference",
        ),
        "seconds": (seconds_plot, "median of objects; the band is their middle half"),
    }
    variants = list(enumerate(by_variant(courses).items()))
    return {
        f"{kind}_figures": tuple(
            Figure(svg=Markup(svg), caption=f"{variant}: {words}.")  # noqa: S704
            for number, (variant, own) in variants
            if (svg := draw(f"{kind}{number}", own, models)) is not None
        )
        for kind, (draw, words) in drawings.items()
    }
