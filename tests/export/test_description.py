"""Tests of vesal.export.description: what a file says of itself."""

import pytest

from tests.export.tiny import FAMILIES, ORIGIN, tiny
from vesal.export.description import described
from vesal.export.halves import halves
from vesal.models.config import from_json


@pytest.mark.parametrize("family", FAMILIES)
def test_a_file_says_how_it_is_used(family: str) -> None:
    """Family, config, sizes, licence; the decoder how its prompts are to be given."""
    config = tiny(family).config
    encoder, decoder = (described(half, config, ORIGIN) for half in halves(tiny(family)))
    for facts, role in ((encoder, "encoder"), (decoder, "decoder")):
        assert facts["vesal.family"] == config.family
        assert from_json(facts["vesal.config"]) == config
        assert facts["vesal.role"] == role
        assert ORIGIN.licence in facts["vesal.licence"]
        assert facts["vesal.weights_sha256"] == ORIGIN.sha256
    size = config.window if family == "vesal-mini" else getattr(config, "image_size", 0)
    assert ("longest side" if family in ("sam", "sam-unet") else str(size)) in encoder[
        "vesal.image"
    ]
    assert {"vesal.points", "vesal.mask_input", "vesal.masks"} <= set(decoder)


def test_what_a_mask_prompt_holds_is_told_by_family() -> None:
    """Logits, their sigmoid, or nothing that was trained."""
    told = {
        family: described(halves(tiny(family))[1], tiny(family).config, ORIGIN)["vesal.mask_input"]
        for family in ("sam", "sam-med2d", "medsam", "sam-med3d", "vesal-mini")
    }
    assert told["sam"].startswith("low_res_masks")
    assert told["sam-med2d"].startswith("the sigmoid")
    assert told["medsam"].startswith("not trained")
    assert "newest point alone" in told["sam-med3d"]
    assert told["vesal-mini"].startswith("masks")
