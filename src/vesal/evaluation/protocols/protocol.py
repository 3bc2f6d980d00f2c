"""What a protocol is: ways of prompting, and what is measured after which clicks."""

from dataclasses import dataclass
from typing import Literal

from vesal.evaluation.user import Rule

View = Literal["whole", "label cube", "slices"]
"""What a method is shown: the image as it is; a cube cut out round the *true* mask, as published
code does; or every slice that holds a part of the object, as an image of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A way of prompting.

    Attributes:
        name: as tables call it.
        first: what is said before the first click, if anything.
        click: where a click goes.
        clicks: how many at most.
        needs: the kind of prompt that a method must answer, beside points.
        view: what the method is shown.
    """

    name: str
    click: Rule | None = None
    first: Rule | None = None
    clicks: int = 0
    needs: str = "point"
    view: View = "whole"


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """A way of measuring.

    Attributes:
        name: for the command line.
        source: where it comes from, and in what it departs from there: sentences for the report.
        variants: each is played for every object.
        reported: the numbers of clicks after which surfaces are measured too, and that tables show.
        tolerance_mm: within which borders count as equal in NSD.
        together: all objects of an image are prompted in turns and share one label map.
        version: changes with what is done, so that results of an older one are made anew.
    """

    name: str
    source: str
    variants: tuple[Variant, ...]
    reported: tuple[int, ...]
    tolerance_mm: float
    together: bool = False
    version: int = 1
