"""How sure an answer is, and where to click next."""

import numpy as np
import pytest

from tests.grids import UGLY
from tests.phantoms import enlarged
from vesal.geometry import Grid, Patch
from vesal.inference.answer import Answer, Evidence
from vesal.inference.confidence import stability, suggestion
from vesal.inference.request import Request, request_of
from vesal.prompts import Click

GRIDS = {name: enlarged(grid, 20) for name, grid in UGLY.items() if min(grid.shape) > 3}


def answer(grid: Grid, logits: np.ndarray) -> Answer:
    """An answer that was seen on the image's own grid."""
    evidence = (Evidence(grid=grid, logits=logits.astype(np.float32)),)
    return Answer(mask=Patch.of(logits > 0), evidence=evidence)


def blocks(grid: Grid, sure: float, unsure: float) -> np.ndarray:
    """A block inside with a wing of another logit, and nothing around."""
    logits = np.full(grid.shape, -9.0)
    i, j, k = grid.shape
    logits[i // 4 : i // 2, j // 4 : 3 * j // 4, k // 4 : 3 * k // 4] = sure
    logits[i // 2 : 3 * i // 4, j // 4 : 3 * j // 4, k // 4 : 3 * k // 4] = unsure
    return logits


def nothing_said(grid: Grid) -> Request:
    """A request without a word."""
    return request_of([], grid)


@pytest.mark.parametrize("name", GRIDS)
def test_stability_is_the_share_that_does_not_depend_on_the_threshold(name: str) -> None:
    """All sure: 1. A wing that is unsure: what is left without it."""
    grid = GRIDS[name]
    assert stability(answer(grid, blocks(grid, 9.0, 9.0)), grid) == 1.0
    logits = blocks(grid, 9.0, 0.1)
    expected = (logits > 1).sum() / (logits > -1).sum()
    assert stability(answer(grid, logits), grid) == pytest.approx(expected)


def test_what_the_model_was_not_asked_about_has_no_stability() -> None:
    """A mask of the user's, and an empty answer."""
    grid = GRIDS["LPS"]
    assert stability(Answer(mask=Patch.of(np.ones(grid.shape, np.bool_))), grid) is None
    assert stability(answer(grid, np.full(grid.shape, -9.0)), grid) is None


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("logit", [0.2, -0.2])
def test_the_middle_of_the_unsure_part_is_suggested(name: str, logit: float) -> None:
    """With what the model rather takes it for; in the image, in the world."""
    grid = GRIDS[name]
    logits = blocks(grid, 9.0, logit)
    found = suggestion(answer(grid, logits), nothing_said(grid), grid)
    assert found is not None
    index = np.round(grid.to_index(np.array([found.point_mm]))[0]).astype(int)
    assert logits[tuple(index)] == logit
    assert found.inside == (logit > 0)


def test_what_was_said_is_not_suggested_again() -> None:
    """The place moves away from a click on it."""
    grid = GRIDS["oblique"]
    one = answer(grid, blocks(grid, 9.0, 0.2))
    first = suggestion(one, nothing_said(grid), grid)
    assert first is not None
    said = request_of([Click(point_mm=first.point_mm)], grid)
    second = suggestion(one, said, grid)
    assert second is None or second.point_mm != first.point_mm


def test_the_border_of_a_sure_mask_is_no_suggestion() -> None:
    """One voxel of doubt is at the border of any mask."""
    grid = GRIDS["LPS"]
    logits = blocks(grid, 9.0, 9.0)
    logits[grid.shape[0] // 2] = np.where(logits[grid.shape[0] // 2] > 0, 0.2, -9)
    assert suggestion(answer(grid, logits), nothing_said(grid), grid) is None
