"""What a session shows of its objects: all that can be asked of it without taking a step."""

from vesal.errors import SessionError
from vesal.geometry.patch import Patch
from vesal.images import Image, Mask
from vesal.inference.confidence import Suggestion
from vesal.labels import LabelMap
from vesal.prompts import Prompt
from vesal.session.history import History
from vesal.session.objects import Object, Objects
from vesal.session.outliner import Outliner


class Reading:
    """The objects of an image at the moment at which a history stands.

    Args:
        image: what is segmented.
        outliner: the model looking at the image.
        history: all steps, and where among them one stands.
    """

    def __init__(self, image: Image, outliner: Outliner, history: History) -> None:
        self.image = image
        self.outliner = outliner
        self.history = history

    @property
    def now(self) -> Objects:
        """All objects at this moment, as a value that later steps do not change."""
        return self.history.now

    @property
    def objects(self) -> tuple[Object, ...]:
        """All objects, in the order in which they were begun."""
        return self.now.every

    @property
    def current(self) -> Object:
        """The object that prompts are about.

        Raises:
            SessionError: if all have been deleted.
        """
        if not self.now.current:
            raise SessionError("there is no object; begin one with session.new()")
        return self.now.of(self.now.current)

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """All that was said of the current object, oldest first."""
        return self.current.prompts

    @property
    def mask(self) -> Mask:
        """The mask of the current object, without what stronger ones have (see `overlap`)."""
        return self.mask_of(self.current.number)

    def mask_of(self, number: int) -> Mask:
        """The mask of an object on the image's grid, without what stronger objects have."""
        array = self.patch_of(number).full()
        return Mask(array=array, grid=self.image.grid, source=self.image.source)

    def patch_of(self, number: int) -> Patch:
        """The same mask, small whatever the size of the image."""
        return self.now.own(number) or Patch.empty(self.image.grid.shape)

    def labels(self) -> LabelMap:
        """All objects as one label map: their numbers, each voxel to the strongest."""
        grid, source = self.image.grid, self.image.source
        segments = tuple(one.segment for one in self.objects)
        array = self.now.painted([slice(0, n) for n in grid.shape])
        return LabelMap(array=array, grid=grid, segments=segments, source=source)

    @property
    def score(self) -> float | None:
        """The IoU, 0 to 1, that the model itself expects; None where it was not trained to.

        Of a volume seen slice by slice: on the slice that was prompted last.
        """
        return self.current.outline.score if self.current.outline else None

    @property
    def stability(self) -> float | None:
        """How sure the current mask is, 0 to 1 (docs/confidence.md); None before an answer."""
        return self.current.outline.stability if self.current.outline else None

    @property
    def notes(self) -> tuple[str, ...]:
        """What had to be translated for the model, or deserves a warning, of the current object."""
        return self.now.notes(self.current, self.image.grid)

    def suggestion(self) -> Suggestion | None:
        """Where to click next: the middle of the largest region of which the model is unsure.

        None where there is nothing to go on.
        """
        return self.outliner.suggestion(self.current)

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return self.history.position > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is a step that was taken back."""
        return self.history.position < len(self.history.actions)

    def replay(self) -> tuple[str, ...]:
        """Ask the model everything again, and name the objects whose masks are not the same bits.

        None is to be expected on the machine that made them; elsewhere arithmetic may differ.
        """
        return self.outliner.differing(self.now)
