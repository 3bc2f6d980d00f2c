"""Tests of vesal.export.halves: the names that clients know."""

import pytest
import torch

from tests.export.tiny import FAMILIES, tiny
from vesal.errors import ConfigError
from vesal.export.graph import Asked
from vesal.export.halves import halves, scored

PROMPTS = ("point_coords", "point_labels", "mask_input", "has_mask_input")
SCORED = {"sam", "sam-med2d", "ft-sam"}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_decoder_takes_what_the_encoder_gives(family: str) -> None:
    """Under the same names, and of the shapes that random arguments have."""
    encoder, decoder = halves(tiny(family))
    asked, generator = Asked(sets=1, points=2), torch.Generator().manual_seed(0)
    levels = encoder.run(encoder.random(asked, generator))
    given = decoder.named(decoder.random(asked, generator))
    assert encoder.inputs == ("input_image",)
    assert decoder.inputs[: len(levels)] == encoder.outputs
    for name, level in zip(encoder.outputs, levels, strict=True):
        assert given[name].shape == level.shape


@pytest.mark.parametrize("family", FAMILIES)
def test_names_are_those_of_sams_own_decoder(family: str) -> None:
    """Scores only where they were trained, the picture's size only where there is a picture."""
    _, decoder = halves(tiny(family))
    inputs = tuple(name for name in decoder.inputs if name in (*PROMPTS, "orig_im_size"))
    flat = family not in ("sam-med3d", "vesal-mini")
    assert inputs == (*PROMPTS, "orig_im_size") if flat else PROMPTS
    assert ("iou_predictions" in decoder.outputs) == (family in SCORED) == scored(tiny(family))
    assert decoder.outputs[0] == "masks"


@pytest.mark.parametrize("family", ["medsam", "sam-unet", "sam-med3d", "vesal-mini"])
def test_a_choice_between_one_mask_is_refused(family: str) -> None:
    """These give one anyway."""
    with pytest.raises(ConfigError, match="gives one mask anyway"):
        halves(tiny(family), single_mask=True)
