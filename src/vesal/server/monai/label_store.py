"""Labels that MONAI Label's users have saved, beside the images: labels/final/scan.nii.gz."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vesal.errors import ConfigError, ResourceError
from vesal.images.suffix import stem_of
from vesal.images.write import replacing
from vesal.server.refusals import ForbiddenError, NotFoundError
from vesal.server.scans import Scan
from vesal.server.uploads import safe_name

FINAL = "final"
SUFFIXES = (".nii.gz", ".seg.nrrd", ".nrrd", ".nii", ".mha", ".seg.dcm")


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedLabel:
    """A label that somebody saved."""

    name: str
    """Of the file without its suffix, which says of which scan it is: see `LabelStore.names`."""
    tag: str
    """Who it is from: "final" by the user, "original" by the machine."""
    path: Path

    @property
    def suffix(self) -> str:
        """Of the file."""
        return next(s for s in SUFFIXES if self.path.name.endswith(s))


class LabelStore:
    """A folder of labels, a folder in it for each tag.

    Args:
        folder: made when the first label comes; a link must not lead out of where it lies.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def every(self) -> tuple[SavedLabel, ...]:
        """All labels."""
        return tuple(self._saved())

    def names(self, scans: Sequence[Scan]) -> dict[str, str]:
        """The name of each scan's label, by the scan's id; no two are the same.

        Of several scans whose names are the same without their suffixes, the first has that name,
        the others have digits after it. Once there is a label with these, it stays the scan's own.
        """
        kept = {one.name for one in self._saved()}
        names: dict[str, str] = {}
        taken: set[str] = set()
        for scan in scans:
            plain = stem(scan.name)
            own = f"{plain}-{_digits(scan.id)}"
            names[scan.id] = own if own in kept or plain in taken else plain
            taken.add(names[scan.id])
        return names

    def of(self, name: str, tag: str) -> SavedLabel:
        """The label of a name.

        Raises:
            NotFoundError: there is none.
        """
        for one in self._saved():
            if (one.name, one.tag) == (name, safe_tag(tag)):
                return one
        msg = f"there is no label {tag[:40]!r} of {name[:80]!r}"
        raise NotFoundError(msg)

    def save(self, name: str, tag: str, suffix: str, file: Path) -> SavedLabel:
        """Keep a file as the label of a scan; an older one of any format goes.

        Args:
            name: of `names` or `stem`.
            tag: see `SavedLabel`.
            suffix: of the file's format.
            file: what is copied.

        Raises:
            ConfigError: a tag or suffix that cannot be.
            ForbiddenError: the folder is a link that leads elsewhere.
            ResourceError: the disk refuses.
        """
        if suffix not in SUFFIXES:
            msg = f"a label must be a file of {', '.join(SUFFIXES)}, got {suffix[:20]!r}"
            raise ConfigError(msg)
        folder = self._tag_folder(tag)
        path = folder / f"{name}{suffix}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            old = [one for one in self._saved() if (one.name, one.tag) == (name, tag)]
            with replacing(path, suffix) as temporary:
                shutil.copyfile(file, temporary)
            for one in old:
                if one.path != path:
                    one.path.unlink(missing_ok=True)
        except OSError as error:
            msg = (
                f"the label cannot be kept ({error.strerror or error}); the server needs room, "
                f"and a folder {self._folder.name}/ that it may write"
            )
            raise ResourceError(msg) from error
        return SavedLabel(name=name, tag=tag, path=path)

    def delete(self, name: str, tag: str) -> None:
        """Remove the label of a name.

        Raises:
            NotFoundError: there is none.
        """
        self.of(name, tag).path.unlink(missing_ok=True)

    def counts(self, scans: Sequence[Scan]) -> tuple[int, int, dict[str, int]]:
        """Scans with a final label, scans in all, and labels by tag."""
        tags: dict[str, int] = {}
        done = set()
        for one in self._saved():
            tags[one.tag] = tags.get(one.tag, 0) + 1
            if one.tag == FINAL:
                done.add(one.name)
        return len(done.intersection(self.names(scans).values())), len(scans), tags

    def _saved(self) -> Iterator[SavedLabel]:
        home = _real(self._folder)
        if not self._stays or not home.is_dir():
            return
        for path in sorted(self._folder.glob("*/*")):
            if home not in _real(path).parents or not path.is_file():
                continue  # a link that leads out, or to nothing
            for suffix in SUFFIXES:
                if path.name.endswith(suffix) and not path.name.startswith("."):
                    name = path.name[: -len(suffix)]
                    yield SavedLabel(name=name, tag=path.parent.name, path=path)
                    break

    def _tag_folder(self, tag: str) -> Path:
        folder = self._folder / safe_tag(tag)
        if not self._stays or _real(self._folder) not in _real(folder).parents:
            msg = (
                f"no label is written through a link: {self._folder.name}/{tag} leads out of the "
                "served folder; put a folder in its place"
            )
            raise ForbiddenError(msg)
        return folder

    @property
    def _stays(self) -> bool:
        """Whether the folder is no link, or one to a folder beside it or further in."""
        return _real(self._folder.parent) in _real(self._folder).parents


def stem(image: str) -> str:
    """The name of a scan without its suffix, as the stem of a file.

    Where that had to be changed or cut, digits of what it was tell it from others.
    """
    whole = stem_of(image)
    plain = safe_name(whole.replace("/", "_"))
    is_kept = plain == whole and not whole.endswith(".seg")  # x.seg + .nrrd is x + .seg.nrrd
    return plain if is_kept else f"{plain}-{_digits(whole)}"


def safe_tag(tag: str) -> str:
    """A tag that can be a folder.

    Raises:
        ConfigError: it cannot.
    """
    if not tag.isidentifier() or len(tag) > 40:
        msg = f"a tag needs up to 40 letters, digits and _, got {tag[:60]!r}"
        raise ConfigError(msg)
    return tag


def _digits(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _real(path: Path) -> Path:
    """A path without links; of a circle of links some path in it."""
    return Path(os.path.realpath(path))
