"""The files that a run makes: where they go, and that none of them takes the place of another."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from vesal.cohort.key import Item
from vesal.cohort.place import Place, resolved
from vesal.cohort.report import REPORTS
from vesal.cohort.scan import Scan
from vesal.errors import ConfigError
from vesal.labels.write import safe_names

MOSAIC, JOURNAL = "mosaic.png", "journal.jsonl"
OWN = (*REPORTS, MOSAIC, JOURNAL)
"""What a run writes beside results."""

_TEMPORARY = ".vesal-*"  # as `vesal.images.write.replacing` calls them


def results_of(item: Item, suffix: str, *, each: bool) -> tuple[str, ...]:
    """The files of a case in the folder: one label map, or one file for each of its objects.

    Of a scan with a file for each class only the folder is known before.
    """
    if not each:
        return (f"{item.name}{suffix}",)
    if isinstance(item, Scan):
        return (item.name,)
    names = safe_names([one.name for one in item.wanted])
    return tuple(f"{item.name}/{name}{suffix}" for name in names)


def check_results(
    items: Sequence[Item], folder: Place, suffix: str, *, each: bool, keep: Sequence[Place] = ()
) -> None:
    """Refuse a folder in which a result would replace what the run reads, or lie within it.

    Args:
        items: all of them.
        folder: for the results.
        suffix: of the results.
        each: a file for each object.
        keep: further files that stay as they are.

    Raises:
        ConfigError: if one would.
    """
    read = {str(resolved(place)) for item in items for place in item.files}
    read |= {str(resolved(place)) for place in keep}
    made = [name for item in items for name in results_of(item, suffix, each=each)]
    taken = sorted({*OWN}.intersection(made))
    if taken:
        msg = f"{taken[0]} is a file of the run itself; name the image otherwise, or the --format"
        raise ConfigError(msg)
    for name in (*made, *OWN):
        place = str(resolved(folder / name))
        if place in read:
            msg = (
                f"{folder / name} is read for this run and would be replaced; choose another folder"
            )
            raise ConfigError(msg)
        if not read.isdisjoint(_above(place)):
            msg = f"{folder / name} would lie in the folder of an image; choose another folder"
            raise ConfigError(msg)


def _above(place: str) -> list[str]:
    """All folders that it lies in."""
    parts = place.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]


def remove_leftovers(folder: Path) -> None:
    """Delete what a run that was killed had not finished writing."""
    for path in (*folder.glob(_TEMPORARY), *folder.glob(f"*/{_TEMPORARY}")):
        with suppress(OSError):  # a folder, or not ours to delete: in nobody's way
            path.unlink()
