"""Tests of vesal.training.sources.chances."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesal.errors import ConfigError
from vesal.training.sources.chances import Draws, chances

GROUPS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz")), min_size=1, max_size=40)


@given(GROUPS, st.floats(0, 1))
def test_a_data_set_is_drawn_by_its_size_to_the_power_of_balance(
    groups: list[tuple[str, str]], balance: float
) -> None:
    """And a structure likewise within its set; all targets of one structure alike."""
    likely = chances(groups, balance)
    assert likely.sum() == pytest.approx(1)
    sets = Counter(dataset for dataset, _ in groups)
    weights = {dataset: count**balance for dataset, count in sets.items()}
    for dataset in sets:
        inside = [one == dataset for one, _ in groups]
        share = likely[inside].sum()
        assert share == pytest.approx(weights[dataset] / sum(weights.values()))
        structures = Counter(name for one, name in groups if one == dataset)
        parts = {name: count**balance for name, count in structures.items()}
        for name, count in structures.items():
            each = likely[[group == (dataset, name) for group in groups]]
            np.testing.assert_allclose(each, share * parts[name] / sum(parts.values()) / count)


@given(GROUPS, st.floats(0, 1), st.integers(1, 7), st.integers(0, 99))
def test_a_pass_draws_each_target_as_often_as_its_chance_says(
    groups: list[tuple[str, str]], balance: float, batch: int, seed: int
) -> None:
    """Rounded up or down; in an order that is new in each pass."""
    likely = chances(groups, balance)
    draws = Draws(likely, batch, seed)
    drawn = np.concatenate([draws.at(number) for number in range(draws.batches)])
    assert len(drawn) == draws.batches * batch
    assert len(groups) <= len(drawn) < len(groups) + batch
    counts = np.bincount(drawn, minlength=len(groups))
    assert (np.abs(counts - likely * len(drawn)) < 1 + 1e-6).all()


def test_equal_chances_draw_each_target_once_a_pass() -> None:
    """As a shuffled epoch does, which is what the papers' loaders have."""
    draws = Draws(chances([("a", str(n % 3)) for n in range(30)], 1.0), 5, 4)
    passes = [[draws.at(n + 6 * turn).tolist() for n in range(6)] for turn in range(2)]
    for one in passes:
        assert sorted(n for batch in one for n in batch) == list(range(30))
    assert passes[0] != passes[1]


def test_a_batch_follows_from_its_number_alone() -> None:
    """Whatever was asked for before; another seed draws others."""
    likely = chances([("a", "x")] * 20, 0.5)
    draws = Draws(likely, 3, 1)
    in_order = [draws.at(n).tolist() for n in range(20)]
    for n in (19, 0, 7, 13, 6):
        assert Draws(likely, 3, 1).at(n).tolist() == draws.at(n).tolist() == in_order[n]
    assert [Draws(likely, 3, 2).at(n).tolist() for n in range(7)] != in_order[:7]


@pytest.mark.parametrize("balance", [-0.1, 1.1, float("nan")])
def test_a_balance_out_of_range_is_refused(balance: float) -> None:
    """One sentence says what the ends mean."""
    with pytest.raises(ConfigError, match=r"from 0 .* to 1"):
        chances([("a", "x")], balance)


def test_nothing_to_draw_is_refused() -> None:
    """No target, or none a batch."""
    for likely, batch in ((np.zeros(0), 1), (np.ones(1), 0)):
        with pytest.raises(ConfigError, match="at least one"):
            Draws(likely, batch, 0)
