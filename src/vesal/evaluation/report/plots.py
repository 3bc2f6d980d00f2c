"""The plots of a report: Dice by clicks and by structure, and seconds."""

from collections.abc import Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

from vesal.evaluation.report.course import Course
from vesal.evaluation.report.drawing import (
    INK,
    Plot,
    colour_of,
    log_scale,
    marker_of,
    short,
    styled,
)
from vesal.evaluation.report.summary import Summary
from vesal.evaluation.statistics import interval

_MOST = 100  # structures in one plot
_FULL = (0.0, 1.02)  # of Dice, with room for a marker


@styled()
def clicks_plot(name: str, courses: Sequence[Course], models: Sequence[str]) -> str | None:
    """Mean Dice after each click with its interval, one line a model; None without clicks.

    Args:
        name: of the plot, unique on its page.
        courses: of one variant.
        models: all of the report, in the order of their colours.
    """
    rounds = sorted({row.round for course in courses for row in course.rows})
    if len(rounds) < 2:
        return None
    rounds = list(range(rounds[0], rounds[-1] + 1))
    plot = Plot(name, 3.6)
    (axes,) = plot.axes
    ends = []
    for number, model in enumerate(models):
        own = [course for course in courses if course.last.model == model]
        if not own:
            continue
        patients = [course.last.patient for course in own]
        found = [interval([c.after(k).dice for c in own], patients) for k in rounds]
        means = [each.mean for each in found]
        axes.plot(
            rounds, means, color=colour_of(number), marker=marker_of(number), ms=5, label=model
        )
        axes.fill_between(
            rounds,
            [each.low for each in found],
            [each.high for each in found],
            color=colour_of(number),
            alpha=0.18,
            linewidth=0,
        )
        ends.append(f"{model} {means[0]:.2f} to {means[-1]:.2f}")
    axes.set_ylim(*_FULL)
    axes.set_xlabel("clicks (0: first prompt)" if rounds[0] == 0 else "clicks")
    axes.set_ylabel("mean Dice")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    plot.legend(axes)
    return plot.svg(f"Mean Dice from the first to the last click: {'; '.join(ends)}.")


@styled()
def structures_plot(name: str, found: Sequence[Summary], models: Sequence[str]) -> str:
    """Mean Dice of each structure, best first: bars after the last clicks, lines after the first.

    Args:
        name: of the plot, unique on its page.
        found: summaries of structures under one variant, at least one.
        models: all of the report, in the order of their colours.
    """
    shown = [model for model in models if any(each.model == model for each in found)]
    by_place = {(each.group, each.model): each for each in found}
    every = sorted({each.group for each in found}, key=lambda g: -_rank(found, g))
    groups = every if len(every) <= _MOST else every[: _MOST // 2] + every[-_MOST // 2 :]
    thick = 0.8 / len(shown)
    plot = Plot(name, 0.9 + len(groups) * max(0.22, 0.11 + 0.1 * len(shown)))
    (axes,) = plot.axes
    for place, model in enumerate(shown):
        number = models.index(model)
        rows = [(y, by_place[g, model]) for y, g in enumerate(groups) if (g, model) in by_place]
        heights = [y + (place - (len(shown) - 1) / 2) * thick for y, _ in rows]
        last = [each.last.dice.mean for _, each in rows]
        first = [each.moments[0].dice.mean for _, each in rows]
        axes.barh(heights, last, thick * 0.9, color=colour_of(number), label=model)
        axes.vlines(
            first,
            [h - thick * 0.45 for h in heights],
            [h + thick * 0.45 for h in heights],
            color=INK,
            linewidth=1.6,
        )
    axes.set_yticks(range(len(groups)), short(groups))
    axes.set_ylim(len(groups) - 0.45, -0.55)
    axes.set_xlim(0, 1)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    left_out = f"; the {_MOST // 2} best and worst of {len(every)}" if groups != every else ""
    axes.set_xlabel(f"mean Dice{left_out}")
    if len(groups) > 25:
        axes.tick_params(axis="x", top=True, labeltop=True)
    plot.legend(axes)
    return plot.svg(
        f"Mean Dice of {len(groups)} structures, from {groups[0]} to {groups[-1]}{left_out}. The "
        "table of structures has the numbers."
    )


def _rank(found: Sequence[Summary], group: str) -> float:
    """Where a structure stands: mean over the models."""
    return float(np.mean([each.last.dice.mean for each in found if each.group == group]))


@styled()
def seconds_plot(name: str, courses: Sequence[Course], models: Sequence[str]) -> str | None:
    """Seconds of each round: medians and the middle half; None where nothing took a time.

    Args:
        name: of the plot, unique on its page.
        courses: of one variant.
        models: all of the report, in the order of their colours.
    """
    plot = Plot(name, 3.0)
    (axes,) = plot.axes
    lowest = np.inf
    for number, model in enumerate(models):
        took: dict[int, list[float]] = {}
        for course in courses:
            for row in course.rows:
                if row.model == model and row.status == "done" and row.seconds > 0:
                    took.setdefault(row.round, []).append(row.seconds)
        if not took:
            continue
        rounds = sorted(took)
        low, median, high = (
            [float(np.percentile(took[k], share)) for k in rounds] for share in (25, 50, 75)
        )
        colour = colour_of(number)
        axes.plot(rounds, median, color=colour, marker=marker_of(number), ms=5, label=model)
        axes.fill_between(rounds, low, high, color=colour, alpha=0.18, linewidth=0)
        lowest = min(lowest, *low)
    if not np.isfinite(lowest):
        return None
    log_scale(axes.yaxis)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("round")
    axes.set_ylabel("seconds")
    plot.legend(axes)
    return plot.svg("Seconds of each round by model; the table of times has the numbers.")
