"""Numbers of classes, which stand in the names of masks and so must be fixed before the first.

They follow from all names of a data set, so no order of cases and no number of processes can
change them.
"""

import re
from collections.abc import Collection, Iterator, Mapping

from vesal.curation.sam_med2d_names import dataset_word
from vesal.errors import ConfigError

Classes = Mapping[str, Mapping[str, int]]
"""Numbers of classes by their names, by data sets as they are in file names."""
_NUMBERED = re.compile(r"label ([1-9]\d*)")


def numbered(names: Mapping[str, Collection[str]]) -> Classes:
    """A number for each class of each data set.

    "label 7" is 7, as a file that names nothing says; others have the lowest free numbers from 1
    on, in alphabetical order.

    Args:
        names: of structures, by data set.
    """
    joined: dict[str, set[str]] = {}
    for dataset, inside in names.items():
        joined.setdefault(dataset_word(dataset), set()).update(inside)
    return {dataset: _of_one(joined[dataset]) for dataset in sorted(joined)}


def class_of(classes: Classes, dataset: str, name: str) -> tuple[str, int]:
    """Name and number of the class of a target.

    A target that is named after its file too, as "kidney (case_1)", is of the class "kidney".

    Args:
        classes: from `numbered`.
        dataset: of the target.
        name: of the target.

    Raises:
        ConfigError: the name was not among those that were numbered.
    """
    known = classes.get(dataset_word(dataset), {})
    for one in _shorter(name):
        if one in known:
            return one, known[one]
    taken = set(known.values())
    for one in _shorter(name):
        said = _NUMBERED.fullmatch(one)
        if said and int(said[1]) not in taken:
            return one, int(said[1])
    msg = (
        f"{name!r} of data set {dataset!r} has no class number; prepare the rules with the names "
        "of all structures"
    )
    raise ConfigError(msg)


def _of_one(names: Collection[str]) -> dict[str, int]:
    numbers = {name: int(said[1]) for name in names if (said := _NUMBERED.fullmatch(name))}
    taken = set(numbers.values())
    free = 1
    for name in sorted(set(names) - set(numbers)):
        while free in taken:
            free += 1
        numbers[name] = free
        taken.add(free)
    return dict(sorted(numbers.items(), key=lambda item: item[1]))


def _shorter(name: str) -> Iterator[str]:
    """The name, and what is left of it before a bracket, the longest first."""
    yield name
    while " (" in name:
        name = name.rpartition(" (")[0]
        yield name
