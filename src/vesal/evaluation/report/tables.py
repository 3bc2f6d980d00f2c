"""The tables of the page: headings and cells, ready to be read."""

from collections.abc import Sequence
from dataclasses import dataclass

from vesal.evaluation.report.about import About
from vesal.evaluation.report.cells import clicks_word, number, p_value, seconds, share, span
from vesal.evaluation.report.comparisons import Contest
from vesal.evaluation.report.course import Course
from vesal.evaluation.report.moment import Distance
from vesal.evaluation.report.summary import Summary

Cells = tuple[str, ...]

BEST = "best of the clicks, as SAM-Med3D's old script"
"""Heading of a column that is there for the protocol of that script alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Texts in lines.

    Attributes:
        heads: of the columns.
        lines: cells, as many as heads.
        names: how many of the first columns are names, not numbers.
    """

    heads: Cells
    lines: tuple[Cells, ...]
    names: int = 1


def dice_table(found: Sequence[Summary], about: About, *, groups: bool) -> Table:
    """Dice after each reported number of clicks.

    Args:
        found: of one grouping.
        about: says whether the best of all clicks is shown too.
        groups: show the groups, and the prompts only where there are several.
    """
    shown = sorted({moment.clicks for each in found for moment in each.moments})
    best = (BEST,) if about.best_of_clicks else ()
    several = not groups or len({each.variant for each in found}) > 1
    lead = (*(("group",) if groups else ()), "model", *(("prompts",) if several else ()))
    heads = (*lead, "objects", *(clicks_word(k) for k in shown), *best)
    lines = []
    for each in found:
        moments = [each.after(clicks) for clicks in shown]
        dice = [span(moment.dice if moment else None, each.objects) for moment in moments]
        top = (span(each.best, each.objects),) if about.best_of_clicks else ()
        names = {"group": each.group, "model": each.model, "prompts": each.variant}
        lines.append((*(names[head] for head in lead), str(each.objects), *dice, *top))
    return Table(heads=heads, lines=tuple(lines), names=len(lead))


def spread_table(found: Sequence[Summary]) -> Table:
    """How many objects there are, and how Dice after the last clicks is spread."""
    heads = (
        "model", "prompts", "objects", "patients", "failed", "clicks", "median Dice (quartiles)",
        "mean of modalities", "mean of data sets", "mean IoU",
    )  # fmt: skip
    lines = []
    for each in found:
        last, middle = each.last, each.last.quartiles
        counts = (each.objects, each.patients, each.failed, last.clicks)
        spread = f"{number(middle.median)} ({number(middle.low)} to {number(middle.high)})"
        means = [number(mean) for mean in (last.by_modality, last.by_dataset, last.iou)]
        lines.append((each.model, each.variant, *(str(n) for n in counts), spread, *means))
    return Table(heads=heads, lines=tuple(lines), names=2)


def surface_table(found: Sequence[Summary]) -> Table:
    """How far borders and volumes are off after the last clicks."""
    heads = ("model", "prompts", "NSD", "HD95 mm", "ASSD mm", "volume error (quartiles)")
    lines = []
    for each in found:
        last, error = each.last, each.last.volume_error
        distances = [_distance(last.hd95), _distance(last.assd)]
        volume = f"{_percent(error.median)} ({_percent(error.low)} to {_percent(error.high)})"
        lines.append((each.model, each.variant, span(last.nsd, each.objects), *distances, volume))
    return Table(heads=heads, lines=tuple(lines), names=2)


def effort_table(found: Sequence[Summary]) -> Table:
    """How many clicks it takes, and how often more of them do not help."""
    wanted = next((each.efforts for each in found if each.efforts), ())
    heads = (
        "model", "prompts", *(f"clicks to Dice {one.dice:.2f}" for one in wanted),
        *(f"never {one.dice:.2f}" for one in wanted), "Dice below 0.3", "rounds that lower Dice",
    )  # fmt: skip
    lines = []
    for each in found:
        efforts = each.efforts or (None,) * len(wanted)
        clicks = [number(one.clicks, 1) if one else share(None) for one in efforts]
        never = [share(one.never if one else None) for one in efforts]
        falls = share(each.falls)
        lines.append((each.model, each.variant, *clicks, *never, share(each.lost), falls))
    return Table(heads=heads, lines=tuple(lines), names=2)


def seconds_table(found: Sequence[Summary]) -> Table:
    """How long answers take, and how much memory."""
    heads = (
        "model", "prompts", "first round, median s", "first round, 95 % below s",
        "further rounds, median s", "further rounds, 95 % below s", "memory MiB",
    )  # fmt: skip
    lines = []
    for each in found:
        times = [
            seconds(getattr(part, field) if part else None)
            for part in (each.first, each.further)
            for field in ("median", "p95")
        ]
        lines.append((each.model, each.variant, *times, number(each.memory_mib, 0)))
    return Table(heads=heads, lines=tuple(lines), names=2)


def contest_table(found: Sequence[Contest]) -> Table:
    """Each two models on the same objects."""
    heads = (
        "first", "second", "prompts", "clicks", "objects", "first less second, Dice",
        "first better", "equal", "second better", "p", "p corrected",
    )  # fmt: skip
    lines = []
    for each in found:
        one = each.comparison
        objects = one.wins + one.ties + one.losses
        lines.append(
            (
                each.first,
                each.second,
                each.variant,
                str(each.clicks),
                str(objects),
                span(one.difference, objects),
                str(one.wins),
                str(one.ties),
                str(one.losses),
                p_value(one.p),
                p_value(each.corrected_p),
            )
        )
    return Table(heads=heads, lines=tuple(lines), names=3)


def failure_table(courses: Sequence[Course]) -> Table:
    """Objects at which a model broke, and what it said."""
    rows = [course.last for course in courses if course.failed]
    return Table(
        heads=("model", "prompts", "case", "object", "round", "message"),
        lines=tuple(
            (row.model, row.variant, row.case, row.object, str(row.round), row.message)
            for row in rows
        ),
        names=6,
    )


def _distance(found: Distance | None) -> str:
    if found is None:
        return number(None)
    infinite = f" ({found.infinite} infinite)" if found.infinite else ""
    return f"{number(found.median_mm, 1)}{infinite}"


def _percent(value: float) -> str:
    return f"{100 * value:+.0f} %"
