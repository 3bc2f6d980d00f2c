"""What a session file says of its image and its model, and how they are found again."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vesal.errors import SessionError
from vesal.images import Image, open_image
from vesal.images.fingerprint import fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The model that made the masks."""

    name: str
    """In the zoo, or path of the weights; empty for a model that was in memory."""
    weights: str
    """Hash of the weights."""
    full_history: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The image that the masks lie on."""

    path: str
    """Absolute; empty for an image that was in memory."""
    relative: str
    """From the folder of the session file."""
    series: str
    """UID of a DICOM series."""
    sha256: str
    """Of its voxels and its grid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a session is about."""

    shown: Shown
    made: Made

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"image": asdict(self.shown), "model": asdict(self.made)}

    def image(self, session: Path, given: Image | str | Path | None) -> Image:
        """The image: the given one, else where it was, else beside the session file.

        Raises:
            SessionError: it is not there, or it has changed.
        """
        found = given if isinstance(given, Image) else self._opened(session, given)
        if fingerprint(found) != self.shown.sha256:
            msg = (
                f"{found.source.name} is not the image that {session.name} was made on: its voxels "
                "or its grid have changed since; give the image as it was"
            )
            raise SessionError(msg)
        return found

    def model(self, session: Path) -> str:
        """Name or path of the model that made the masks.

        Raises:
            SessionError: it was in memory.
        """
        if not self.made.name:
            msg = (
                f"{session.name} was made with a model in memory; give it: Session.open(.., model=)"
            )
            raise SessionError(msg)
        return self.made.name

    def _opened(self, session: Path, given: str | Path | None) -> Image:
        places = [Path(self.shown.path), session.parent / self.shown.relative]
        if given is not None:
            return self._read(Path(given))
        for place in places:
            if self.shown.path and os.path.exists(place):
                return self._read(place)
        missing = self.shown.path or "the image, which was in memory,"
        msg = f"{missing} of {session.name} is not there; give it: Session.open(.., image=..)"
        raise SessionError(msg)

    def _read(self, path: Path) -> Image:
        """The image of a path; of a folder of DICOM the series that it was."""
        if self.shown.series and path.is_dir():
            return open_image(path, series=self.shown.series)
        return open_image(path)


def header_of(image: Image, made: Made, session: Path) -> Header:
    """The header of a session on an image, to be written at a path."""
    path = image.source.path
    absolute = "" if path is None else str(path.resolve())
    return Header(
        shown=Shown(
            path=absolute,
            relative=os.path.relpath(absolute, session.resolve().parent) if absolute else "",
            series=image.source.series_uid,
            sha256=fingerprint(image),
        ),
        made=made,
    )


def header_from(record: Mapping[str, Any]) -> Header:
    """The header of a record.

    Raises:
        ValueError: if a key is missing or too much, or a value of another type.
    """
    parts = {}
    for key, kind in (("image", Shown), ("model", Made)):
        fields = kind.__dataclass_fields__
        values = record[key]
        if not isinstance(values, dict) or set(values) != set(fields):
            raise ValueError
        if any(
            type(values[name]).__name__ != getattr(fields[name].type, "__name__", "")
            for name in fields
        ):
            raise ValueError
        parts[key] = values
    return Header(shown=Shown(**parts["image"]), made=Made(**parts["model"]))
