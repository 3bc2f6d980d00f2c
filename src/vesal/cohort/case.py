"""One image of a cohort and what is to be segmented in it."""

from dataclasses import dataclass
from typing import Literal

from vesal.cohort.place import Place
from vesal.errors import ConfigError
from vesal.labels.segment import check_name
from vesal.prompts.text import Typed
from vesal.session.objects import OVERLAPS


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskFile:
    """A mask or a label map that a prompt names by its path.

    Attributes:
        where: the line or place of the prompt file that it comes from.
        kind: "start", a mask to begin with; "avoid", what to stay out of.
        path: of the file, on the grid of the image.
        numbers: of the labels that count; all if there are none.
    """

    where: str
    kind: Literal["start", "avoid"]
    path: Place
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One object of an image.

    Attributes:
        name: as its segment is called.
        prompts: in the order in which they are told.
        one_by_one: told one after the other, each improving the last answer, and not at once.

    Raises:
        ConfigError: a name that a file could not hold.
    """

    name: str
    prompts: tuple[Typed | MaskFile, ...]
    one_by_one: bool = False

    def __post_init__(self) -> None:
        check_name(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One image of a cohort.

    Attributes:
        name: of its results; no other case has it, in whatever letters.
        image: file or folder.
        series: which series of a DICOM folder; empty for the only one.
        voxel: whether the numbers of the prompts are array indices.
        overlap: whose a voxel is that two objects claim (see `Session.overlap`).
        wanted: the objects.

    Raises:
        ConfigError: two objects of one name, or an unknown rule of overlap.
    """

    name: str
    image: Place
    wanted: tuple[Wanted, ...]
    series: str = ""
    voxel: bool = False
    overlap: str = "accepted"

    def __post_init__(self) -> None:
        if self.overlap not in OVERLAPS:
            msg = f"overlap must be one of {', '.join(OVERLAPS)}, got {self.overlap!r}"
            raise ConfigError(msg)
        names = [one.name for one in self.wanted]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            msg = f"each object of an image needs a name of its own, got {twice[0]!r} twice"
            raise ConfigError(msg)

    @property
    def files(self) -> tuple[Place, ...]:
        """All that is read for it: the image, then the masks that prompts name."""
        prompts = [prompt for one in self.wanted for prompt in one.prompts]
        return (self.image, *(p.path for p in prompts if isinstance(p, MaskFile)))
