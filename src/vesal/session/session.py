"""What one user does to one image: prompts on many objects, undo, files.

This is the door, and nothing is decided here: `reading` shows what there is, `objects` and `action`
say what follows from an action, `outliner` asks the model, `file` keeps what was done.
"""

from collections.abc import Sequence
from pathlib import Path

from vesal.arrays import MaskArray
from vesal.errors import PromptError
from vesal.images import Image, Mask, open_image
from vesal.labels import LabelMap, Segment
from vesal.labels.palette import colour_of
from vesal.labels.segment import Colour
from vesal.models.promptable import Promptable
from vesal.progress import Progress, silent
from vesal.prompts import Box, Click, Lasso, MaskPrompt, Point, Prompt, Scribble
from vesal.session.action import Action, Begin, Delete, Describe, Rule, Say
from vesal.session.file import Journal, read_session, save_zip
from vesal.session.header import header_of
from vesal.session.history import History
from vesal.session.objects import Batch, Object, Overlap, beginning
from vesal.session.outliner import Outliner
from vesal.session.reading import Reading
from vesal.session.region import region_on


class Session(Reading):
    """Objects of one image, outlined by prompts; every step can be undone, saved and replayed.

    A session begins with one object, number 1, which prompts are about until another one is begun
    or selected. A number that no object has raises ConfigError; a prompt on an object that is
    accepted or locked, SessionError. All that is refused leaves the session as it was.

    Args:
        image: what is segmented, or the path of it.
        model: a name of the zoo, a weights file, or a loaded model.
        full_history: tell a 3D SAM all clicks at each step, not the newest and its last answer
            as it was trained; the other models are told all clicks anyway.
        cache: folder in which encoded parts of images are kept, for later sessions too.
        progress: told how far a step is.

    Attributes:
        history: all steps, and where among them one stands.
        outliner: the model looking at the image.

    Raises:
        ConfigError: unknown model.
        CheckpointError: damaged weights.
        ImageError: an image in which all voxels are equal, or of two axes for a model that needs
            a volume.
    """

    def __init__(
        self,
        image: Image | str | Path,
        model: str | Path | Promptable = "vesal-mini",
        *,
        full_history: bool = False,
        cache: str | Path | None = None,
        progress: Progress = silent,
    ) -> None:
        opened = image if isinstance(image, Image) else open_image(image)
        outliner = Outliner(
            opened, model, full_history=full_history, cache=cache, progress=progress
        )
        super().__init__(opened, outliner, History(moments=(beginning(),)))
        self._journal: Journal | None = None

    def click(self, point_mm: Point, *, positive: bool = True) -> Mask:
        """The mask after a click: ``positive`` adds what is there, else it is taken away.

        Args:
            point_mm: world coordinates, RAS+ mm for volumes, (x right, y down) for rasters.
            positive: whether the point belongs to the object.

        Raises:
            PromptError: outside the image, or the same voxel was clicked the other way.
        """
        return self.add(Click(point_mm=point_mm, positive=positive))

    def box(self, low_mm: Point, high_mm: Point, *, positive: bool = True) -> Mask:
        """The mask of what a box holds, from its lowest to its highest corner in world mm.

        In a volume a box of no extent along one axis lies on a slice. A newer box replaces an older
        one; a box that is not ``positive`` is what the object must stay out of.

        Raises:
            PromptError: an empty box, or one that lies outside the image.
        """
        return self.add(Box(low_mm=low_mm, high_mm=high_mm, positive=positive))

    def scribble(self, points_mm: Sequence[Point], *, positive: bool = True) -> Mask:
        """The mask after a line was drawn through points in world mm.

        Raises:
            PromptError: no point, or one outside the image.
        """
        return self.add(Scribble(points_mm=tuple(points_mm), positive=positive))

    def lasso(self, outline_mm: Sequence[Point], *, positive: bool = True) -> Mask:
        """The mask after a closed outline was drawn on some plane; its corners in world mm.

        Raises:
            PromptError: an outline that holds no voxel of the image, or lies in no plane.
        """
        return self.add(Lasso(outline_mm=tuple(outline_mm), positive=positive))

    def start(self, mask: Mask | MaskArray) -> Mask:
        """Take a mask on the image's grid for what the object is so far; later prompts refine it.

        Raises:
            PromptError: an empty mask, or one on another grid.
        """
        return self.add(MaskPrompt(patch=region_on(self.image.grid, mask)))

    def avoid(self, region: Mask | MaskArray | LabelMap, numbers: Sequence[int] = ()) -> Mask:
        """Keep the object out of a region, or out of labels.

        Args:
            region: a mask or a label map on the image's grid.
            numbers: of the labels; all if none is given.

        Raises:
            PromptError: an empty region, or one on another grid.
            ConfigError: a label that the map does not have.
        """
        patch = region_on(self.image.grid, region, numbers)
        return self.add(MaskPrompt(patch=patch, positive=False))

    def add(self, *prompts: Prompt) -> Mask:
        """The mask after several prompts at once, which are one step.

        Raises:
            PromptError: no prompt at all, one that does not fit the image, or two that contradict
                each other.
        """
        if not prompts:
            raise PromptError("no prompt was given: give a click, box, scribble, lasso or mask")
        one = self.current
        return self._say(one, (*one.batches, prompts))

    def remove(self, index: int) -> Mask:
        """The mask without one prompt of the current object, as if it had never been given.

        Raises:
            ConfigError: no prompt has this index in `prompts`.
            PromptError: the others do not say what to segment.
        """
        return self._say(self.current, self.current.without(index))

    def new(self, name: str | None = None, colour: Colour | None = None) -> int:
        """The number of another object, which prompts are about from now on.

        Raises:
            ConfigError: a name or colour out of range.
            SessionError: another object has the name.
        """
        number = self.now.last + 1
        name = f"object {number}" if name is None else name
        segment = Segment(number=number, name=name, colour=colour or colour_of(number))
        self._do(Begin(segment=segment))
        return number

    def select(self, number: int) -> None:
        """Make an object the one that prompts are about; not a step, nothing to undo."""
        self.history = self.history.looking_at(number)

    def change(
        self,
        number: int,
        *,
        name: str | None = None,
        colour: Colour | None = None,
        locked: bool | None = None,
    ) -> None:
        """Give an object another name or colour, or lock it: what is None stays as it is.

        A locked object keeps its voxels whatever the rule, and takes no prompts.

        Raises:
            ConfigError: a name or colour out of range.
            SessionError: another object has the name.
        """
        self._do(Describe(number=number, name=name, colour=colour, locked=locked))

    def accept(self, number: int | None = None, *, accepted: bool = True) -> None:
        """Call an object finished, or open it again: a finished one takes no more prompts.

        Raises:
            SessionError: it has no mask.
        """
        chosen = self.current.number if number is None else number
        self._do(Describe(number=chosen, accepted=accepted))

    def delete(self, number: int) -> None:
        """Take an object away with all that was said of it."""
        self._do(Delete(number=number))

    @property
    def overlap(self) -> Overlap:
        """Whose a voxel is that two objects claim.

        "accepted": an accepted object keeps it, of others the later one has it; "later": the later
        one; "background": the earlier one. Locked objects keep theirs under every rule.
        """
        return self.now.overlap

    @overlap.setter
    def overlap(self, rule: str) -> None:
        self._do(Rule(overlap=rule))

    def undo(self) -> None:
        """Take the last step back, whatever it was; SessionError if there is none."""
        self._take(self.history.undone())

    def redo(self) -> None:
        """Take the step again that was taken back; SessionError if there is none."""
        self._take(self.history.redone())

    def save(self, path: str | Path) -> Path:
        """Write the session, all of its history with it, as one file; return its path.

        An existing file is replaced in one step; after a failure it is still the old one.

        Raises:
            ResourceError: if the folder is missing or full or may not be written to.
        """
        path = Path(path)
        save_zip(path, header_of(self.image, self.outliner.made, path), self.history)
        return path

    def keep(self, folder: str | Path) -> Path:
        """Write the session into a new folder, and every further step as it is taken.

        After a crash `Session.open` finds all steps there, but for one that was being written.

        Raises:
            SessionError: if the folder holds something else.
            ResourceError: if the disk refuses.
        """
        folder = Path(folder)
        header = header_of(self.image, self.outliner.made, folder)
        self._journal = Journal(folder, header, self.history)
        return folder

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        image: Image | str | Path | None = None,
        model: str | Path | Promptable | None = None,
        cache: str | Path | None = None,
        progress: Progress = silent,
    ) -> "Session":
        """The session of a file or folder; one in a folder goes on being written there.

        With other weights than those that made them, masks stay as they are, and further prompts
        improve them.

        Args:
            path: what `save` or `keep` wrote.
            image: if it is not where it was.
            model: if it is not where it was, or another one.
            cache: as for a new session.
            progress: told how far a step is.

        Raises:
            SessionError: no session, a damaged one, one of a newer version; or the image has
                changed since.
            VesalError: as for a new session.
        """
        path = Path(path)
        saved = read_session(path, beginning())
        made = saved.header.made
        session = cls(
            saved.header.image(path, image),
            saved.header.model(path) if model is None else model,
            full_history=made.full_history,
            cache=cache,
            progress=progress,
        )
        session.history = saved.history
        if session.outliner.made.weights != made.weights:
            session.outliner.trust(saved.history.moments)
        if path.is_dir():
            session._journal = Journal.resumed(path, saved)
        return session

    def _say(self, one: Object, batches: tuple[Batch, ...]) -> Mask:
        """The mask after an object was spoken of in these words."""
        one.check_takes_prompts()
        outline = self.outliner.outline(batches)
        self._do(Say(number=one.number, batches=batches, outline=outline))
        return self.mask_of(one.number)

    def _do(self, action: Action) -> None:
        self._take(self.history.done(action))

    def _take(self, after: History) -> None:
        """Take a step: first on the disk, if there is a journal, then here."""
        if self._journal is not None:
            self._journal.add(self.history, after)
        self.history = after
