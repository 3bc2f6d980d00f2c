"""Whether volumes agree: the plot of Bland and Altman (Lancet 1986)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from vesal.arrays import Series
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
from vesal.evaluation.report.summary import clicks_shown

_WIDE = 30.0  # volumes that differ by more than this factor: ratios, on logarithmic axes
_LIMITS = 1.96  # standard deviations within which 95 of 100 differences lie
_COLUMNS = 3
_RATIOS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Volumes:
    """The volumes of objects, in one unit."""

    truth: Series
    mask: Series

    @property
    def mean(self) -> Series:
        """Of mask and truth, for each object."""
        return np.asarray((self.truth + self.mask) / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """The mean of differences, or of ratios, and its 95 % limits of agreement."""

    bias: float
    low: float
    high: float


def agreement(volumes: Volumes, *, ratios: bool) -> Agreement | None:
    """Mean and limits of mask - truth, or of mask / truth; None for fewer than two objects.

    Ratios are those of the logarithms, turned back; empty masks have none and are left out.
    """
    there = volumes.mask > 0
    values = volumes.mask - volumes.truth
    if ratios:
        values = np.log(volumes.mask[there] / volumes.truth[there])
    if len(values) < 2:
        return None
    bias, spread = float(values.mean()), _LIMITS * float(values.std(ddof=1))
    ends = (bias, bias - spread, bias + spread)
    bias, low, high = (float(np.exp(end)) for end in ends) if ratios else ends
    return Agreement(bias=bias, low=low, high=high)


@styled()
def volumes_plot(
    name: str, courses: Sequence[Course], models: Sequence[str], reported: Sequence[int]
) -> str | None:
    """Differences of volumes against their means after the last clicks; None without any mask.

    Args:
        name: of the plot, unique on its page.
        courses: of one variant.
        models: all of the report, in the order of their colours.
        reported: numbers of clicks that tables show.
    """
    clicks = clicks_shown(courses, reported)[-1]
    in_ml = all(course.last.truth_ml is not None for course in courses)
    found = {
        model: volumes_of([c for c in courses if c.last.model == model], clicks, in_ml=in_ml)
        for model in models
        if any(course.last.model == model for course in courses)
    }
    means = np.concatenate([each.mean[each.mask > 0] for each in found.values()])
    if not means.size:
        return None
    ratios = bool(means.max() > _WIDE * means.min())
    unit = "ml" if in_ml else "voxels"
    shown = list(found)
    lines = -(-len(shown) // _COLUMNS)
    plot = Plot(name, 3.2 * lines, min(len(shown), _COLUMNS), lines)
    for axes, model in zip(plot.axes, shown, strict=False):
        _draw(axes, found[model], models.index(model), ratios=ratios)
        axes.set_title(_title(model, found[model], ratios=ratios))
        axes.set_xlabel(f"mean of mask and truth, {unit}")
    for axes in plot.axes[::_COLUMNS]:
        axes.set_ylabel("mask / truth" if ratios else f"mask less truth, {unit}")
    for axes in plot.axes[len(shown) :]:
        axes.set_axis_off()
    return plot.svg(f"Bland-Altman plot of volumes in {unit}: {', '.join(shown)}.")


def volumes_of(courses: Sequence[Course], clicks: int, *, in_ml: bool) -> Volumes:
    """The volumes of objects after so many clicks, in ml or in voxels."""
    rows = [course.after(clicks) for course in courses]
    each = [(row.truth_ml or 0.0) / max(row.truth_voxels, 1) if in_ml else 1.0 for row in rows]
    voxels = np.array([(row.truth_voxels, row.voxels) for row in rows], np.float64)
    volumes = voxels * np.array(each)[:, np.newaxis]
    return Volumes(truth=volumes[:, 0], mask=volumes[:, 1])


def _title(model: str, volumes: Volumes, *, ratios: bool) -> str:
    empty = int((volumes.mask == 0).sum())
    return short([model])[0] + (f"\n{empty} empty masks left out" if ratios and empty else "")


def _draw(axes: Axes, volumes: Volumes, number: int, *, ratios: bool) -> None:
    """Draw one model: points, mean, limits, and where no difference would be."""
    there = volumes.mask > 0 if ratios else np.ones(len(volumes.mask), np.bool_)
    truth, mask = volumes.truth[there], volumes.mask[there]
    values = mask / truth if ratios else mask - truth
    axes.plot(
        volumes.mean[there],
        values,
        color=colour_of(number),
        marker=marker_of(number),
        ms=4,
        ls="",
        alpha=0.75,
    )
    axes.axhline(1.0 if ratios else 0.0, color=INK, linewidth=0.8)
    limits = agreement(volumes, ratios=ratios)
    if limits is not None:
        for level, dashes in ((limits.bias, "-"), (limits.low, "--"), (limits.high, "--")):
            axes.axhline(level, color=colour_of(number), linestyle=dashes, linewidth=1.3)
    if ratios:
        log_scale(axes.xaxis, most=4)
        log_scale(axes.yaxis)
        ends = [1.0] if limits is None else [limits.low, limits.high]
        farthest = 1.15 * max(2.0, float(np.exp(np.abs(np.log([*values, *ends])).max())))
        axes.set_ylim(1 / farthest, farthest)
        axes.set_yticks([tick for tick in _RATIOS if 1 / farthest <= tick <= farthest])
