"""Tests of vesal.evaluation.statistics: hand-worked examples, simulated truth, invariances."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from vesal.errors import ConfigError
from vesal.evaluation.statistics import (
    Comparison,
    compared,
    holm,
    interval,
    quartiles,
)

numbers = st.floats(-1e3, 1e3).map(lambda v: round(v, 6))
rows = st.lists(st.tuples(numbers, st.sampled_from("abcdefgh")), min_size=1, max_size=30)


def simulated(
    rng: np.random.Generator, patients: int, objects: int, alike: float
) -> tuple[list[float], list[str]]:
    """Values around 0, of patients who differ by ``alike`` of the variance."""
    own = rng.standard_normal(patients) * math.sqrt(alike)
    values = own[:, None] + rng.standard_normal((patients, objects)) * math.sqrt(1 - alike)
    names = [f"patient {i}" for i in range(patients) for _ in range(objects)]
    return values.ravel().tolist(), names


def coverage(patients: int, objects: int, alike: float, *, own_patients: bool) -> float:
    """How often the interval holds the true mean, 0, in 200 data sets."""
    rng = np.random.default_rng(5)
    held = 0
    for i in range(200):
        values, names = simulated(rng, patients, objects, alike)
        found = interval(values, names if own_patients else ["one"] * len(values), seed=str(i))
        held += found.low <= 0 <= found.high
    return held / 200


def test_nineteen_of_twenty_intervals_hold_the_true_mean() -> None:
    """Of objects alone, and of patients whose objects are alike."""
    assert 0.9 <= coverage(1, 60, 0.0, own_patients=True) <= 0.99
    assert 0.9 <= coverage(40, 5, 0.7, own_patients=True) <= 0.99


def test_objects_of_few_patients_would_promise_too_much() -> None:
    """Why patients are drawn: taken for independent, the same objects cover half of that."""
    assert coverage(20, 10, 0.7, own_patients=False) < 0.7
    assert coverage(20, 10, 0.7, own_patients=True) > 0.88  # 20 patients: a little too narrow


def test_patients_are_drawn_where_there_are_five() -> None:
    """Else objects; the result says which."""
    values = [0.1, 0.4, 0.5, 0.9, 0.7, 0.3]
    five = interval(values, list("abcdea"))
    assert (five.resampled, five.patients, five.objects) == ("patients", 5, 6)
    four = interval(values, list("abcdaa"))
    assert (four.resampled, four.patients, four.objects) == ("objects", 4, 6)
    assert five.mean == four.mean == pytest.approx(np.mean(values))


def test_the_interval_of_patients_is_that_of_a_plain_bootstrap() -> None:
    """SciPy's bootstrap over patients with equal numbers of objects: of their means."""
    rng = np.random.default_rng(1)
    values, names = simulated(rng, 30, 4, 0.5)
    own = np.reshape(values, (30, 4)).mean(axis=1)
    plain = stats.bootstrap((own,), np.mean, method="percentile", n_resamples=20_000, rng=rng)
    found = interval(values, names)
    assert found.low == pytest.approx(plain.confidence_interval.low, abs=0.03)
    assert found.high == pytest.approx(plain.confidence_interval.high, abs=0.03)


@given(drawn=rows, order=st.randoms())
def test_the_order_of_rows_changes_nothing(drawn: list[tuple[float, str]], order: object) -> None:
    """Parallel workers finish in any order; the mean lies in its interval."""
    values, names = zip(*drawn, strict=True)
    found = interval(values, names, seed="dice")
    shuffled = list(drawn)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    again = interval(*zip(*shuffled, strict=True), seed="dice")
    assert again == found
    assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9
    assert found.mean == pytest.approx(np.mean(values), abs=1e-9)


@settings(max_examples=25)
@given(drawn=rows, shift=st.integers(-5, 5), scale=st.integers(1, 4))
def test_an_interval_moves_and_stretches_with_its_values(
    drawn: list[tuple[float, str]], shift: int, scale: int
) -> None:
    """In other units it is the same interval."""
    values, names = zip(*drawn, strict=True)
    found = interval(values, names)
    other = interval([scale * v + shift for v in values], names)
    for name in ("mean", "low", "high"):
        expected = scale * getattr(found, name) + shift
        assert getattr(other, name) == pytest.approx(expected, abs=1e-6)


