"""Tests of vesal.inference.edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from vesal.inference.edges import drawn_to_edges


def halves(shape: tuple[int, ...]) -> np.ndarray:
    """Dark up to the middle of the first axis, bright from there on."""
    image = np.zeros(shape, np.float32)
    image[shape[0] // 2 :] = 1
    return image


@pytest.mark.parametrize("shape", [(16, 12, 10), (16, 12), (16, 12, 1), (1, 1, 16)])
def test_an_answer_that_ends_beside_an_edge_is_drawn_to_it(shape: tuple[int, ...]) -> None:
    """By two voxels, in 3D, 2D and slices; the border of the image itself is none."""
    long = int(np.argmax(shape))
    image = np.moveaxis(halves((16, *(n for a, n in enumerate(shape) if a != long))), 0, long)
    logits = np.full(shape, -3.0, np.float32)
    np.moveaxis(logits, long, 0)[10:] = 3
    drawn = drawn_to_edges(logits, image, [])
    np.testing.assert_array_equal(drawn > 0, image > 0.5)


def test_a_click_speaks_for_what_looks_alike_around_it() -> None:
    """The nearer the more, and not for what lies beyond an edge."""
    image = halves((20, 20, 20))
    logits = np.full(image.shape, -0.4, np.float32)
    gained = drawn_to_edges(logits, image, [((11, 10, 10), True)]) - logits
    assert gained[11, 10, 10] > gained[12, 10, 10] > gained[14, 10, 10] > 0.01
    assert gained[12, 10, 10] > 0.3
    assert np.abs(gained[:10]).max() < 0.02


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 999), scale=st.floats(1e-3, 1e4), shift=st.floats(-9, 9))
def test_units_of_the_image_do_not_matter(seed: int, scale: float, shift: float) -> None:
    """Nor does its zero; all is finite."""
    rng = np.random.default_rng(seed)
    image = ndimage.gaussian_filter(rng.standard_normal((9, 8, 7)), 1)
    logits = rng.normal(0, 4, image.shape).astype(np.float32)
    one = drawn_to_edges(logits, image.astype(np.float32), [((4, 4, 3), False)])
    two = drawn_to_edges(logits, (scale * (image + shift)).astype(np.float32), [((4, 4, 3), False)])
    assert np.isfinite(one).all()
    np.testing.assert_allclose(one, two, atol=0.1)
    assert one[4, 4, 3] < 0


def test_an_image_without_contrast_smooths_and_keeps_what_is_sure() -> None:
    """No division by its deviation of zero."""
    logits = np.full((8, 8, 8), 6.0, np.float32)
    drawn = drawn_to_edges(logits, np.full((8, 8, 8), -1000, np.float32), [])
    np.testing.assert_allclose(drawn, 6.0, atol=0.2)
