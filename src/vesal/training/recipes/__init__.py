"""The recipes, by name."""

from vesal.training.automatic_recipe import AutomaticRecipe
from vesal.training.recipe import Recipe
from vesal.training.recipes import (
    automatic,
    ft_sam,
    mini,
    sam_decoder,
    sam_med2d,
    sam_med3d,
    sam_unet,
)

_ALL = (
    mini.RECIPE,
    sam_med3d.RECIPE_1,
    sam_med3d.RECIPE_2,
    sam_med3d.RECIPE_TUNED,
    sam_med2d.RECIPE,
    ft_sam.RECIPE,
    sam_unet.RECIPE,
    sam_decoder.RECIPE,
    automatic.MINI,
    automatic.SAM_MED3D,
)

RECIPES: dict[str, Recipe | AutomaticRecipe] = {recipe.name: recipe for recipe in _ALL}
