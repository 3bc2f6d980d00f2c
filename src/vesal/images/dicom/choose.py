"""The one volume or picture that is meant, by number, UID or description; or a list to choose."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vesal.errors import ImageError
from vesal.images.dicom.group import Entry

_MOST_LISTED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One thing that can be chosen from a folder.

    Attributes:
        number: counted from 1, as `open_image(series=...)` takes it.
        kind: "volume", "localizer", "picture", or "unreadable" for films and colour slices.
        part: what sets it apart from the rest of its series, like "echo time 5".
        patient: a number for each patient in the folder, counted from 1 and without a name.
        problem: why it cannot be opened, as far as headers tell; else empty.
    """

    number: int
    kind: str
    description: str
    part: str
    modality: str
    slices: int
    columns: int
    rows: int
    patient: int
    uid: str
    problem: str

    @property
    def label(self) -> str:
        """What a person recognises it by."""
        words = [self.description or "no name", self.part, self.modality]
        what = "1 slice" if self.slices == 1 else f"{self.slices} slices"
        if self.kind == "unreadable":
            what = self.kind
        elif self.kind != "volume":
            what = f"a {self.kind}" if self.slices == 1 else f"a {self.kind}, {what}"
        return f"{', '.join(word for word in words if word)} ({what})"


def listed(entries: Sequence[Entry]) -> tuple[Listed, ...]:
    """Return what can be chosen, in the order of the entries."""
    patients = list(dict.fromkeys(entry.planes[0].scan.patient for entry in entries))
    return tuple(
        Listed(
            number=number,
            kind=entry.kind.name.lower(),
            description=entry.planes[0].scan.description,
            part=entry.part,
            modality=entry.planes[0].scan.modality,
            slices=len(entry.planes),
            columns=entry.planes[0].columns,
            rows=entry.planes[0].rows,
            patient=patients.index(entry.planes[0].scan.patient) + 1,
            uid=entry.planes[0].scan.uid,
            problem=entry.problem,
        )
        for number, entry in enumerate(entries, start=1)
    )


def chosen(entries: Sequence[Entry], series: str | int | None, name: str) -> int:
    """Return the index of the entry that is meant.

    Without a choice it is the only volume, else the only entry.

    Args:
        entries: what there is, at least one.
        series: number counted from 1; or SeriesInstanceUID or its beginning or end; or a part of
            the description, in small or capital letters.
        name: of the file or folder, for messages.

    Raises:
        ImageError: if it is not clear which one is meant.
    """
    found = _meant(listed(entries), series)
    if len(found) == 1:
        return found[0].number - 1
    lines = found or listed(entries)
    shown = "; ".join(f"{one.number}: {one.label}" for one in lines[:_MOST_LISTED])
    more = f"; and {len(lines) - _MOST_LISTED} more" if len(lines) > _MOST_LISTED else ""
    if series is None:
        what = f"{name} holds {len(lines)} series"
    elif found:
        what = f"{name} holds {len(lines)} series that {series!r} may mean"
    else:
        what = f"{name} holds no series {series!r}"
    first = lines[0].number
    msg = (
        f"{what}, choose one by number, UID or description (series={first} in Python, "
        f"--series {first} in the shell): {shown}{more}"
    )
    raise ImageError(msg)


def candidates(lines: Sequence[Listed]) -> list[Listed]:
    """Return the volumes, or all if there is none: what may be meant without a choice."""
    return [line for line in lines if line.kind == "volume"] or list(lines)


def _meant(lines: Sequence[Listed], series: str | int | None) -> list[Listed]:
    """What the first way of reading the choice that fits any line makes of it."""
    if series is None:
        return candidates(lines)
    words = str(series).strip()
    text = words.casefold()
    number = int(words) if words.isdecimal() else 0
    readings: list[Callable[[Listed], bool]] = [
        lambda line: line.uid == words,
        lambda line: line.number == number,
    ]
    if isinstance(series, str):
        readings += [
            lambda line: line.uid.startswith(words) or line.uid.endswith(words),
            lambda line: line.description.casefold() == text,
            lambda line: text in f"{line.description}, {line.part}".casefold(),
        ]
    found = ([line for line in lines if words and is_meant(line)] for is_meant in readings)
    return next(filter(None, found), [])
