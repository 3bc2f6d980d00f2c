"""The result in a few lines of Markdown, for a README."""

import re
from collections.abc import Sequence
from pathlib import Path

from vesal.evaluation.report.about import About
from vesal.evaluation.report.grouping import ALL
from vesal.evaluation.report.summary import Summary
from vesal.evaluation.report.tables import BEST, dice_table
from vesal.images.write import write_text

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~])")


def write_table(path: Path, about: About, summaries: Sequence[Summary]) -> Path:
    """Write the table in one step and return the path.

    Raises:
        ResourceError: if the disk refuses.
    """
    write_text(path, table(about, summaries))
    return path


def table(about: About, summaries: Sequence[Summary]) -> str:
    """Dice of each model and variant over all objects, and below it when and where it was made."""
    whole = [each for each in summaries if each.grouping == ALL.name]
    found = dice_table(whole, about, groups=False)
    heads = ["best of the clicks*" if head == BEST else head for head in found.heads]
    lines = [_line(heads), _line(["---"] * len(heads))]
    for cells in found.lines:
        names, numbers = cells[: found.names], cells[found.names :]
        lines.append(_line([*map(_escaped, names), *numbers]))
    return "\n".join([*lines, "", *_below(about, whole)]) + "\n"


def _below(about: About, whole: Sequence[Summary]) -> list[str]:
    """What numbers mean, and where they come from."""
    drawn = {each.last.dice.resampled for each in whole if each.objects > 1}
    how = f", 95 % bootstrap intervals drawn from {' or '.join(sorted(drawn))}" if drawn else ""
    broken = sum(each.failed for each in whole)
    lost = f" {broken} objects at which a model broke count with 0." if broken else ""
    source = f"vesal {about.version}" + (f" ({about.commit})" if about.commit else "")
    made = [about.date, source, *([about.machine] if about.machine else [])]
    lines = [
        f"Mean Dice over objects{how}; protocol {_escaped(about.protocol)}.{lost}",
        f"{_escaped(', '.join(made))}.",
    ]
    if about.best_of_clicks:
        lines.append("\\* As SAM-Med3D's old script reported it; not what a user ends with.")
    return lines


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """A name that no Markdown reader takes for markup."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
