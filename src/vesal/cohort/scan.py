"""Images that an automatic model looks at: a scan each, and what results are called."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vesal.cohort.place import Place
from vesal.errors import ConfigError
from vesal.images.suffix import stem_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One image, without prompts.

    Attributes:
        name: of its results; no other scan has it.
        image: file, or folder with one DICOM series.
    """

    name: str
    image: Place

    @property
    def files(self) -> tuple[Place, ...]:
        """All that is read for it."""
        return (self.image,)


def scans_of(paths: Sequence[Path]) -> tuple[Scan, ...]:
    """Scans whose results are called as they are.

    Raises:
        ConfigError: two scans of one name.
    """
    names = [stem_of(path.resolve().name) for path in paths]
    lower = [name.casefold() for name in names]
    twice = sorted({name for name, low in zip(names, lower, strict=True) if lower.count(low) > 1})
    if twice:
        msg = f"results are called as their scans, got {twice[0]!r} twice; run them one by one"
        raise ConfigError(msg)
    return tuple(Scan(name=name, image=path) for name, path in zip(names, paths, strict=True))
