"""One run in one folder: a lock that the system takes back from whoever has died."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from vesal.errors import ConfigError, ResourceError

LOCK = ".lock"
"""The file in a folder that is held while one works there."""


@contextmanager
def alone(folder: Path, *, who: str = "run", mode: int = 0o777) -> Iterator[None]:
    """Hold a folder, which is made if it is not there; a killed process lets it go.

    Args:
        folder: in which one works at a time.
        who: works in it, in a word.
        mode: of the folder if it is made, as `Path.mkdir` takes it.

    Raises:
        ConfigError: another one is at work in it.
        ResourceError: the disk refuses, or knows no locks.
    """
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        folder.mkdir(mode, parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        msg = f"another {who} is at work in {folder}; wait for its end, or name another folder"
        raise ConfigError(msg) from error
    except OSError as error:
        msg = f"{folder} cannot be written to ({error.strerror}); name another folder"
        raise ResourceError(msg) from error
    except NotImplementedError as error:  # of filelock, where the file system has no locks
        msg = f"the disk of {folder} cannot lock it; name a folder of another disk"
        raise ResourceError(msg) from error
    try:
        yield
    finally:
        lock.release()
