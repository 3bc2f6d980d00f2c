"""Labels that MONAI Label's users have saved, beside the images: labels/final/scan.nii.gz."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vesal.errors import ConfigError, ResourceError
from vesal.images.write import replacing
from vesal.server.refusals import NotFoundError
from vesal.server.scans import Scan, stem_of
from vesal.server.uploads import safe_name

FINAL = "final"
SUFFIXES = (".nii.gz", ".seg.nrrd", ".nrrd", ".nii", ".mha", ".seg.dcm")


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedLabel:
    """A label that somebody saved."""

    image: str
    """Name of the scan."""
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
        folder: made when the first label comes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def every(self) -> tuple[SavedLabel, ...]:
        """All labels."""
        return tuple(self._saved())

    def of(self, image: str, tag: str) -> SavedLabel:
        """The label of a scan.

        Raises:
            NotFoundError: there is none.
        """
        for one in self._saved():
            if (one.image, one.tag) == (stem(image), safe_tag(tag)):
                return one
        msg = f"there is no label {tag[:40]!r} of {image[:80]!r}"
        raise NotFoundError(msg)

    def save(self, image: str, tag: str, suffix: str, file: Path) -> SavedLabel:
        """Keep a file as the label of a scan; an older one of any format goes.

        Args:
            image: name of the scan.
            tag: see `SavedLabel`.
            suffix: of the file's format.
            file: what is copied.

        Raises:
            ConfigError: a tag or suffix that cannot be.
            ResourceError: the disk refuses.
        """
        if suffix not in SUFFIXES:
            msg = f"a label must be a file of {', '.join(SUFFIXES)}, got {suffix[:20]!r}"
            raise ConfigError(msg)
        folder = self._folder / safe_tag(tag)
        path = folder / f"{stem(image)}{suffix}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            old = [one for one in self._saved() if (one.image, one.tag) == (stem(image), tag)]
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
        return SavedLabel(image=stem(image), tag=tag, path=path)

    def delete(self, image: str, tag: str) -> None:
        """Remove the label of a scan.

        Raises:
            NotFoundError: there is none.
        """
        self.of(image, tag).path.unlink(missing_ok=True)

    def counts(self, scans: Sequence[Scan]) -> tuple[int, int, dict[str, int]]:
        """Scans with a final label, scans in all, and labels by tag."""
        tags: dict[str, int] = {}
        done = set()
        names = {stem(scan.name) for scan in scans}
        for one in self._saved():
            tags[one.tag] = tags.get(one.tag, 0) + 1
            if one.tag == FINAL:
                done.add(one.image)
        return len(done & names), len(scans), tags

    def _saved(self) -> Iterator[SavedLabel]:
        if not self._folder.is_dir():
            return
        home = self._folder.resolve()
        for path in sorted(self._folder.glob("*/*")):
            if home not in path.resolve().parents:
                continue  # a link that leads out
            for suffix in SUFFIXES:
                if path.name.endswith(suffix) and not path.name.startswith("."):
                    image = path.name[: -len(suffix)]
                    yield SavedLabel(image=image, tag=path.parent.name, path=path)
                    break


def stem(image: str) -> str:
    """The name of a scan without its suffix, as the stem of a file."""
    return stem_of(safe_name(image.replace("/", "_")))


def safe_tag(tag: str) -> str:
    """A tag that can be a folder.

    Raises:
        ConfigError: it cannot.
    """
    if not tag.isidentifier() or len(tag) > 40:
        msg = f"a tag needs up to 40 letters, digits and _, got {tag[:60]!r}"
        raise ConfigError(msg)
    return tag
