"""Tests of vesal.training.lessons.user: what is said of the targets of a batch."""

import numpy as np
import pytest
import torch

from vesal.prompts.simulate_boxes import component_boxes
from vesal.training.lessons.user import (
    in_numpy,
    nothing_said,
    together,
    told,
    with_boxes,
    with_error_clicks,
    with_first_clicks,
)

SHAPES = ((12, 9), (7, 8, 9))


def blocks(shape: tuple[int, ...]) -> list[np.ndarray]:
    """A block in a corner, one in the middle, nothing, everything."""
    masks = [np.zeros(shape, np.bool_) for _ in range(3)]
    masks[0][tuple(slice(0, 3) for _ in shape)] = True
    masks[1][tuple(slice(2, 6) for _ in shape)] = True
    return [*masks, np.ones(shape, np.bool_)]


def at(mask: np.ndarray, point: torch.Tensor) -> bool:
    """Whether a mask has a voxel."""
    return bool(mask[tuple(int(i) for i in point)])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(3))
def test_first_clicks_are_inside_or_say_that_they_are_not(
    shape: tuple[int, ...], seed: int
) -> None:
    """Of nothing they are outside."""
    masks = blocks(shape)
    said = with_first_clicks(masks, 1, np.random.default_rng(seed))
    assert said.points.shape == (4, 1, len(shape))
    assert said.labels[:, 0].tolist() == [1, 1, 0, 1]
    assert [at(m, p[0]) for m, p in zip(masks, said.points, strict=True)] == [1, 1, 0, 1]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("count", [1, 5])
def test_error_clicks_are_in_the_error_of_their_own_target(
    shape: tuple[int, ...], count: int
) -> None:
    """Positive where something is missed; padding where all is right."""
    masks = blocks(shape)
    guesses = [masks[1], masks[1], masks[0], ~masks[1]]
    said = with_error_clicks(masks, guesses, count, np.random.default_rng(0))
    assert said.points.shape == (4, count, len(shape))
    assert (said.labels[1] == -1).all()
    for row in (0, 2, 3):
        for point, label in zip(said.points[row], said.labels[row], strict=True):
            assert at(masks[row] ^ guesses[row], point)
            assert at(masks[row], point) == bool(label)
    assert (said.labels[2] == 0).all()
    assert (said.labels[3] == 1).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_boxes_lie_round_each_target_and_shift_without_a_change_of_size(
    shape: tuple[int, ...],
) -> None:
    """The second corner is one past; nothing has the box of the window."""
    masks = blocks(shape)
    still = with_boxes(masks, np.random.default_rng(0), shifted=False).boxes
    assert still is not None
    for row in (0, 1, 3):
        assert still[row].tolist() == [list(corner) for corner in component_boxes(masks[row])[0]]
    assert still[2].tolist() == [[0] * len(shape), list(shape)]
    moves = set()
    for seed in range(20):
        moved = with_boxes(masks, np.random.default_rng(seed), shifted=True).boxes
        assert moved is not None
        assert torch.equal(moved[:, 1] - moved[:, 0], still[:, 1] - still[:, 0])
        assert torch.equal(moved[2], still[2])
        moves |= set((moved - still)[1].flatten().int().tolist())
    assert moves == {-2, -1, 0, 1}  # half of a side of 4, and one less the other way


def test_what_was_said_stays_with_new_clicks() -> None:
    """The box, too; nothing said is no token."""
    masks = blocks((12, 9))
    rng = np.random.default_rng(0)
    box = with_boxes(masks, rng, shifted=True)
    clicks = with_first_clicks(masks, 2, rng)
    both = together(together(box, clicks), clicks)
    assert both.boxes is box.boxes
    assert torch.equal(both.points, torch.cat([clicks.points, clicks.points], dim=1))
    assert torch.equal(both.labels, torch.cat([clicks.labels, clicks.labels], dim=1))
    previous = torch.ones(4, 1, 3, 3)
    heard = told(nothing_said(4, 2), previous, torch.device("cpu"))
    assert heard.points.shape == (4, 0, 2)
    assert heard.boxes is None
    assert heard.previous is previous


def test_masks_in_numpy_are_what_is_above_zero() -> None:
    """One array a target."""
    logits = torch.tensor([-1.0, 0.0, 0.5, 2.0]).view(2, 1, 2)
    assert [mask.tolist() for mask in in_numpy(logits)] == [[False, False], [True, True]]
