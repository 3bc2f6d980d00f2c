"""Tests of vesal.models.prompt_maps, against what is computed by hand or by SciPy."""

from itertools import product

import numpy as np
import pytest
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from torch import Tensor

from tests.networks import random_prompts, random_window
from vesal.models.prompt_maps import MAPS, click_maps, guide, nearest, values_at
from vesal.models.promptable import PADDING_LABEL

SHAPES = pytest.mark.parametrize("shape", [(7, 5, 6), (9, 8, 1), (6, 9)], ids=str)
WAY = 10.0  # the length along a way that leaves 1/e
FAR_AWAY = 1000.0


def index_grid(shape: tuple[int, ...]) -> np.ndarray:
    """All voxels, one a row, in array order."""
    return np.array(list(product(*map(range, shape))))


def way_lengths(maps: Tensor, channel: int) -> np.ndarray:
    """Lengths of ways from their map."""
    return np.asarray(-WAY * np.log(maps[0, channel].double().numpy()))


def shortest(intensities: Tensor, seeds: list[int]) -> np.ndarray:
    """Dijkstra's shortest ways from voxels given by their flat index, face to face."""
    shape = tuple(intensities.shape[2:])
    linear, ranked = (intensities[0, c].double().numpy() for c in (0, 1))
    number = np.arange(linear.size).reshape(shape)
    rows, columns, costs = [], [], []
    for axis in range(len(shape)):
        change = 20 * np.abs(np.diff(linear, axis=axis)) + 15 * np.abs(np.diff(ranked, axis=axis))
        rows.append(np.delete(number, -1, axis).ravel())
        columns.append(np.delete(number, 0, axis).ravel())
        costs.append(1 + change.ravel())
    pairs = (np.concatenate(rows), np.concatenate(columns))
    graph = coo_array((np.concatenate(costs), pairs), shape=(linear.size,) * 2)
    return np.asarray(dijkstra(graph, directed=False, indices=seeds, min_only=True)).reshape(shape)


def flat(shape: tuple[int, ...], points: Tensor) -> list[int]:
    """Flat indices of clicked voxels."""
    return [int(np.ravel_multi_index(p, shape)) for p in points.long().tolist()]


@SHAPES
def test_clicks_are_near_where_they_are(shape: tuple[int, ...]) -> None:
    """Two ranges of distance, positive clicks before negative ones."""
    prompts = random_prompts(shape, 5)
    maps = click_maps(guide(random_window(shape)), prompts.points, prompts.labels)
    assert tuple(maps.shape) == (1, MAPS, *shape)
    for channel, label in enumerate((1, 0)):
        clicked = prompts.points[0, prompts.labels[0] == label].numpy()
        squared = ((index_grid(shape)[:, None] - clicked[None]) ** 2).sum(-1).min(1).reshape(shape)
        np.testing.assert_allclose(maps[0, channel], np.exp(-squared / 2), atol=1e-6)
        np.testing.assert_allclose(maps[0, 2 + channel], np.exp(-np.sqrt(squared) / 6), atol=1e-6)


@SHAPES
def test_voxels_resemble_the_most_alike_click_in_each_intensity(shape: tuple[int, ...]) -> None:
    """Positive clicks with both intensities, then negative ones; wherever the voxels lie."""
    image, prompts = random_window(shape), random_prompts(shape, 5)
    maps = click_maps(guide(image), prompts.points, prompts.labels)
    for side, label in enumerate((1, 0)):
        clicked = prompts.points[0, prompts.labels[0] == label].long().unbind(dim=1)
        for channel in (0, 1):
            values = image[0, channel]
            unlike = (values[..., None] - values[clicked]).abs().min(dim=-1).values
            alike = maps[0, 4 + 2 * side + channel]
            torch.testing.assert_close(alike, torch.exp(-8 * unlike), rtol=1e-5, atol=1e-6)


@SHAPES
def test_a_way_through_the_same_tissue_is_as_long_as_its_steps(shape: tuple[int, ...]) -> None:
    """Where intensity does not change, steps from face to face are all that counts."""
    prompts = random_prompts(shape, 4)
    maps = click_maps(guide(torch.zeros(1, 2, *shape)), prompts.points, prompts.labels)
    for channel, label in ((8, 1), (9, 0)):
        clicked = prompts.points[0, prompts.labels[0] == label].numpy()
        steps = np.abs(index_grid(shape)[:, None] - clicked[None]).sum(-1).min(1).reshape(shape)
        np.testing.assert_allclose(way_lengths(maps, channel), steps, atol=1e-3)


@SHAPES
def test_no_way_is_shorter_than_the_shortest(shape: tuple[int, ...]) -> None:
    """Sweeps find a way, if not always the best: Dijkstra's is the bound, and often met."""
    image, prompts = random_window(shape), random_prompts(shape, 4)
    image[:, :, 2:5] *= 0.1  # tissue with little change
    maps = click_maps(guide(image), prompts.points, prompts.labels)
    for channel, label in ((8, 1), (9, 0)):
        best = shortest(image, flat(shape, prompts.points[0, prompts.labels[0] == label]))
        found = way_lengths(maps, channel)
        assert (found >= best - 1e-2).all()
        assert np.isclose(found, best, atol=1e-2).mean() > 0.3  # in noise, the hardest tissue
        assert np.mean(found / np.maximum(best, 1)) < 1.2


