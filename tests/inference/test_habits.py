"""The habits of the published 2D models."""

from vesal.inference.habits import HABITS
from vesal.models.sam_config import FAMILIES


def test_every_family_of_2d_models_has_habits() -> None:
    """And no other one."""
    assert set(HABITS) == set(FAMILIES) - {"sam-med3d"}


def test_only_families_trained_on_masks_are_given_any() -> None:
    """What their weights were trained for, and what they get, agree."""
    for family, habits in HABITS.items():
        assert (habits.previous != "none") == ("mask" in FAMILIES[family].prompts)
