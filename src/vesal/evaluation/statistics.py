"""What a handful of scores can tell: means with intervals, and whether two methods differ."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from vesal.evaluation.user import generator_for

RESAMPLES = 2000
_LEAST_PATIENTS = 5  # fewer say nothing of how patients vary
_EQUAL = 1e-9  # Dice values that differ by less are a tie


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A mean, and where it would lie in 95 of 100 samples like this one.

    Attributes:
        mean: of all values.
        low: end of the interval.
        high: its other end.
        unit: what was drawn anew, "patients" or "objects".
    """

    mean: float
    low: float
    high: float
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two methods on the same objects.

    Attributes:
        first: name of one method.
        second: name of the other.
        count: objects that both were measured on.
        difference: mean of first minus second.
        wins: objects on which the first is better.
        ties: objects on which both are as good.
        p: of Wilcoxon's signed-rank test, two-sided; 1 where all are ties, None for fewer than two
            objects.
        corrected_p: by Holm, for all comparisons made together.
    """

    first: str
    second: str
    count: int
    difference: Interval
    wins: int
    ties: int
    p: float | None
    corrected_p: float | None = None

    @property
    def losses(self) -> int:
        """Objects on which the second is better."""
        return self.count - self.wins - self.ties


def interval(values: Sequence[float], patients: Sequence[str]) -> Interval:
    """The mean of values with its 95 % interval by the bootstrap's percentiles.

    Objects of one patient are alike: whole patients are drawn where there are at least five of
    them, else objects, which makes the interval too narrow. The draws follow from the names of
    the patients, so that a report is the same each time.

    Args:
        values: at least one, all finite.
        patients: whose each of them is.
    """
    numbers = np.asarray(values, np.float64)
    mean = float(numbers.mean())
    names = sorted(set(patients))
    by_patient = len(names) >= _LEAST_PATIENTS
    place = {name: i for i, name in enumerate(names)}
    unit = np.array([place[p] for p in patients]) if by_patient else np.arange(len(numbers))
    sums = np.bincount(unit, numbers)
    counts = np.bincount(unit)
    rng = generator_for("bootstrap", len(numbers), *names)
    low, high = np.percentile(_means(sums, counts, rng), (2.5, 97.5)).tolist()
    return Interval(mean=mean, low=low, high=high, unit="patients" if by_patient else "objects")


def compare(
    first: str,
    second: str,
    pairs: Sequence[tuple[float, float]],
    patients: Sequence[str],
) -> Comparison:
    """Two methods on the same objects.

    Args:
        first: name of one.
        second: name of the other.
        pairs: their scores on each object, at least one; higher is better.
        patients: whose each object is.
    """
    differences = [a - b for a, b in pairs]
    ties = sum(abs(d) <= _EQUAL for d in differences)
    p: float | None = None
    if len(pairs) > 1:
        told = [d for d in differences if abs(d) > _EQUAL]
        p = float(stats.wilcoxon(told).pvalue) if told else 1.0
    return Comparison(
        first=first,
        second=second,
        count=len(pairs),
        difference=interval(differences, patients),
        wins=sum(d > _EQUAL for d in differences),
        ties=ties,
        p=p,
    )


def corrected(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """The comparisons with p-values corrected for their number (Holm, 1979)."""
    known = sorted(
        ((one.p, i) for i, one in enumerate(comparisons) if one.p is not None),
    )
    found: dict[int, float] = {}
    highest = 0.0
    for rank, (p, i) in enumerate(known):
        highest = max(highest, min(1.0, p * (len(known) - rank)))
        found[i] = highest
    return tuple(replace(one, corrected_p=found.get(i)) for i, one in enumerate(comparisons))


def _means(
    sums: NDArray[np.float64], counts: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Means of samples drawn anew, a part of them at a time to keep memory small."""
    found = []
    step = max(1, 2_000_000 // len(sums))
    for start in range(0, RESAMPLES, step):
        drawn = rng.integers(0, len(sums), (min(step, RESAMPLES - start), len(sums)))
        found.append(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1))
    return np.concatenate(found)
