"""Tests of vesal.models.zoo."""

import pytest

from vesal.models.sam_config import FAMILIES, SamConfig
from vesal.models.zoo import PUBLISHED, ZOO


def test_the_shipped_model_says_what_it_can() -> None:
    """2D and 3D images, points and a mask to start from, and no score that would mean anything."""
    capabilities = ZOO["vesal-mini"].capabilities
    assert capabilities.image_ndims == (2, 3)
    assert capabilities.prompts == ("point", "mask")
    assert not capabilities.trained_score


def test_every_family_has_a_model_of_its_name() -> None:
    """So that each can be listed and asked for."""
    assert {config.family for config in PUBLISHED.values()} == set(FAMILIES)


@pytest.mark.parametrize(
    ("name", "family", "image_size", "width", "depth"),
    [
        ("sam-vit-b", "sam", 1024, 768, 12),
        ("sam-vit-l", "sam", 1024, 1024, 24),
        ("sam-vit-h", "sam", 1024, 1280, 32),
        ("medsam", "medsam", 1024, 768, 12),
        ("sam-med2d", "sam-med2d", 256, 768, 12),
        ("ft-sam", "ft-sam", 256, 768, 12),
        ("sam-med3d", "sam-med3d", 128, 768, 12),
        ("sam-med3d-turbo", "sam-med3d", 128, 768, 12),
        ("sam-unet-34", "sam-unet", 256, 768, 12),
        ("sam-unet-50", "sam-unet", 256, 768, 12),
    ],
)
def test_published_models_have_the_sizes_of_their_papers(
    name: str, family: str, image_size: int, width: int, depth: int
) -> None:
    """As the specifications list them."""
    config: SamConfig = PUBLISHED[name]
    assert (config.family, config.image_size) == (family, image_size)
    assert (config.width, config.depth, config.patch, config.window) == (width, depth, 16, 14)


def test_only_sam_med3d_has_its_quirks() -> None:
    """All other published models follow the rules of SAM's paper."""
    odd = {n for n, config in PUBLISHED.items() if config.relative_positions != "decomposed"}
    assert odd == {"sam-med3d", "sam-med3d-turbo"}
    assert {n for n, config in PUBLISHED.items() if config.adapters} == {"sam-med2d"}
