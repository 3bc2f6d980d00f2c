"""Where something lies: a path of this machine, or an address that fsspec opens, like s3://...

An object of an object store is there whole or not at all, which is what renames do on a disk.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vesal.errors import ConfigError, ImageError, ResourceError


class UnreachableError(ResourceError):
    """A place that does not answer: it will not for the other cases either."""


_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_HERE = "file://"


@dataclass(frozen=True, slots=True)
class Remote:
    """An address, of an object or of all that begin with it, with the words that paths have."""

    address: str

    def __str__(self) -> str:
        return self.address

    def __truediv__(self, name: str) -> "Remote":
        return Remote(f"{self.address.rstrip('/')}/{name}")

    @property
    def name(self) -> str:
        """What stands behind the last stroke."""
        return self.address.rstrip("/").rpartition("/")[2]

    @property
    def parent(self) -> "Remote":
        """What stands before it."""
        return Remote(self.address.rstrip("/").rpartition("/")[0])

    def exists(self) -> bool:
        """Whether something is there."""
        with self._opened() as (system, path):
            return bool(system.exists(path))

    def stamp(self) -> tuple[object, ...]:
        """What changes with it: its address, with size, hash and time of all that lie there."""
        with self._opened() as (system, path):
            facts = system.info(path)
            several = facts["type"] == "directory"
            every = system.find(path, detail=True) if several else {path: facts}
            return self.address, *(_facts(name, one) for name, one in sorted(every.items()))

    def names(self) -> frozenset[str]:
        """All objects below it, by what stands behind it."""
        return frozenset(self.sizes())

    def sizes(self) -> dict[str, int]:
        """The bytes of all objects below it, by what stands behind it."""
        with self._opened() as (system, path):
            start = f"{path.rstrip('/')}/"
            found = system.find(path, detail=True)
            return {name.removeprefix(start): one["size"] for name, one in found.items()}

    def read_each(self) -> dict[str, bytes]:
        """The bytes of all objects below it, by their names."""
        with self._opened() as (system, path):
            paths = system.find(path)
            found = system.cat(paths) if paths else {}  # all at once, where the system can
            return {one.rpartition("/")[2]: content for one, content in found.items()}

    def read_bytes(self) -> bytes:
        """What it holds."""
        with self._opened() as (system, path):
            return bytes(system.cat_file(path))

    def write_bytes(self, content: bytes) -> None:
        """Put an object there, in one step."""
        with self._opened() as (system, path):
            system.pipe_file(path, content)

    def put(self, file: Path) -> None:
        """Put a file there, in one step."""
        with self._opened() as (system, path):
            system.put_file(str(file), path)

    def fetch(self, to: Path) -> None:
        """Bring it here: a file, or a folder with all that is in it."""
        with self._opened() as (system, path):
            system.get(path.rstrip("/"), str(to), recursive=bool(system.isdir(path)))

    @contextmanager
    def _opened(self) -> Iterator[tuple[Any, str]]:
        """The file system, and the path in it; what goes wrong there is told in our words."""
        try:
            system, path = _system(self.address)
            yield system, path
        except FileNotFoundError as error:
            msg = f"there is no {self.address}; give an address where something is"
            raise ImageError(msg) from error
        except (ConfigError, ImageError, ResourceError):
            raise
        except Exception as error:  # each file system has errors of its own
            msg = (
                f"{self.address} cannot be reached ({type(error).__name__}: {error}): mend access "
                "or network, then the same command goes on"
            )
            raise UnreachableError(msg) from error


Place = Path | Remote


def place_of(text: str, folder: Place | None = None) -> Place:
    """The place that a text names; a relative path begins at the folder.

    Raises:
        ConfigError: an address of which fsspec knows no file system.
    """
    if text.lower().startswith(_HERE):
        return Path(text[len(_HERE) :])
    if _ADDRESS.match(text):
        return Remote(text)
    if isinstance(folder, Remote) and Path(text).is_absolute():
        msg = f"{text!r} is a path of one machine in a table of {folder}; write addresses there"
        raise ConfigError(msg)
    if folder is None:
        return Path(text)
    return folder / text


def resolved(place: Place) -> Place:
    """The same place, whatever folder one is in."""
    return place.resolve() if isinstance(place, Path) else place


def _system(address: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs

        # What others write meanwhile counts, not what was seen before.
        system, path = url_to_fs(address, use_listings_cache=False)
    except ImportError as error:
        name = error.name or str(error)
        msg = f"{address} needs a package that is not here ({name}): pip install 'vesal[remote]'"
        raise ResourceError(msg) from error
    except ValueError as error:
        msg = f"{address} is no address that fsspec opens ({error}); give a path or s3://..."
        raise ConfigError(msg) from error
    return system, str(path)


def _facts(name: str, facts: dict[str, Any]) -> tuple[object, ...]:
    when = facts.get("LastModified") or facts.get("mtime") or facts.get("created")
    return name, facts["size"], facts.get("ETag"), str(when)
