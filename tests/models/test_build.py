"""Tests of vesal.models.build."""

import pytest

from tests.checkpoints.files import CHANGES, small
from tests.networks import tiny_config
from vesal.models.build import build
from vesal.models.promptable import Promptable
from vesal.models.promptable_unet import PromptableUNet
from vesal.models.segmenter import Segmenter


@pytest.mark.parametrize("family", sorted(CHANGES))
def test_a_published_familys_config_builds_a_segmenter(family: str) -> None:
    """Which keeps it."""
    model = build(small(family))
    assert isinstance(model, Segmenter)
    assert isinstance(model, Promptable)
    assert model.config == small(family)


def test_our_own_config_builds_our_own_network() -> None:
    """Which keeps it, too."""
    model = build(tiny_config())
    assert isinstance(model, PromptableUNet)
    assert isinstance(model, Promptable)
    assert model.config == tiny_config()
