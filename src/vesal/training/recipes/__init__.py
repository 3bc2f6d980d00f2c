"""The recipes, by name."""

from vesal.training.recipe import Recipe
from vesal.training.recipes.mini import RECIPE as MINI

RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in (MINI,)}
