"""Tests of benchmarks/cohort_simulation.py against what can be said without simulating."""

from dataclasses import replace

import pytest
from benchmarks.cohort_simulation import Costs, saturating, simulate

COSTS = Costs(
    compute_s=2.0, keep_s=0.01, start_s=4.0, image_bytes=9e7, result_bytes=1e7, bandwidth=1e9
)
CASE_S = 2.0 + 0.1 + 0.01


def test_one_worker_does_one_case_after_the_other() -> None:
    """Nobody waits: its start, and all cases."""
    made = simulate(COSTS, 50, 1)
    assert made.seconds == pytest.approx(4 + 50 * CASE_S)
    assert made.busy["workers"] == pytest.approx(100 / made.seconds)
    assert made.bottleneck == "workers"


def test_a_worker_for_each_case_waits_in_two_lines() -> None:
    """Images come one after the other; the last one is read, answered, written and kept."""
    made = simulate(replace(COSTS, result_bytes=0.0), 10, 10)
    assert made.seconds == pytest.approx(4 + 10 * 0.09 + 2 + 0.01)


@pytest.mark.parametrize(("scarce", "served_s"), [("driver", 0.5), ("storage", 1.0)])
def test_what_all_share_bounds_the_throughput(scarce: str, served_s: float) -> None:
    """Once saturated, the time of a case is its time there, whatever the number of workers."""
    if scarce == "driver":
        costs = replace(COSTS, keep_s=served_s)
    else:
        costs = replace(COSTS, bandwidth=1e8)
    most = saturating(costs)[scarce]
    made = [simulate(costs, 2000, round(most * times)) for times in (2, 4)]
    for one in made:
        assert one.seconds == pytest.approx(2000 * served_s, rel=0.02)
        assert one.bottleneck == scarce
    half = simulate(costs, 2000, round(most / 2))
    assert half.bottleneck == "workers"


def test_the_driver_opens_and_closes_the_run() -> None:
    """What it does before the first case and after the last adds to the time."""
    costs = replace(COSTS, driver_s=7.0, driver_case_s=0.1)
    assert simulate(costs, 50, 1).seconds == pytest.approx(simulate(COSTS, 50, 1).seconds + 12)


def test_what_is_lost_is_done_again() -> None:
    """Every case in the end, later; the same losses with the same seed."""
    costs = replace(COSTS, lost_an_hour=180.0)  # one in ten cases
    made = simulate(costs, 1000, 4, seed=1)
    assert made == simulate(costs, 1000, 4, seed=1)
    assert 60 < made.lost < 160
    assert made.seconds > simulate(COSTS, 1000, 4).seconds * 1.1
