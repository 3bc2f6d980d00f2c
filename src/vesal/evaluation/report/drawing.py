"""Plots as SVG inside the page: same bytes for same numbers, colours that follow the page's theme.

Text stays text, so that it can be read aloud and found. What is drawn in the ink, the grid's or a
model's colour gets a CSS variable in its place, and so it is right on light and on dark.
"""

import io
import re
from collections.abc import Sequence
from functools import partial
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

INK, FAINT = "#10203a", "#c2c8d3"
"""Stand-ins: the page's own colours take their place."""

PALETTE = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
"""Okabe and Ito's, apart for colour-blind eyes; without yellow and black, which one theme loses."""

MARKERS = ("o", "s", "^", "D", "v", "P")
_DECADES = 200.0  # ends of a logarithmic axis that leave room for 2 and 5
WIDTH = 7.2  # inches of a plot, at 72 units each

_STYLE: dict[Any, Any] = {  # matplotlib's own type of it is not in every release
    "svg.fonttype": "none",
    "svg.hashsalt": "vesal",
    "text.parse_math": False,  # names of structures are no formulas
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": False,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "font.size": 10.0,
    "axes.titlesize": 11.0,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}
_VARIABLES = {INK: "var(--ink)", FAINT: "var(--line)"} | {
    colour: f"var(--series-{number})" for number, colour in enumerate(PALETTE)
}
_COLOUR = re.compile("|".join(_VARIABLES))
_NAMED = re.compile(r'(\bid="|href="#|url\(#)')
_FONT = "'DejaVu Sans', Verdana, system-ui, sans-serif"


styled = partial(mpl.rc_context, _STYLE)
"""Around a function that draws: the page's style, and the reader's own settings afterwards.

matplotlib takes settings when text is made, and others when it is written: they hold all the time.
"""


class Plot:
    """A figure with axes side by side, to be drawn on and then taken as SVG.

    Args:
        name: unique on the page, letters and digits; it parts the identifiers of several plots.
        height: in inches.
        columns: number of axes side by side.
        lines: number of axes below each other.
    """

    def __init__(self, name: str, height: float, columns: int = 1, lines: int = 1) -> None:
        self._name = name
        self._figure = Figure(figsize=(WIDTH, height), layout="constrained")
        subplots = self._figure.subplots(lines, columns, squeeze=False)
        self.axes: tuple[Axes, ...] = tuple(subplots.flat)

    def legend(self, axes: Axes) -> None:
        """Say above everything which line is which."""
        handles, labels = axes.get_legend_handles_labels()
        columns = min(len(labels), 3)
        self._figure.legend(handles, short(labels), loc="outside upper left", ncols=columns)

    def svg(self, text: str) -> str:
        """The plot as an element of a page.

        Args:
            text: what is to be seen, for those who do not see it.
        """
        stream = io.StringIO()
        self._figure.savefig(stream, format="svg", metadata={"Date": None})
        drawn = stream.getvalue()
        drawn = drawn[drawn.index("<svg") :]
        drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn, count=1, flags=re.DOTALL)
        drawn = _NAMED.sub(rf"\1{self._name}-", drawn)
        drawn = _COLOUR.sub(lambda found: _VARIABLES[found[0]], drawn)
        drawn = re.sub(r"'DejaVu Sans'[^;\"]*", _FONT, drawn)
        return drawn.replace("<svg ", f'<svg role="img" aria-label="{_attribute(text)}" ', 1)


def log_scale(axis: Axis, most: int = 8) -> None:
    """Make an axis logarithmic, with up to so many plain numbers instead of powers of ten."""
    set_scale = axis.axes.set_xscale if isinstance(axis, XAxis) else axis.axes.set_yscale
    set_scale("log")
    low, high = axis.get_view_interval()
    finer = (1.0, 2.0, 5.0) if high < _DECADES * low else (1.0,)
    axis.set_major_locator(LogLocator(subs=finer, numticks=most))
    axis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    axis.set_minor_locator(NullLocator())


def colour_of(number: int) -> str:
    """The colour of the model with that number."""
    return PALETTE[number % len(PALETTE)]


def marker_of(number: int) -> str:
    """The shape of the model with that number: also what has its colour is told apart."""
    return MARKERS[(number + number // len(PALETTE)) % len(MARKERS)]


def short(names: Sequence[str], most: int = 28) -> list[str]:
    """Names for axes, cut where they are too long."""
    return [name if len(name) <= most else f"{name[: most - 1]}…" for name in names]


def _attribute(text: str) -> str:
    for letter, said in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(letter, said)
    return " ".join(text.split())