def test_a_seed_is_a_text_and_its_draws_are_the_same_everywhere() -> None:
    """Numbers of one run on this machine, that any other must give."""
    values, names = [0.1, 0.4, 0.5, 0.9, 0.7, 0.3, 0.8], list("abcdefg")
    found = interval(values, names, seed="sam-med3d dice")
    assert [found.low, found.high] == pytest.approx([0.3285714, 0.7285714], abs=1e-6)
    assert found == interval(values, names, seed="sam-med3d dice")
    wide = [float(v) for v in np.random.default_rng(0).random(50)]
    people = [str(i) for i in range(50)]
    assert interval(wide, people, seed="a").low != interval(wide, people, seed="b").low


def test_one_object_has_an_interval_without_width() -> None:
    """Nothing can be said of others."""
    found = interval([0.7], ["a"])
    assert (found.mean, found.low, found.high, found.resampled) == (0.7, 0.7, 0.7, "objects")


def test_many_objects_are_drawn_in_batches() -> None:
    """Five thousand: by the central limit, 1.96 standard errors to each side."""
    values = np.random.default_rng(3).standard_normal(5000)
    found = interval(values.tolist(), [str(i) for i in range(5000)])
    half = 1.96 * values.std() / math.sqrt(5000)
    assert found.low == pytest.approx(found.mean - half, abs=half / 8)
    assert found.high == pytest.approx(found.mean + half, abs=half / 8)


def test_infinite_distances_make_a_mean_infinite_and_leave_quartiles() -> None:
    """One empty mask in ten: half of the resamples or more hold it."""
    values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, math.inf]
    found = interval(values, list("abcdefghij"))
    assert (found.mean, found.high) == (math.inf, math.inf)
    assert 1 < found.low < 9
    four = quartiles(values)
    assert (four.low, four.median, four.high) == (3.25, 5.5, 7.75)
    assert quartiles([1.0, math.inf]).median == math.inf
    assert quartiles([math.inf, math.inf, 1.0]).low == math.inf


@given(values=st.lists(numbers, min_size=1, max_size=30))
def test_quartiles_are_those_of_numpy(values: list[float]) -> None:
    """Where all values are finite."""
    found = quartiles(values)
    expected = np.percentile(values, [25, 50, 75])
    assert [found.low, found.median, found.high] == pytest.approx(expected.tolist(), abs=1e-9)


def series(values: list[float]) -> dict[int, float]:
    """Values of objects 0, 1, 2, ..."""
    return dict(enumerate(values))


def people(count: int, each: int = 1) -> dict[int, str]:
    """Patients with so many objects each, in order."""
    return {i: f"patient {i // each}" for i in range(count)}


def test_wilcoxon_is_that_of_the_table() -> None:
    """Six patients, all better: 2 of the 64 ways of signs are as far out; one of six worse."""
    better = [0.11, 0.22, 0.33, 0.44, 0.55, 0.66]
    found = compared(series(better), series([0.0] * 6), people(6))
    assert found.p == pytest.approx(2 / 64)
    assert (found.wins, found.ties, found.losses, found.unpaired) == (6, 0, 0, 0)
    assert found.difference is not None
    assert found.difference.mean == pytest.approx(np.mean(better))
    better[0] = -0.11  # rank sums 1 and 20: the sums of ranks up to 1 are two of 64
    assert compared(series(better), series([0.0] * 6), people(6)).p == pytest.approx(4 / 64)


def test_patients_not_objects_are_evidence() -> None:
    """Six patients with ten equal objects each are no more than six patients."""
    once = compared(series([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]), series([0.0] * 6), people(6))
    many = [v for v in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6) for _ in range(10)]
    found = compared(series(many), series([0.0] * 60), people(60, 10))
    assert found.p == pytest.approx(once.p)
    assert found.wins == 60
    assert found.difference is not None
    assert found.difference.resampled == "patients"
    few = compared(series(many), series([0.0] * 60), people(60, 20))  # three: objects are ranked
    assert few.p < 1e-6


