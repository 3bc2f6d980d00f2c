"""Tests of vesal.checkpoints.families: every name there and back."""

import pytest

from tests.checkpoints.manifests import MANIFESTS, manifest
from vesal.checkpoints.families import CONTAINERS, canonical, foreign
from vesal.errors import CheckpointError
from vesal.models.sam_config import FAMILIES
from vesal.models.zoo import PUBLISHED


@pytest.mark.parametrize("name", MANIFESTS)
def test_names_there_and_back_are_the_familys_own(name: str) -> None:
    """Every tensor of every published model."""
    theirs = manifest(name)
    ours = canonical(theirs)
    assert len(ours) == len(theirs)
    assert foreign(PUBLISHED[name].family, ours) == theirs


def test_sam_unets_wrappers_are_gone() -> None:
    """The parts that it took from SAM have SAM's names."""
    ours = canonical(manifest("sam-unet-34"))
    sam = canonical(manifest("ft-sam"))
    assert not any("sam_" in name for name in ours)
    shared = {name for name in sam if name.startswith(("image_encoder.", "prompt_encoder."))}
    assert shared <= set(ours)


def test_two_tensors_of_one_name_are_refused() -> None:
    """A file that holds a part both ways is of no family."""
    both = {"image_encoder.pos_embed": 1, "image_encoder.sam_img_encoder.pos_embed": 2}
    with pytest.raises(CheckpointError, match=r"named image_encoder\.pos_embed"):
        canonical(both)


def test_every_family_has_a_container() -> None:
    """So that each can be written."""
    assert set(CONTAINERS) == set(FAMILIES)
