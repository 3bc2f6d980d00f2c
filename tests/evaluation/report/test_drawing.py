"""Tests of vesal.evaluation.report.drawing."""

import matplotlib as mpl
import pytest

from tests.evaluation.report.svg import identifiers, parsed, texts
from vesal.evaluation.report.drawing import (
    INK,
    PALETTE,
    Plot,
    colour_of,
    log_scale,
    marker_of,
    short,
    styled,
)


@styled()
def drawn(name: str, title: str = "title", text: str = "what is seen") -> str:
    """A plot of one line."""
    plot = Plot(name, 2.0)
    plot.axes[0].plot([1, 2], [0.5, 0.7], color=colour_of(0), marker=marker_of(0), label=title)
    plot.axes[0].set_title(title)
    plot.legend(plot.axes[0])
    return plot.svg(text)


def test_equal_numbers_give_equal_bytes() -> None:
    """No date, no draw at random."""
    assert drawn("a") == drawn("a")
    assert "metadata" not in drawn("a")


def test_plots_share_no_identifier() -> None:
    """Else one plot takes another one's markers on a page."""
    first, second = drawn("a"), drawn("b")
    assert identifiers(first)
    assert not set(identifiers(first)) & set(identifiers(second))
    assert 'href="#m' not in first
    assert "url(#p" not in first


def test_colours_are_those_of_the_page() -> None:
    """Dark and light are the page's to choose."""
    svg = drawn("a")
    assert "var(--ink)" in svg
    assert "var(--series-0)" in svg
    for colour in (INK, *PALETTE):
        assert colour not in svg


@pytest.mark.parametrize("name", ["<b>&", "$x^2$", 'a"b', "]]>", "${}_"])
def test_names_are_drawn_as_they_are(name: str) -> None:
    """No markup, no formula."""
    svg = drawn("a", name, name)
    assert texts(svg).count(name) == 2
    assert parsed(svg).get("aria-label") == name


def test_the_readers_settings_stay() -> None:
    """Whoever plots in the same process keeps the style."""
    before = dict(mpl.rcParams)
    drawn("a")
    assert dict(mpl.rcParams) == before


def test_models_of_one_colour_have_other_markers() -> None:
    """A seventh model is told from the first."""
    looks = {(colour_of(n), marker_of(n)) for n in range(24)}
    assert len(looks) == 24


def test_long_names_are_cut() -> None:
    """So that a plot has room beside its labels."""
    assert short(["liver", "x" * 40], most=10) == ["liver", "xxxxxxxxx…"]


@styled()
def test_logarithmic_axes_have_plain_numbers() -> None:
    """Not powers of ten, which are formulas."""
    plot = Plot("log", 2.0)
    plot.axes[0].plot([1, 2], [0.02, 3.0])
    log_scale(plot.axes[0].yaxis)
    found = texts(plot.svg("log"))
    assert {"0.1", "1"} <= set(found)
    assert not any("10^" in text or "$" in text for text in found)
