"""Tests of vesal.models.zoo."""

from vesal.models.zoo import ZOO


def test_the_shipped_model_says_what_it_can() -> None:
    """2D and 3D images, points and a mask to start from, and no score that would mean anything."""
    capabilities = ZOO["vesal-mini"].capabilities
    assert capabilities.image_ndims == (2, 3)
    assert capabilities.prompts == ("point", "mask")
    assert not capabilities.trained_score
