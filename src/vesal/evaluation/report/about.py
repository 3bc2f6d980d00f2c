"""What a report must say of itself, so that its numbers can be trusted and made again."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What is known of a method.

    Attributes:
        name: as tables call it.
        spec: the words that chose it.
        identity: what its answers depend on, such as the hash of weights.
        training_sets: names of the data sets of its card; None where nothing is known.
        note: what else a reader must know of its training.
    """

    name: str
    spec: str
    identity: str = ""
    training_sets: tuple[str, ...] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What was run, on what, where and when.

    Attributes:
        title: heading of the page.
        protocol: its name.
        source: where the protocol comes from, and in what it departs from there.
        reported: the numbers of clicks that tables show, ascending.
        tolerance_mm: within which borders count as equal in NSD.
        date: ISO, such as "2026-11-27".
        version: of vesal.
        commit: of the source, or "".
        machine: processor, memory and device, in words.
        models: the methods, in the order of tables; what is not in the rows is left out there.
        data: path of the data set.
        layout: how its folders are laid out.
        command: what to type to make the report again.
        seed: how draws at random were seeded, in words or as a number.
        notes: what deserves a warning, a sentence each.
        problems: cases that could not be read, and why.
        best_of_clicks: show the best Dice of all clicks beside the last, as SAM-Med3D's old script.
    """

    title: str
    protocol: str
    source: str
    reported: tuple[int, ...]
    tolerance_mm: float
    date: str
    version: str
    commit: str = ""
    machine: str = ""
    models: tuple[ModelFacts, ...] = ()
    data: str = ""
    layout: str = ""
    command: str = ""
    seed: str = ""
    notes: tuple[str, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()
    best_of_clicks: bool = False