@given(pairs=st.lists(st.tuples(numbers, numbers), min_size=1, max_size=25), each=st.integers(1, 9))
def test_the_other_way_round_wins_are_losses(pairs: list[tuple[float, float]], each: int) -> None:
    """Of all objects; p is the same, the difference has the other sign."""
    first, second = (series(list(side)) for side in zip(*pairs, strict=True))
    owners = people(len(pairs), each)
    one, other = compared(first, second, owners), compared(second, first, owners)
    assert (one.wins, one.ties, one.losses) == (other.losses, other.ties, other.wins)
    assert one.wins + one.ties + one.losses == len(pairs)
    assert one.p == pytest.approx(other.p)
    assert 0 <= one.p <= 1
    assert one.difference is not None
    assert other.difference is not None
    assert one.difference.mean == pytest.approx(-other.difference.mean, abs=1e-9)


def test_all_ties_one_object_and_no_pair_are_no_evidence() -> None:
    """Each p is 1; without a pair there is no difference."""
    tied = compared(series([0.5] * 8), series([0.5] * 8), people(8))
    assert (tied.p, tied.wins, tied.ties, tied.losses) == (1, 0, 8, 0)
    assert tied.difference is not None
    assert (tied.difference.low, tied.difference.high) == (0, 0)
    single = compared({"a": 0.9}, {"a": 0.4}, {"a": "p"})
    assert (single.p, single.wins) == (1, 1)
    nothing = compared({"a": 0.9}, {"b": 0.4}, {})
    assert nothing == Comparison(difference=None, p=1.0, wins=0, ties=0, losses=0, unpaired=2)


def test_infinite_distances_are_compared_too() -> None:
    """Both infinite is a tie, one of them is the largest of all differences."""
    inf = math.inf
    first, second = [1.0, inf, 2.0, inf, 3.0], [2.0, inf, inf, 5.0, 4.5]
    found = compared(series(first), series(second), people(5))
    assert (found.wins, found.ties, found.losses) == (1, 1, 3)
    assert found.difference is not None
    assert math.isnan(found.difference.mean)  # infinite both ways
    assert math.isnan(found.difference.low)
    assert 0.1 < found.p <= 1
    # patients who have both kinds are undecided
    first, second = [inf, 1.0] * 5, [1.0, inf] * 5
    assert compared(series(first), series(second), people(10, 2)).p == 1


def test_holms_correction_is_that_of_a_worked_example() -> None:
    """Four comparisons by hand: 4, 3, 2 and 1 times, and none below the one before."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([0.5, 0.9]) == (1, 1)
    assert holm([0.02]) == (0.02,)
    assert holm([]) == ()


@given(p_values=st.lists(st.floats(0, 1), max_size=12), data=st.data())
def test_holm_keeps_order_and_lies_between_no_correction_and_bonferroni(
    p_values: list[float], data: st.DataObject
) -> None:
    """And it does not matter which comparison comes first."""
    found = holm(p_values)
    for raw, corrected in zip(p_values, found, strict=True):
        assert raw <= corrected <= min(1.0, raw * len(p_values))
    places = data.draw(st.permutations(range(len(p_values))))
    assert holm([p_values[i] for i in places]) == tuple(found[i] for i in places)


def test_what_is_no_number_or_has_no_patient_is_refused() -> None:
    """One sentence for each."""
    with pytest.raises(ConfigError, match="one number or more, got 0"):
        interval([], [])
    with pytest.raises(ConfigError, match="got 2, 1 of them NaN"):
        quartiles([math.nan, 1.0])
    with pytest.raises(ConfigError, match="got 1 values and 2 patients"):
        interval([1.0], ["a", "b"])
    with pytest.raises(ConfigError, match="needs two numbers and a patient, got a"):
        compared({"a": 1.0}, {"a": 2.0}, {})
    with pytest.raises(ConfigError, match="needs two numbers and a patient, got a"):
        compared({"a": math.nan}, {"a": 2.0}, {"a": "p"})
    with pytest.raises(ConfigError, match="between 0 and 1"):
        holm([0.1, 1.1])