def test_the_guide_ends_with_the_way_from_the_faces_of_the_window() -> None:
    """The intensities come first, untouched; an axis of one voxel has no faces."""
    for shape in ((7, 5, 6), (9, 8, 1)):
        image = random_window(shape)
        guided = guide(image)
        assert torch.equal(guided[:, :2], image)
        voxels = index_grid(shape)
        thick = [n > 1 for n in shape]
        outer = ((voxels == 0) | (voxels == np.array(shape) - 1))[:, thick].any(axis=1)
        assert not guided[0, 2].reshape(-1)[torch.from_numpy(outer)].any()
        best = shortest(image, np.flatnonzero(outer).tolist())
        assert (guided[0, 2].numpy() >= best - 1e-3).all()
        plain = guide(torch.ones(1, 2, *shape))[0, 2].numpy()
        depth = np.minimum(voxels, np.array(shape) - 1 - voxels)[:, thick].min(axis=1)
        np.testing.assert_array_equal(plain.reshape(-1), depth)


def test_a_wall_is_walked_around() -> None:
    """Behind an edge it is far, although it is near in space; round its end it is nearer."""
    image = torch.zeros(1, 2, 9, 9)
    image[:, :, 4, :7] = 1  # a wall with a gap at the end
    point, label = torch.tensor([[[2.0, 1.0]]]), torch.tensor([[1]])
    lengths = way_lengths(click_maps(guide(image), point, label), 8)
    assert lengths[6, 1] == pytest.approx(4 + 2 * 6, abs=1e-3)  # down 4, across to the gap and back
    assert lengths[4, 1] > lengths[6, 1]  # in the wall itself
    assert lengths[0, 3] == pytest.approx(4, abs=1e-3)


def test_who_is_there_first_is_said_by_the_sign() -> None:
    """Above 0 nearer to a positive click, below nearer to a negative one, 0 between them."""
    points = torch.tensor([[[4.0, 1.0], [4.0, 7.0]]])
    maps = click_maps(guide(torch.zeros(1, 2, 9, 9)), points, torch.tensor([[1, 0]]))
    between = maps[0, 11]
    assert (between[:, :4] > 0).all()
    assert (between[:, 5:] < 0).all()
    assert not between[:, 4].any()
    against_faces = maps[0, 12]
    assert against_faces[4, 1] > 0
    assert against_faces[0, 0] < 0


def test_a_side_without_clicks_is_felt_nowhere() -> None:
    """No click, or only padding: nothing near, nothing alike, no way; maps stay within -1 and 1."""
    shape = (7, 5, 6)
    guided = guide(random_window(shape))
    point = torch.tensor([[[3.0, 2.0, 1.0]]])
    maps = click_maps(guided, point, torch.tensor([[1]]))
    assert maps[0, [1, 3, 6, 7, 9]].max() < 1e-6
    assert (maps[0, 11] > 0.999).all()
    nothing = click_maps(guided, point, torch.tensor([[PADDING_LABEL]]))
    assert nothing[0, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]].max() < 1e-6
    for each in (maps, nothing):
        assert torch.isfinite(each).all()
        assert each.abs().max() <= 1


def test_padding_and_order_change_no_way() -> None:
    """A padding click on a clicked voxel does not undo it."""
    shape = (7, 5, 6)
    guided, prompts = guide(random_window(shape)), random_prompts(shape, 3)
    maps = click_maps(guided, prompts.points, prompts.labels)
    padding = torch.full((1, 1), PADDING_LABEL)
    for order in ([3, 0, 1, 2], [0, 2, 1, 3]):
        points = torch.cat([prompts.points, prompts.points[:, :1]], dim=1)[:, order]
        labels = torch.cat([prompts.labels, padding], dim=1)[:, order]
        torch.testing.assert_close(click_maps(guided, points, labels), maps, rtol=0, atol=1e-6)


@SHAPES
def test_values_are_those_of_the_nearest_voxel(shape: tuple[int, ...]) -> None:
    """Between voxels the nearer one, outside the nearest one inside."""
    x = random_window(shape, batch=2)
    rng = np.random.default_rng(0)
    points = rng.uniform(-3, np.array(shape) + 2, (2, 20, len(shape))).astype(np.float32)
    index = np.clip(np.round(points), 0, np.array(shape) - 1).astype(int)
    found = values_at(x, torch.from_numpy(points))
    for batch in range(2):
        for click in range(20):
            assert torch.equal(found[batch, click], x[(batch, slice(None), *index[batch, click])])


def test_the_nearest_of_each_side_is_taken_channel_by_channel() -> None:
    """Each image of a batch has its own labels."""
    distances = [torch.full((2, 2, 3), value) for value in (4.0, 1.0, 2.0)]
    distances[2][:, 1] = 0.5
    labels = torch.tensor([[1, 0, 0], [0, 1, PADDING_LABEL]])
    found = nearest(distances, labels)
    assert found[0, :, 0].tolist() == [4.0, 4.0, 1.0, 0.5]
    assert found[1, :, 0].tolist() == [1.0, 1.0, 4.0, 4.0]
    assert (nearest(distances, torch.full((2, 3), PADDING_LABEL)) > FAR_AWAY).all()
