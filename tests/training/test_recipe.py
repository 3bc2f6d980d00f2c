"""Tests of vesal.training.recipe and of the recipes that are shipped."""

import pytest

from tests.volumes import tiny_recipe
from vesal.errors import ConfigError
from vesal.models.zoo import ZOO
from vesal.training.recipes import RECIPES


@pytest.mark.parametrize(
    "change",
    [
        {"steps": 0},
        {"volume_windows": 0},
        {"slice_windows": -1},
        {"slice_every": 0},
        {"targets": 0},
        {"warmup_steps": 0},
        {"validate_every": 0},
        {"hint_share": 1.5},
        {"synthetic_share": -0.1},
        {"averaging": 2.0},
        {"decay_share": 0.0},
        {"decay_share": float("nan")},
        {"rounds": ()},
        {"rounds": (1, 0)},
        {"volume_side": 20},
        {"volume_side": 0},
        {"slice_side": 25},
    ],
    ids=str,
)
def test_a_recipe_that_cannot_run_is_refused_before_it_starts(change: dict[str, object]) -> None:
    """In one sentence, with what was given: not hours later by a division."""
    with pytest.raises(ConfigError, match="got"):
        tiny_recipe(**change)


def test_the_shipped_recipe_trains_the_shipped_model() -> None:
    """`vesal train mini` makes what the zoo calls vesal-mini."""
    assert RECIPES["mini"].model == ZOO["vesal-mini"]
    assert all(name == recipe.name for name, recipe in RECIPES.items())
