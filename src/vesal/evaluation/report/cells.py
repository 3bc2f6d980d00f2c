"""Numbers and names as they stand in tables."""

import math

from vesal.evaluation.statistics import Interval

UNKNOWN = "–"  # noqa: RUF001  # a dash, as tables have it


def number(value: float | None, digits: int = 3) -> str:
    """A number with so many digits after the point, or a dash."""
    if value is None or math.isnan(value):
        return UNKNOWN
    return "∞" if math.isinf(value) else f"{value:.{digits}f}"


def share(value: float | None) -> str:
    """A share from 0 to 1 in percent, or a dash."""
    return UNKNOWN if value is None else f"{100 * value:.0f} %"


def span(found: Interval | None, count: int = 2) -> str:
    """A mean with its interval; the mean alone where it is of one object."""
    if found is None:
        return UNKNOWN
    if count < 2:
        return number(found.mean)
    return f"{number(found.mean)} ({number(found.low)} to {number(found.high)})"


def seconds(value: float | None) -> str:
    """Seconds with two digits that count, or a dash."""
    if value is None:
        return UNKNOWN
    return f"{value:.2g}" if value < 10 else f"{value:.0f}"


def p_value(value: float | None) -> str:
    """A p-value with two digits that count, or a dash."""
    if value is None:
        return UNKNOWN
    return "< 0.0001" if value < 1e-4 else f"{value:.2g}"


def clicks_word(clicks: int) -> str:
    """A heading: "first prompt", "1 click", "3 clicks"."""
    if clicks == 0:
        return "first prompt"
    return f"{clicks} click" + ("s" if clicks > 1 else "")
