"""What many values say together: means with intervals, quartiles, one method against another.

Objects of one patient are alike, so resampling draws patients wherever there are enough of them,
and a result says which it drew. Rows may come in any order: equal sets give equal numbers.
A distance is infinite where a mask is empty; so is its mean, while quartiles and ranks stay useful.
"""

import hashlib
import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from scipy import stats

from vesal.arrays import Counts, Series
from vesal.errors import ConfigError

Key = TypeVar("Key", bound=Hashable)

RESAMPLES = 2000
LEVEL = 0.95
LEAST_PATIENTS = 5  # with fewer, resampled patients are mostly the same ones
_BATCH = 2**21  # draws at a time: 16 MiB of indices


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A mean over objects and its 95 % bootstrap percentile interval.

    Attributes:
        mean: of all objects, each with the same weight; infinite if one of them is, and no number,
            as its interval, for differences that are infinite both ways.
        low: 2.5th percentile of the means of resamples.
        high: 97.5th percentile.
        objects: how many values there are.
        patients: how many patients they come from.
        resampled: what was drawn with replacement; with "objects" the interval is too narrow where
            objects of one patient are alike, and with one of them it has no width.
    """

    mean: float
    low: float
    high: float
    objects: int
    patients: int
    resampled: Literal["patients", "objects"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quartiles:
    """The values that a quarter, half and three quarters of the objects do not exceed."""

    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One method against another over the objects that both have a value for.

    Attributes:
        difference: mean of first less second, with its interval; None without a pair.
        p: two-sided, Wilcoxon signed-rank; 1 without a pair or where all are ties.
        wins: objects that the first has a higher value for.
        ties: objects that both have the same value for.
        losses: objects that the second has a higher value for.
        unpaired: objects that only one of them has a value for, left out.
    """

    difference: Interval | None
    p: float
    wins: int
    ties: int
    losses: int
    unpaired: int


def interval(values: Sequence[float], patients: Sequence[str], *, seed: str = "") -> Interval:
    """The mean of values and how far it can be trusted.

    Efron's percentile interval of 2,000 resamples: of patients with all their objects where there
    are at least five patients, else of objects. Same values, patients and seed give the same
    interval on every machine.

    Args:
        values: one for each object.
        patients: whose object each is.
        seed: any text, such as the name of what is measured; other texts make other draws.

    Raises:
        ConfigError: without a value, with one that is no number, or with another number of
            patients.
    """
    _check(values)
    if len(values) != len(patients):
        msg = f"each value needs a patient, got {len(values)} values and {len(patients)} patients"
        raise ConfigError(msg)
    return _interval(list(values), patients, seed)


def quartiles(values: Sequence[float]) -> Quartiles:
    """Median and quartiles, between two values in proportion (Hyndman and Fan's type 7).

    Raises:
        ConfigError: without a value, or with one that is no number.
    """
    _check(values)
    ranked = sorted(values)
    return Quartiles(
        low=_quantile(ranked, 0.25), median=_quantile(ranked, 0.5), high=_quantile(ranked, 0.75)
    )


def compared(
    first: Mapping[Key, float],
    second: Mapping[Key, float],
    patients: Mapping[Key, str],
    *,
    seed: str = "",
) -> Comparison:
    """One method against another, object by object.

    Interval and Wilcoxon's test look at the same thing: with at least five patients the test ranks
    each patient's mean difference, for objects of one patient are no independent evidence; with
    fewer it ranks objects. Two infinite distances are a tie.

    Args:
        first: value of each object.
        second: value of each object.
        patients: whose object each is.
        seed: as in `interval`.

    Raises:
        ConfigError: a value that is no number, or an object without a patient.
    """
    both = {key: (first[key], second[key]) for key in first if key in second}
    for key, values in both.items():
        if key not in patients or any(map(math.isnan, values)):
            msg = f"each object needs two numbers and a patient, got {key} without"
            raise ConfigError(msg)
    differences = [_difference(*values) for values in both.values()]
    owners = [patients[key] for key in both]
    wins, losses = sum(d > 0 for d in differences), sum(d < 0 for d in differences)
    return Comparison(
        difference=_interval(differences, owners, seed) if both else None,
        p=_wilcoxon(_by_patient(differences, owners) if _clustered(owners) else differences),
        wins=wins,
        ties=len(both) - wins - losses,
        losses=losses,
        unpaired=len(first) + len(second) - 2 * len(both),
    )


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """The p values of several comparisons corrected for their number, in their order.

    Holm (1979): the smallest times their number, the next times one less, and so on; none below
    one before it, none above 1. The chance of any false finding among them stays below the level.

    Raises:
        ConfigError: a value outside 0 to 1.
    """
    if not all(0 <= p <= 1 for p in p_values):
        msg = f"p values lie between 0 and 1, got {list(p_values)}"
        raise ConfigError(msg)
    corrected, highest = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, p_values[i] * (len(p_values) - rank)))
        corrected[i] = highest
    return tuple(corrected)


