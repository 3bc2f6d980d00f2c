"""The files that a run makes: where they go, and that none of them takes the place of another."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from vesal.cohort.case import Case
from vesal.cohort.report import REPORTS
from vesal.errors import ConfigError
from vesal.labels.write import safe_names

_TEMPORARY = ".vesal-*"  # as `vesal.images.write.replacing` calls them


def results_of(case: Case, folder: Path, suffix: str, *, each: bool) -> tuple[Path, ...]:
    """The files of a case: one label map, or one file for each of its objects."""
    if not each:
        return (folder / f"{case.name}{suffix}",)
    names = safe_names([one.name for one in case.wanted])
    return tuple(folder / case.name / f"{name}{suffix}" for name in names)


def check_results(
    cases: Sequence[Case], folder: Path, suffix: str, *, each: bool, keep: Sequence[Path] = ()
) -> None:
    """Refuse a folder in which a result would replace what the run reads, or lie within it.

    Args:
        cases: all of them.
        folder: for the results.
        suffix: of the results.
        each: a file for each object.
        keep: further files that stay as they are.

    Raises:
        ConfigError: if one would.
    """
    read = {path.resolve() for case in cases for path in case.files}
    read |= {path.resolve() for path in keep}
    made = [path for case in cases for path in results_of(case, folder, suffix, each=each)]
    for path in (*made, *(folder / name for name in REPORTS)):
        place = path.resolve()
        if place in read:
            msg = f"{path} is read for this run and would be replaced; choose another folder"
            raise ConfigError(msg)
        if not read.isdisjoint(place.parents):
            msg = f"{path} would lie in the folder of an image; choose another folder"
            raise ConfigError(msg)


def remove_leftovers(folder: Path) -> None:
    """Delete what a run that was killed had not finished writing."""
    for path in (*folder.glob(_TEMPORARY), *folder.glob(f"*/{_TEMPORARY}")):
        with suppress(OSError):  # a folder, or not ours to delete: in nobody's way
            path.unlink()
