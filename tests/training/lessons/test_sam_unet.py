"""Tests of vesal.training.lessons.sam_unet: what learns beside the frozen ViT."""

from collections.abc import Callable

import pytest

from tests.training.lessons.classroom import frozen
from vesal.errors import ConfigError
from vesal.training.lessons.sam_unet import SamUNet


def test_the_encoder_of_sam_unet_is_frozen_and_its_branch_is_not() -> None:
    """And with boxes alone, what clicks and masks need, as the reference leaves it."""
    keys = frozen("SAM-UNet")
    assert all(key.startswith(("image_encoder.", "prompt_encoder.")) for key in keys)
    dead = {key for key in keys if key.startswith("prompt_encoder.")}
    words = ("point_embeddings.0", "point_embeddings.1", "not_a_point", "mask_downscaling")
    assert all(any(word in key for word in words) for key in dead)
    assert len(dead) == 13  # tensors; sam_unet/train_step_res34.json
    assert not any(
        "prompt_encoder" in k for k in frozen("SAM-UNet, all prompts") if "not_a" not in k
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SamUNet(mask_rounds=-1), "mask_rounds must be at least 0"),
        (lambda: SamUNet(point_share=2.0), "point_share of a lesson"),
        (lambda: SamUNet(checkpointing=True), "needs frozen_statistics"),
    ],
)
def test_what_cannot_be_taught_is_an_error(make: Callable[[], object], message: str) -> None:
    """One sentence each."""
    with pytest.raises(ConfigError, match=message):
        make()
