"""The folder of a curated set: whose it is, and that nothing is in it that is no longer kept."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from vesal.curation.journal import FOLDER, Journal
from vesal.curation.row import Row
from vesal.curation.settings import Settings
from vesal.datasets import Found
from vesal.errors import ConfigError, ResourceError
from vesal.images.write import make_folder, write_text

SETTINGS, CATALOGUE, REPORT = "settings.json", "catalogue.parquet", "report"
_SWEPT = (".nii.gz", ".png")
_TEMPORARY = ".vesal-"  # as `replacing` names its files: a killed run leaves some


def check_outside(output: Path, source: Path) -> None:
    """Refuse an output folder in the folder of the data: the next run would find it there.

    Raises:
        ConfigError: it lies there.
    """
    if source.is_dir() and output.resolve().is_relative_to(source.resolve()):
        msg = f"the output {output} lies in the data {source}; give a folder outside of it"
        raise ConfigError(msg)


def prepare(output: Path, data: Found, rules: str) -> Journal:
    """The journal of an output folder that may be written to.

    Raises:
        ConfigError: it holds the data, or something else, or a set made by other rules.
        ResourceError: it cannot be made.
    """
    _check_no_data(output, data)
    make_folder(output)
    journal = Journal(output)
    known = journal.rules
    if not known and any(path.name != FOLDER for path in output.iterdir()):
        msg = f"{output} holds something else already; give a new folder for the curated set"
        raise ConfigError(msg)
    if known not in ("", rules):
        msg = f"{output} was made by the rules {known}, not {rules}; give another folder"
        raise ConfigError(msg)
    journal.begin(rules)
    return journal


def sweep(output: Path, rows: Sequence[Row]) -> None:
    """Remove images and masks that no row names: of an earlier run with other settings or data.

    And what a killed run left half written, and folders that are empty then.

    Raises:
        ResourceError: the disk refuses.
    """
    kept = {name for row in rows for name in (row.image, row.mask) if name}
    for path in _files(output):
        stale = path.name.endswith(_SWEPT) and path.relative_to(output).as_posix() not in kept
        if not stale and not path.name.startswith(_TEMPORARY):
            continue
        try:
            path.unlink()
            for folder in path.relative_to(output).parents[:-1]:
                if not any((output / folder).iterdir()):
                    (output / folder).rmdir()
        except OSError as error:
            msg = f"{path} is of an earlier run and cannot be removed ({error.strerror}); remove it"
            raise ResourceError(msg) from error


def write_settings(output: Path, settings: Settings) -> None:
    """Write settings.json beside the result.

    Raises:
        ResourceError: the disk refuses.
    """
    text = json.dumps(settings.record(), indent=2, ensure_ascii=False) + "\n"
    write_text(output / SETTINGS, text)


def _files(output: Path) -> Iterator[Path]:
    """All files of the set itself, before any is removed."""
    for place in sorted(output.iterdir()):
        if place.is_dir() and place.name not in (REPORT, FOLDER):
            yield from sorted(path for path in place.rglob("*") if path.is_file())
        elif place.is_file():
            yield place


def _check_no_data(output: Path, data: Found) -> None:
    """Refuse an output folder that the data lie in; raises ConfigError."""
    whole = output.resolve()
    for pair in data.pairs:
        for path in (pair.image, *(labels.path for labels in pair.labels)):
            place = path.resolve()
            if place.is_relative_to(whole):
                msg = f"the output {output} holds the data, {path}; give a folder beside the data"
                raise ConfigError(msg)
