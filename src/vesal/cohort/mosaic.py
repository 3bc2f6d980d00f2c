"""A picture of some results, to see at once whether a run went as it should."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from vesal.cohort.case import Case
from vesal.cohort.key import Item
from vesal.cohort.place import Place
from vesal.cohort.report import Entry
from vesal.cohort.report import Row as Result
from vesal.cohort.results import MOSAIC
from vesal.cohort.stage import Stage
from vesal.errors import VesalError
from vesal.images import Mask, open_image
from vesal.images.picture import Row, contact_sheet
from vesal.images.write import replacing
from vesal.labels import open_labels

_MOST = 24
_COLUMNS = 3


def write_mosaic(items: Sequence[Item], entries: Mapping[str, Entry], folder: Place) -> bool:
    """Draw up to 24 results, spread over all cases; whether there was one to be drawn.

    What cannot be read as voxels again, like surfaces, is left out.

    Raises:
        ResourceError: the picture cannot be written.
    """
    chosen = _spread(_found(items, entries))
    rows = (row for item, result in chosen for row in _drawn(item, result, folder))
    first = next(rows, None)
    if first is None:
        return False
    title = f"{len(chosen)} of {len(entries)} cases"
    sheet = contact_sheet(_with(first, rows), title=title, columns=_COLUMNS)
    if isinstance(folder, Path):
        with replacing(folder / MOSAIC, ".png") as temporary:
            sheet.save(temporary)
        return True
    with TemporaryDirectory(prefix="vesal-") as place:
        sheet.save(Path(place) / MOSAIC)
        (folder / MOSAIC).put(Path(place) / MOSAIC)
    return True


def _found(items: Sequence[Item], entries: Mapping[str, Entry]) -> list[tuple[Item, Result]]:
    """The largest object of each case in which something was found."""
    found = []
    for item in items:
        rows = entries[item.name].rows if item.name in entries else ()
        seen = [row for row in rows if row.status == "done" and row.voxels]
        if seen:
            found.append((item, max(seen, key=lambda row: row.voxels or 0)))
    return found


def _spread(found: Sequence[tuple[Item, Result]]) -> list[tuple[Item, Result]]:
    count = min(len(found), _MOST)
    return [found[number * len(found) // count] for number in range(count)]


def _with(first: Row, rest: Iterator[Row]) -> Iterator[Row]:
    yield first
    yield from rest


def _drawn(item: Item, result: Result, folder: Place) -> list[Row]:
    """The row of a result; none where it cannot be looked at."""
    series = item.series if isinstance(item, Case) else ""
    try:
        with Stage() as stage:
            image = open_image(stage.local(item.image), series=series or None)
            labels = open_labels(stage.local(folder / result.output))
            number = next(s.number for s in labels.segments if _is(s.name, result, labels.segments))
            mask = Mask(array=labels.array == number, grid=image.grid, source=image.source)
            size = f"{result.voxels:,} voxels"
            volume = f"{result.volume_ml:,.2f} ml" if result.volume_ml is not None else size
            return [Row(image=image, mask=mask, title=item.name, details=(result.object, volume))]
    except (VesalError, StopIteration, OSError):
        return []


def _is(name: str, result: Result, segments: Sequence[object]) -> bool:
    """Whether a segment is the object; the only one of a file is, whatever the format kept."""
    return name == result.object or len(segments) == 1
