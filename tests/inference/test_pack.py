"""Axes into the model's order and back: the only place where they change."""

import numpy as np
import pytest

from vesal.inference.pack import pack_clicks, pack_image, pack_prompts, unpack_logits

SHAPES = [(6, 5, 4), (6, 5, 1), (6, 1, 5), (1, 6, 5), (6, 5), (1, 1, 5)]


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_packed_as_previous_logits_is_unpacked_the_same(shape: tuple[int, ...]) -> None:
    """The inverse, for volumes, slices along every axis, and rasters."""
    logits = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    packed = pack_clicks(np.zeros((1, len(shape))), np.array([True]), shape, logits)
    assert packed.previous is not None
    assert np.array_equal(unpack_logits(packed.previous, shape), logits)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_click_meets_its_voxel(shape: tuple[int, ...]) -> None:
    """The packed image at the packed point is the image at the point."""
    values = np.random.default_rng(1).permutation(np.prod(shape)).reshape(shape)
    values = values.astype(np.float32)
    index = tuple(n - 1 for n in shape)
    clicks = pack_clicks(np.array([index], np.float64), np.array([False]), shape, values)
    point = tuple(int(v) for v in clicks.points[0, 0])
    assert clicks.previous is not None
    assert clicks.previous[(0, 0, *point)] == values[index]
    assert clicks.labels.tolist() == [[0]]
    image = pack_image(values)
    assert image.shape == (1, 2, *clicks.previous.shape[2:])


@pytest.mark.parametrize("shape", SHAPES)
def test_axes_of_one_voxel_go_last(shape: tuple[int, ...]) -> None:
    """As across the slices of the training."""
    space = pack_image(np.zeros(shape, np.float32)).shape[2:]
    assert len(space) == 3
    thick = sum(n > 1 for n in shape)
    assert all(n > 1 for n in space[:thick])
    assert all(n == 1 for n in space[thick:])


def test_prompts_of_a_published_model_keep_the_order_of_the_axes() -> None:
    """Points, sides, box and mask as tensors of batch 1; a box may stand without a point."""
    corners, last = np.array([[1.0, 2.0], [7.0, 9.0]]), np.ones((4, 4), np.float32)
    packed = pack_prompts(np.array([[3.0, 5.0]]), np.array([True]), corners=corners, previous=last)
    assert packed.points.tolist() == [[[3, 5]]]
    assert packed.labels.tolist() == [[1]]
    assert packed.boxes is not None
    assert packed.boxes.tolist() == [corners.tolist()]
    assert packed.previous is not None
    assert packed.previous.shape == (1, 1, 4, 4)
    alone = pack_prompts(np.zeros((0, 2)), np.zeros(0, np.bool_), corners=corners)
    assert alone.points.shape == (1, 0, 2)
    assert alone.previous is None
