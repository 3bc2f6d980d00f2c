"""What a prompt file says, before it is known whether it can be done; and what is wrong with it."""

from collections.abc import Sequence
from dataclasses import dataclass

from vesal.cohort.case import MaskFile, Wanted
from vesal.cohort.place import Place
from vesal.errors import ConfigError
from vesal.labels.segment import check_name
from vesal.prompts.text import Typed

_SHOWN = 12  # problems that are told one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A case as it is written.

    Attributes:
        where: its place in the file, for messages.
        image: path, beginning at the folder of the file; empty where there is none.
        series: as in `Case`.
        frame: of the numbers, to be "mm" or "voxel".
        overlap: as in `Case`.
        wanted: the objects.
    """

    where: str
    image: str
    series: str
    frame: str
    overlap: str
    wanted: tuple[Wanted, ...]


class Problems:
    """What is wrong with a file, a sentence each."""

    def __init__(self, path: Place) -> None:
        self._path = path
        self._found: list[str] = []

    def __len__(self) -> int:
        """How many there are."""
        return len(self._found)

    def add(self, where: str, error: Exception | str) -> None:
        """One more; `where` is left out if the sentence begins with it."""
        sentence = str(error)
        self._found.append(sentence if sentence.startswith(where) else f"{where}: {sentence}")

    def check(self) -> None:
        """Refuse the file if there are any.

        Raises:
            ConfigError: all of them in one sentence.
        """
        if not self._found:
            return
        told = "; ".join(self._found[:_SHOWN])
        more = len(self._found) - _SHOWN
        rest = f"; and {more} more" if more > 0 else ""
        many = f"{len(self._found)} problems" if len(self._found) > 1 else "a problem"
        msg = f"{self._path.name} has {many}: {told}{rest}"
        raise ConfigError(msg)


def wanted_object(
    name: str,
    prompts: Sequence[Typed | MaskFile],
    *,
    one_by_one: bool,
    whole: bool,
    where: str,
    to: Problems,
) -> Wanted:
    """An object of a file; a name that none can have becomes a problem and is replaced.

    Args:
        name: as it is written.
        prompts: those that can be read.
        one_by_one: as in `Wanted`.
        whole: whether these are all that are written; else what they lack is not a problem too.
        where: its place in the file.
        to: where problems go.
    """
    try:
        check_name(name)
    except ConfigError as error:
        to.add(where, error)
        name = where
    one = Wanted(name=name, prompts=tuple(prompts), one_by_one=one_by_one)
    if whole:
        _check_says_what(one, where, to)
    return one


def _check_says_what(one: Wanted, where: str, problems: Problems) -> None:
    """Find an object of which no prompt says what belongs to it, or not soon enough."""
    saying = [_says_inside(prompt) for prompt in one.prompts if not _stays_out(prompt)]
    if not any(saying):
        problems.add(where, f"no prompt of {one.name!r} says what belongs to it")
    elif one.one_by_one and not saying[0]:
        problems.add(where, f"{one.name!r} must begin with a prompt that says what belongs to it")


def _stays_out(prompt: Typed | MaskFile) -> bool:
    """Whether it only forbids: as in a session, it is no answer to what is segmented."""
    if isinstance(prompt, MaskFile):
        return prompt.kind == "avoid"
    return prompt.kind == "box" and not prompt.positive


def _says_inside(prompt: Typed | MaskFile) -> bool:
    return isinstance(prompt, MaskFile) or prompt.positive
