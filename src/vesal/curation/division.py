"""Which part each case goes to, and which are left out because their scan is there already.

Decided where all cases are known, from their names alone, so that it does not depend on who looked
at them in which order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from vesal.curation.checks import LEAK, TWIN
from vesal.curation.look import Looked
from vesal.datasets import Pair, find_twins, split_by_patient
from vesal.datasets.pair import PARTS
from vesal.datasets.split import Patient, kept_together, patient_of
from vesal.errors import ConfigError

# What is held out stays held out: where a patient is in two parts, the first of these counts.
_HELD = PARTS[::-1]
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
    twins = find_twins({n: one for n, one in signatures.items() if one is not None}, most_different)
    together = kept_together(pairs, twins)
    drawn = split_by_patient(pairs, shares, seed, twins=twins)
    parts = {pair.name: part for part, inside in drawn.items() for pair in inside}
    divided = {pair.dataset for pair in pairs if pair.part not in ("", "train")}
    given = {pair.name: pair for pair in pairs if pair.part and pair.dataset in divided}
    holders: dict[Patient, Pair] = {}  # who says where all that are kept together go
    for pair in sorted(given.values(), key=lambda pair: (_HELD.index(pair.part), pair.name)):
        holders.setdefault(together[patient_of(pair)], pair)
    out: dict[str, _Out] = {}
    for pair in pairs:
        holder = holders.get(together[patient_of(pair)])
        if holder is not None:
            parts[pair.name] = holder.part
            if pair.name in given and pair.part != holder.part:
                out[pair.name] = (LEAK, _leak(pair, holder))
    out |= _repeats(looked, twins, out)
    return Division(
        parts={name: part for name, part in parts.items() if name not in out}, out=out, twins=twins
    )


def _leak(pair: Pair, holder: Pair) -> str:
    same = patient_of(pair) == patient_of(holder)
    what = f"patient {pair.whose}" if same else "the scan"
    return f"{what} is in {pair.part} and, as {holder.name}, in {holder.part}"


def _repeats(
    looked: Mapping[str, Looked], twins: Sequence[Sequence[str]], out: Mapping[str, _Out]
) -> dict[str, _Out]:
    """Twins that bring no structure that the ones before them, in the order of names, have not."""
    repeated: dict[str, _Out] = {}
    for group in twins:
        seen: dict[str, str] = {}
        for name in (name for name in group if name not in out):
            new = [one for one in looked[name].structures if one.lower() not in seen]
            if seen and not new:
                first = seen[min(one.lower() for one in looked[name].structures)]
                repeated[name] = (TWIN, f"the same scan with the same structures is {first}")
            seen |= {one.lower(): name for one in new}
    return repeated
