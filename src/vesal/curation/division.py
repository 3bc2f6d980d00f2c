"""Which part each case goes to, and which are left out because their scan is there already.

Decided where all cases are known, from their names alone, so that it does not depend on who looked
at them in which order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from vesal.curation.checks import LEAK, TWIN
from vesal.curation.look import Looked
from vesal.datasets import Pair, Signature, find_twins, split_by_patient
from vesal.datasets.likeness import difference
from vesal.errors import ConfigError

# What is held out stays held out: where a patient is in two parts, the first of these counts.
PARTS = ("test", "validation", "train")
_WORDS = {
    "": ("",),
    "train": ("train", "training", "tr"),
    "validation": ("validation", "val", "valid", "dev"),
    "test": ("test", "testing", "ts"),
}
_Out = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """What was decided.

    Attributes:
        parts: of each case that is used, by its name.
        out: of each case that is not, the word and the sentence of why.
        twins: groups of names of cases that show the same scan.
    """

    parts: Mapping[str, str]
    out: Mapping[str, _Out] = field(default_factory=dict)
    twins: tuple[tuple[str, ...], ...] = ()


def with_known_parts(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """Cases with their parts in one spelling: "val" is "validation".

    Raises:
        ConfigError: a part of another name.
    """
    known = {word: part for part, words in _WORDS.items() for word in words}
    for pair in pairs:
        if pair.part.lower() not in known:
            msg = f"{pair.name} is in part {pair.part!r}; known are train, validation and test"
            raise ConfigError(msg)
    return tuple(replace(pair, part=known[pair.part.lower()]) for pair in pairs)


def divide(
    pairs: Sequence[Pair],
    looked: Mapping[str, Looked],
    shares: Mapping[str, float],
    *,
    seed: int = 0,
    most_different: float = 0.1,
) -> Division:
    """The parts of cases, all of a patient and all twins in one.

    Parts that the data set gives are kept, unless one of its patients, or a scan, is in two: then
    only what is in the one that is held out is used. A patient who is in a given part in one case
    is there in all. A data set that has but a part to train on is not divided yet. A scan that came
    before in its part with the same structures is left out.

    Args:
        pairs: that can be used.
        looked: what was found in each, by its name.
        shares: of the parts of what is not divided, in their order.
        seed: of that division.
        most_different: two images that count as one scan, 0 to 0.3.

    Raises:
        ConfigError: the shares make no sense.
    """
    signatures = {pair.name: looked[pair.name].signature for pair in pairs}
    twins = twins_of({n: one for n, one in signatures.items() if one is not None}, most_different)
    groups = _groups(pairs, twins)
    divided = {pair.dataset for pair in pairs if pair.part not in ("", "train")}
    given = {pair.name: pair.part for pair in pairs if pair.part and pair.dataset in divided}
    drawn = split_by_patient(pairs, shares, seed, twins=twins)
    parts = {pair.name: part for part, inside in drawn.items() for pair in inside}
    out: dict[str, _Out] = {}
    for group in groups:
        known = {given[pair.name] for pair in group if pair.name in given}
        if not known:
            continue
        held = min(known, key=PARTS.index)
        for pair in group:
            parts[pair.name] = held
            if given.get(pair.name, held) != held:
                out[pair.name] = (LEAK, _leak(pair, group, given, held))
    out |= _repeats(pairs, looked, twins, parts, out)
    return Division(
        parts={name: part for name, part in parts.items() if name not in out}, out=out, twins=twins
    )


def twins_of(
    signatures: Mapping[str, Signature], most_different: float
) -> tuple[tuple[str, ...], ...]:
    """Groups of names of images that are closer to each other than `find_twins` asks for.

    An image belongs to a group if it is close to any one in it.
    """
    groups: list[tuple[str, ...]] = []
    for wide in find_twins(signatures):
        left = list(wide)
        while left:
            group = [left.pop(0)]
            for one in group:  # grows while it is walked through
                near = [
                    name
                    for name in left
                    if difference(signatures[one], signatures[name]) <= most_different
                ]
                group += near
                left = [name for name in left if name not in near]
            groups.append(tuple(sorted(group)))
    return tuple(sorted(group for group in groups if len(group) > 1))


def _groups(pairs: Sequence[Pair], twins: Sequence[Sequence[str]]) -> list[list[Pair]]:
    """Cases that must not be parted: of one patient, or twins, or both in a chain."""
    leader: dict[object, object] = {}

    def first(one: object) -> object:
        while leader.setdefault(one, one) != one:
            one = leader[one]
        return one

    for pair in pairs:
        leader[first(("case", pair.name))] = first((pair.dataset, pair.patient or pair.name, ""))
    for group in twins:
        for name in group[1:]:
            leader[first(("case", name))] = first(("case", group[0]))
    groups: dict[object, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(first(("case", pair.name)), []).append(pair)
    return list(groups.values())


def _leak(pair: Pair, group: Sequence[Pair], given: Mapping[str, str], held: str) -> str:
    other = min((one for one in group if given.get(one.name) == held), key=lambda one: one.name)
    same = (other.dataset, other.patient) == (pair.dataset, pair.patient)
    what = f"patient {pair.patient or pair.name}" if same else "the scan"
    return f"{what} is in {given[pair.name]} and, as {other.name}, in {held}"


def _repeats(
    pairs: Sequence[Pair],
    looked: Mapping[str, Looked],
    twins: Sequence[Sequence[str]],
    parts: Mapping[str, str],
    out: Mapping[str, _Out],
) -> dict[str, _Out]:
    """Twins that bring no structure that the ones before them, in the order of names, have not."""
    repeated: dict[str, _Out] = {}
    named = {pair.name for pair in pairs}
    for group in twins:
        seen: dict[str, str] = {}
        for name in group:
            if name not in named or name in out:
                continue
            new = [one for one in looked[name].structures if one.lower() not in seen]
            if seen and not new:
                first = seen[min(one.lower() for one in looked[name].structures)]
                repeated[name] = (TWIN, f"the same scan with the same structures is {first}")
            seen |= {one.lower(): name for one in new}
    return repeated
