"""Ways to put objects into groups, so that a mean does not hide what it is made of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vesal.evaluation.report.anatomy import anatomy_of, organ_of
from vesal.evaluation.report.course import Course
from vesal.evaluation.row import Row

_SEEN = {True: "seen in training", False: "not seen in training", None: "not stated"}
_ML = ((1.0, "below 1 ml"), (10.0, "1 to 10 ml"), (100.0, "10 to 100 ml"))
_MOST_ML = "100 ml and more"
_VOXELS = (
    (10, "below 10 voxels"),
    (100, "10 to 100 voxels"),
    (1000, "100 to 1,000 voxels"),
    (10_000, "1,000 to 10,000 voxels"),
)
_MOST_VOXELS = "10,000 voxels and more"
_SIZES = (*(name for _, name in _ML), _MOST_ML, *(name for _, name in _VOXELS), _MOST_VOXELS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """A way to part objects.

    Attributes:
        name: for headings and files.
        of: the group of an object, from any of its rows.
        order: groups that have an order of their own; others come by the alphabet after them.
    """

    name: str
    of: Callable[[Row], str]
    order: tuple[str, ...] = ()

    def groups(self, courses: Sequence[Course]) -> dict[str, tuple[Course, ...]]:
        """The courses of each group that has one, groups in their order."""
        found: dict[str, list[Course]] = {}
        for course in courses:
            found.setdefault(self.of(course.last), []).append(course)
        places = {name: place for place, name in enumerate(self.order)}
        names = sorted(found, key=lambda name: (places.get(name, len(places)), name.casefold()))
        return {name: tuple(found[name]) for name in names}


def size_of(row: Row) -> str:
    """The size class of an object: by ml, or by voxels where no spacing is known."""
    if row.truth_ml is not None:
        return next((name for most, name in _ML if row.truth_ml < most), _MOST_ML)
    return next((name for most, name in _VOXELS if row.truth_voxels < most), _MOST_VOXELS)


ALL = Grouping(name="all", of=lambda _: "all")
STRUCTURE = Grouping(name="structure", of=lambda row: organ_of(row.object))
"""Left and right are one organ, as in SAM-Med3D's charts."""

GROUPINGS = (
    ALL,
    Grouping(name="modality", of=lambda row: row.modality or "not stated"),
    Grouping(name="dataset", of=lambda row: row.dataset or "not stated"),
    Grouping(name="anatomy", of=lambda row: anatomy_of(row.object).group),
    Grouping(
        name="lesion or organ",
        of=lambda row: "lesion" if anatomy_of(row.object).lesion else "organ",
        order=("organ", "lesion"),
    ),
    Grouping(name="training", of=lambda row: _SEEN[row.seen], order=tuple(_SEEN.values())),
    Grouping(name="size", of=size_of, order=_SIZES),
    Grouping(
        name="border of the image",
        of=lambda row: "touches it" if row.cut_off else "inside",
        order=("inside", "touches it"),
    ),
    STRUCTURE,
)
