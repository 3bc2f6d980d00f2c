"""One user's place: an image with all that was done to it, in memory or parked on disk.

A parked session costs no memory. It comes back with the next request for it, with every step.
"""

import asyncio
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vesal.arrays import Voxels
from vesal.errors import ResourceError, SessionError
from vesal.geometry.grid import Grid
from vesal.images import Image, Source, open_image
from vesal.images.write import replacing, write_text
from vesal.models.promptable import Promptable
from vesal.progress import Progress, silent
from vesal.server.turns import Told, Waiting, Working
from vesal.session import Session

_SESSION = "session"
_VOXELS = "voxels.npy"
CARD = "desk.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What is known of a desk without its session.

    Attributes:
        name: of the desk: letters and digits that nobody can guess.
        scan: id of the scan; empty for an image that a client sent as an array.
        path: where the image is found again; None for such an array.
        series: SeriesInstanceUID, where the path holds several.
        model: name of the model that is asked.
        title: of the image, for people.
    """

    name: str
    scan: str = ""
    path: Path | None = None
    series: str | None = None
    model: str
    title: str


class Desk:
    """A session that may be in memory or on disk.

    All but `told`, `listen` and the attributes is called by who holds `lock`.

    Args:
        card: what is known of it.
        folder: of its own, where it is parked.
        lasting: whether every step is written there at once, and not only when it is parked.

    Attributes:
        card: what is known of it.
        lock: held while something is done here.
        used_at: when something was last done, in seconds of `time.monotonic`.
        held_bytes: memory of the image and of all that was encoded; 0 while parked.
        revision: grows with every change.
        facts: what a page was told of the image, which is found out once.
        is_closed: whether it was given up.
    """

    def __init__(self, card: Card, folder: Path, *, lasting: bool = False) -> None:
        self.card, self.folder, self._lasting = card, folder, lasting
        self.lock = asyncio.Lock()
        self.used_at = time.monotonic()
        self.held_bytes = 0
        self.revision = 0
        self.facts: tuple[Any, Any] | None = None
        self.is_closed = False
        self._progress: Progress = silent
        self._listeners: list[Told] = []
        self._session: Session | None = None
        self._kept = (folder / _SESSION).exists()
        if self._kept:  # of an earlier server, whose revisions pages may know
            self.revision = time.time_ns() // 10**6
        self._shown: tuple[Grid, Source] | None = None

    @property
    def is_parked(self) -> bool:
        """Whether the session is on disk alone."""
        return self._session is None

    def begin(self, image: Image, model: Promptable) -> None:
        """Begin a session on an image.

        Raises:
            ImageError: an image in which there is nothing to find, or that is not for this model.
            ResourceError: the disk refuses.
        """
        self._shown = (image.grid, image.source)
        self._session = Session(image, model, progress=self._report)
        if self._lasting:
            self._keep(self._session)
            self._write_card()
        self.weigh()

    def session(self, progress: Progress = silent) -> Session:
        """The session in memory.

        Args:
            progress: told how far every step is until it is asked for again.

        Raises:
            SessionError: it is parked.
        """
        if self._session is None:
            raise SessionError("this session is on disk; ask again")
        self._progress = progress
        return self._session

    def revive(self, model: Promptable) -> None:
        """Bring the session back from disk, if it is there.

        Raises:
            SessionError: the image has changed since, or is not there any more.
            VesalError: as `Session.open`.
        """
        if self._session is None:
            self._session = self._opened(self._image(), model)
            self.weigh()

    def forget(self) -> None:
        """Let go of what was encoded: it is encoded anew when it is needed."""
        if self._session is not None:
            self._session.outliner.forget()
            self.weigh()

    def park(self) -> None:
        """Keep the session on disk alone.

        Raises:
            ResourceError: the disk refuses; the session stays in memory.
        """
        if self._session is not None:
            self._keep(self._session)
            self._session = None
            self.weigh()

    def change_model(self, model: Promptable, card: Card) -> None:
        """Ask another model from now on; masks stay as they are.

        Raises:
            ImageError: an image that is not for this model.
            ResourceError: the disk refuses.
        """
        session = self.session()
        self._keep(session)
        self._session = self._opened(session.image, model)
        self.card = card
        if self._lasting:
            self._write_card()
        self.weigh()

    def clear_away(self) -> None:
        """Give up the session and all that is on disk of it."""
        self._session = None
        self.weigh()
        shutil.rmtree(self.folder, ignore_errors=True)

    def weigh(self) -> None:
        """Find out how much memory the session takes."""
        session = self._session
        held = 0 if session is None else session.outliner.held_bytes + session.image.array.nbytes
        self.held_bytes = held

    def listen(self, told: Told) -> Callable[[], None]:
        """Tell of waiting and progress from now on; call what is returned to stop."""
        self._listeners.append(told)
        return lambda: self._listeners.remove(told)

    def told(self, news: Waiting | Working | None) -> None:
        """Pass on how far the work for this desk is; None when nothing is being done."""
        for listener in tuple(self._listeners):
            listener(news)

    def _write_card(self) -> None:
        record = {k: None if v is None else str(v) for k, v in _record(self.card).items()}
        write_text(self.folder / CARD, json.dumps(record))

    def _report(self, done: int, total: int, text: str) -> None:
        self._progress(done, total, text)

    def _opened(self, image: Image, model: Promptable) -> Session:
        folder = self.folder / _SESSION
        return Session.open(folder, image=image, model=model, progress=self._report)

    def _keep(self, session: Session) -> None:
        """Write the session, and from now on every step, into the desk's folder."""
        if self._kept:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if self.card.path is None:
                _save(self.folder / _VOXELS, session.image.array)
        except OSError as error:
            msg = f"a session cannot be kept on disk ({error.strerror or error}); make room"
            raise ResourceError(msg) from error
        session.keep(self.folder / _SESSION)
        self._kept = True

    def _image(self) -> Image:
        if self.card.path is not None:
            return open_image(self.card.path, series=self.card.series)
        if self._shown is None:
            raise SessionError("the image of this session is not here any more; send it again")
        voxels = np.load(self.folder / _VOXELS, allow_pickle=False)
        return Image(array=voxels, grid=self._shown[0], source=self._shown[1])


def card_in(folder: Path) -> Card | None:
    """What a lasting desk's folder says of it; None if it is the folder of no such desk."""
    try:
        record = json.loads((folder / CARD).read_text(encoding="utf-8"))
        record["path"] = Path(record["path"])
        return Card(**record)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def rewind(session: Session) -> None:
    """Take every step of a session back."""
    while session.can_undo:
        session.undo()


def array_image(array: Voxels, spacing_mm: tuple[float, ...] | None) -> Image:
    """The image of an array that came without a file; its axes are the world's.

    Args:
        array: voxels.
        spacing_mm: between voxel centres on each axis; None if it is not known.
    """
    spacing = spacing_mm or (1.0,) * array.ndim
    grid = Grid(shape=array.shape, affine=np.diag([*spacing, 1.0]))
    return Image(array=array, grid=grid, source=Source(spacing_known=spacing_mm is not None))


def _record(card: Card) -> dict[str, object]:
    return {name: getattr(card, name) for name in Card.__dataclass_fields__}


def _save(path: Path, array: Voxels) -> None:
    with replacing(path, ".npy") as temporary, temporary.open("wb") as file:
        np.save(file, array, allow_pickle=False)
