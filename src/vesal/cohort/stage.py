"""Remote images of a case, brought to this machine for as long as it is worked on."""

from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

from vesal.cohort.place import Place


class Stage:
    """A temporary folder for what is read and written; gone at the end, whatever happens."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="vesal-", ignore_cleanup_errors=True)
        self._fetched: dict[Place, Path] = {}

    def __enter__(self) -> "Stage":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._folder.cleanup()

    def local(self, place: Place) -> Path:
        """Where it can be opened: a path as it is, an address after it was fetched.

        Raises:
            ImageError: nothing is there.
            UnreachableError: it cannot be reached.
        """
        if isinstance(place, Path):
            return place
        if place not in self._fetched:
            folder = Path(self._folder.name) / str(len(self._fetched))
            folder.mkdir()
            path = folder / place.name  # the suffix says what it is
            place.fetch(path)
            self._fetched[place] = path
        return self._fetched[place]

    def results(self, folder: Place) -> Path:
        """Where results are written: the folder itself, or one here whose files are put there."""
        if isinstance(folder, Path):
            return folder
        path = Path(self._folder.name) / "results"
        path.mkdir(exist_ok=True)
        return path
