"""Tests of the recipes that are shipped, and of changing and remembering one."""

import json
from pathlib import Path

import pytest

from tests.volumes import tiny_recipe
from vesal.errors import CheckpointError, ConfigError
from vesal.models.zoo import ZOO
from vesal.overrides import record_of
from vesal.training.fit import CHECKPOINT
from vesal.training.recipe import Recipe
from vesal.training.recipes import RECIPES
from vesal.training.train import named_recipe, of_length, train


def test_the_shipped_recipe_trains_the_shipped_model() -> None:
    """`vesal train mini` makes what the zoo calls vesal-mini."""
    recipe = RECIPES["mini"]
    assert isinstance(recipe, Recipe)
    assert recipe.model == ZOO["vesal-mini"]


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_recipe_is_asked_for_by_its_name_and_says_what_it_makes(name: str) -> None:
    """In a few words, for `vesal train --list`."""
    recipe = named_recipe(name)
    assert recipe.name == name
    assert 10 < len(recipe.about) < 90


def test_an_unknown_recipe_or_setting_is_refused() -> None:
    """With what there is."""
    with pytest.raises(ConfigError, match=r"unknown recipe 'nnunet'; known: .*mini"):
        named_recipe("nnunet")
    with pytest.raises(
        ConfigError, match=r"there is no setting 'settings\.speed'; there are steps"
    ):
        named_recipe("mini", ["settings.speed=2"])


def test_words_change_a_recipe_and_the_rest_stays() -> None:
    """Nested ones, too; nonsense is refused as when a recipe is written."""
    recipe = named_recipe("mini", ["settings.rate=2e-4", "settings.schedule.kind=cosine", "seed=4"])
    assert (recipe.settings.rate, recipe.settings.schedule.kind, recipe.seed) == (2e-4, "cosine", 4)
    assert recipe.data == RECIPES["mini"].data
    with pytest.raises(ConfigError, match="kind of a schedule"):
        named_recipe("mini", ["settings.schedule.kind=zigzag"])


def test_a_length_is_steps_or_epochs() -> None:
    """One replaces the other."""
    recipe = tiny_recipe()
    assert of_length(recipe) == recipe
    assert of_length(recipe, steps=9).settings.steps == 9
    made = of_length(recipe, epochs=2.5).settings
    assert (made.steps, made.epochs) == (0, 2.5)
    for wrong in ({"steps": 0}, {"steps": 3, "epochs": 1.0}):
        with pytest.raises(ConfigError, match="got"):
            of_length(recipe, **wrong)


def test_a_folder_keeps_its_recipe_and_refuses_another(tmp_path: Path) -> None:
    """More steps are no other recipe; another rate or seed is."""
    known = record_of(tiny_recipe(steps=900)) | {"seed": 77}
    (tmp_path / "recipe.json").write_text(json.dumps(known))
    (tmp_path / CHECKPOINT).write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"of another kind \(it differs in seed\)"):
        train(tiny_recipe(), tmp_path, cache=tmp_path)
    assert json.loads((tmp_path / "recipe.json").read_text()) == known
