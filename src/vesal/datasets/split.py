"""Divides pairs among parts such as train and test, so that no patient is in two of them."""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence

from vesal.datasets.clusters import leaders
from vesal.datasets.pair import Pair
from vesal.errors import ConfigError

_MOST_NAMED = 5
Patient = tuple[str, str]


def patient_of(pair: Pair) -> Patient:
    """Data sets number their patients alike, so both together say who it is."""
    return pair.dataset, pair.whose


def kept_together(pairs: Sequence[Pair], twins: Iterable[Iterable[str]]) -> dict[Patient, Patient]:
    """For each patient the first of all who must not be parted from them.

    Args:
        pairs: all of them.
        twins: groups of names of pairs that show the same.
    """
    of_name: dict[str, list[Patient]] = {}
    for pair in pairs:
        of_name.setdefault(pair.name, []).append(patient_of(pair))
    groups = [[patient] for patients in of_name.values() for patient in patients]
    groups += [[one for name in group for one in of_name.get(name, ())] for group in twins]
    return leaders((group[0], one) for group in groups for one in group)


def split_by_patient(
    pairs: Sequence[Pair],
    shares: Mapping[str, float],
    seed: int,
    *,
    twins: Iterable[Iterable[str]] = (),
) -> dict[str, tuple[Pair, ...]]:
    """Pairs by the name of their part; all of a patient in one.

    Each patient's part follows from the seed, the data set and the patient alone: new ones move no
    one, and the order does not matter. So the parts have about the shares that were asked for, the
    closer the more patients there are. Twins go where the first of them goes, by data set and name.

    Args:
        pairs: to be divided.
        shares: of each part, above 0, 1 in all; parts in their order.
        seed: another one gives another division.
        twins: groups of names of pairs that show the same, from `find_twins`.

    Raises:
        ConfigError: the shares make no sense.
    """
    _check_shares(shares)
    together = kept_together(pairs, twins)
    parts: dict[str, list[Pair]] = {name: [] for name in shares}
    for pair in pairs:
        place = _place(together[patient_of(pair)], seed)
        parts[_part_at(place, shares)].append(pair)
    return {name: tuple(inside) for name, inside in parts.items()}


def check_split(
    parts: Mapping[str, Sequence[Pair]], *, twins: Iterable[Iterable[str]] = ()
) -> None:
    """Refuse parts that share a patient, or twins.

    Args:
        parts: pairs by the name of their part.
        twins: groups of names of pairs that show the same.

    Raises:
        ConfigError: a patient is in two parts.
    """
    together = kept_together([pair for inside in parts.values() for pair in inside], twins)
    where: dict[Patient, dict[str, str]] = {}
    for part, inside in parts.items():
        for pair in inside:
            name = pair.whose
            where.setdefault(together[patient_of(pair)], {}).setdefault(part, name)
    shared = [there for there in where.values() if len(there) > 1]
    if shared:
        named = [", ".join(f"{name} in {part}" for part, name in there.items()) for there in shared]
        more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
        msg = (
            f"{len(shared)} patients are in more than one part, which makes results look better "
            f"than they are: {'; '.join(named[:_MOST_NAMED])}{more}; put each into one"
        )
        raise ConfigError(msg)


def _check_shares(shares: Mapping[str, float]) -> None:
    right = all(math.isfinite(share) and share > 0 for share in shares.values())
    if not shares or not right or abs(sum(shares.values()) - 1) > 1e-6:
        msg = f"the shares of the parts must be above 0 and 1 in all, got {dict(shares)}"
        raise ConfigError(msg)


def _place(patient: Patient, seed: int) -> float:
    """A number from 0 up to 1 that follows from a patient, evenly spread over all patients."""
    text = "\0".join((str(seed), *patient))
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def _part_at(place: float, shares: Mapping[str, float]) -> str:
    upper = 0.0
    for name, share in shares.items():
        upper += share
        if place < upper:
            return name
    return name  # the shares add up to 1 but for rounding
