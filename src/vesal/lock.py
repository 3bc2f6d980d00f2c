"""One run in one folder: a lock that the system takes back from whoever has died."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from vesal.errors import ConfigError, ResourceError


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a folder, which is made if it is not there; a killed process lets it go.

    Raises:
        ConfigError: another run is at work in it.
        ResourceError: the disk refuses.
    """
    lock = FileLock(folder / "lock", timeout=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        msg = f"another run is at work in {folder}; wait for its end, or name another folder"
        raise ConfigError(msg) from error
    except OSError as error:
        msg = f"{folder} cannot be written to ({error.strerror}); name another folder"
        raise ResourceError(msg) from error
    try:
        yield
    finally:
        lock.release()
