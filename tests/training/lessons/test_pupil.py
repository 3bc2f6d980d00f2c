"""Tests of vesal.training.lessons.pupil."""

import pytest

from tests.networks import random_network, tiny_config
from tests.training.lessons.pupils import pupil
from vesal.errors import ConfigError
from vesal.training.lessons.pupil import segmenter_of


def test_a_model_of_the_family_is_taken_as_it_is() -> None:
    """The same object."""
    model = pupil("ft-sam")
    assert segmenter_of(model, "SAM-Med2D", ("sam-med2d", "ft-sam")) is model


def test_another_model_is_an_error_that_names_both() -> None:
    """In one sentence."""
    with pytest.raises(ConfigError, match="SAM-Med3D lesson teaches models of sam-med3d, got one"):
        segmenter_of(pupil("sam"), "SAM-Med3D", ("sam-med3d",))
    with pytest.raises(ConfigError, match="teaches SAM and its kin, got a PromptableUNet"):
        segmenter_of(random_network(tiny_config()), "SAM-Med3D", ("sam-med3d",))