def _interval(values: Sequence[float], patients: Sequence[str], seed: str) -> Interval:
    """See `interval`; differences of infinite values may have a mean that is no number."""
    clustered = _clustered(patients)
    # in one order, whatever order the rows came in, for it is places that are drawn
    rows = sorted(zip(patients, values, strict=True))
    ranked = np.array([value for _, value in rows], np.float64)
    owners = np.array([patient for patient, _ in rows])
    groups = np.unique(owners, return_inverse=True)[1] if clustered else np.arange(len(rows))
    with np.errstate(invalid="ignore"):  # infinite both ways
        mean = float(np.sort(ranked).mean())  # to the last digit the same for other patients
        means = _resampled_means(np.bincount(groups, ranked), np.bincount(groups), seed)
    ordered = np.sort(means).tolist()  # what is no number comes last
    lost = math.isnan(ordered[-1])
    tail = (1 - LEVEL) / 2
    return Interval(
        mean=mean,
        low=math.nan if lost else _quantile(ordered, tail),
        high=math.nan if lost else _quantile(ordered, 1 - tail),
        objects=len(values),
        patients=len(set(patients)),
        resampled="patients" if clustered else "objects",
    )


def _resampled_means(sums: Series, counts: Counts, seed: str) -> Series:
    """Means over as many groups as there are, drawn with replacement, 2,000 times.

    Args:
        sums: of each group's values.
        counts: of each group's values.
        seed: hashed, for Python's own hash of a text changes from run to run.
    """
    digest = hashlib.sha256(seed.encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:16], "big"))
    means = np.empty(RESAMPLES)
    batch = max(1, _BATCH // len(sums))
    for start in range(0, RESAMPLES, batch):
        rows = min(batch, RESAMPLES - start)
        drawn = rng.integers(0, len(sums), (rows, len(sums)))
        means[start : start + rows] = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    return means


def _quantile(ranked: Sequence[float], share: float) -> float:
    """Between two values in proportion; NumPy's has no answer beside infinite ones."""
    whole, part = divmod(share * (len(ranked) - 1), 1)
    low = ranked[int(whole)]
    high = ranked[min(int(whole) + 1, len(ranked) - 1)]
    return low if part == 0 or low == high else low + part * (high - low)


def _check(values: Sequence[float]) -> None:
    wrong = sum(math.isnan(value) for value in values)
    if len(values) == 0 or wrong:
        msg = f"statistics need one number or more, got {len(values)}, {wrong} of them NaN"
        raise ConfigError(msg)


def _clustered(patients: Sequence[str]) -> bool:
    return len(set(patients)) >= LEAST_PATIENTS


def _difference(first: float, second: float) -> float:
    return 0.0 if first == second else first - second  # infinite less infinite is no number


def _by_patient(differences: Sequence[float], patients: Sequence[str]) -> list[float]:
    """Each patient's mean difference; infinite both ways is undecided: 0."""
    held: dict[str, list[float]] = {}
    for difference, patient in zip(differences, patients, strict=True):
        held.setdefault(patient, []).append(difference)
    means = (sum(ds) / len(ds) for ds in held.values())
    return [0.0 if math.isnan(mean) else mean for mean in means]


def _wilcoxon(differences: Sequence[float]) -> float:
    """Two-sided p that differences lie around 0, those of 0 left out (Wilcoxon 1945)."""
    counted = np.array([d for d in differences if d != 0])
    if len(counted) == 0:
        return 1.0
    # only signs and ranks count, and infinite differences have ranks
    ranks = np.sign(counted) * stats.rankdata(np.abs(counted))
    return float(stats.wilcoxon(ranks).pvalue)
