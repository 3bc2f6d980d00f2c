"""Prompts that lie outside or contradict each other are refused before a model is asked."""

import numpy as np
import pytest

from tests.session.small import GRID, PLACES, at
from vesal.errors import PromptError
from vesal.geometry import Patch
from vesal.prompts import Box, Click, Lasso, MaskPrompt, Prompt, Scribble
from vesal.session.check import check_prompts

BALL = Click(point_mm=at(*PLACES[0]))
FAR = tuple(1000.0 + v for v in at(0, 0, 0))


def around(*voxel: int) -> np.ndarray:
    """A mask of a few voxels round one."""
    mask = np.zeros(GRID.shape, np.bool_)
    mask[tuple(slice(i - 1, i + 2) for i in voxel)] = True
    return mask


OUT = MaskPrompt(patch=Patch.of(around(*PLACES[0])), positive=False)


@pytest.mark.parametrize(
    ("prompts", "message"),
    [
        ([], "nothing says yet what to segment"),
        ([Click(point_mm=at(3, 3, 3), positive=False)], "nothing says yet what to segment"),
        ([Click(point_mm=(1, 2))], "a click on a 3D image needs 3 coordinates, got 2"),
        ([Click(point_mm=FAR)], "mm outside the image, which spans x"),
        ([Scribble(points_mm=(at(2, 2, 2), FAR))], "mm outside the image"),
        ([Scribble(points_mm=((1, 2),))], "a scribble on a 3D image needs 3"),
        ([Lasso(outline_mm=((0, 0), (1, 0), (1, 1)))], "a lasso on a 3D image needs 3"),
        ([Box(low_mm=(0, 0), high_mm=(1, 1))], "a box corner on a 3D image needs 3"),
        ([Box(low_mm=FAR, high_mm=tuple(v + 9 for v in FAR))], "holds no voxel of the image"),
        ([MaskPrompt(patch=Patch.of(np.ones((2, 2, 2), np.bool_)))], "the image's shape"),
        ([BALL, Click(point_mm=at(*PLACES[0]), positive=False)], "both as inside and as outside"),
        ([BALL, Box.of_voxels(GRID, (0, 0, 0), (3, 3, 3))], "lies outside the box"),
        ([BALL, OUT], "where the object must stay out"),
        (
            [BALL, Box.of_voxels(GRID, (7, 7, 3), (9, 9, 5), positive=False)],
            "where the object must stay out",
        ),
    ],
)
def test_what_cannot_be_answered_is_refused_in_one_sentence(
    prompts: list[Prompt], message: str
) -> None:
    """What is wrong, and with which numbers."""
    with pytest.raises(PromptError, match=message) as refused:
        check_prompts(prompts, GRID)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "prompts",
    [
        [BALL],
        [OUT],
        [BALL, Box.of_voxels(GRID, (7, 7, 3), (9, 9, 5))],
        [BALL, Box.of_voxels(GRID, (20, 10, 9), (25, 15, 9))],
        [
            BALL,
            Box.of_voxels(GRID, (0, 0, 0), (3, 3, 3)),
            Box.of_voxels(GRID, (7, 7, 3), (9, 9, 5)),
        ],
        [MaskPrompt(patch=OUT.patch), Click(point_mm=at(1, 1, 1), positive=False)],
        [Scribble(points_mm=(at(2, 2, 2), at(5, 6, 7)))],
    ],
)
def test_what_can_be_answered_passes(prompts: list[Prompt]) -> None:
    """A box on another slice says nothing of the click; only the newest box counts."""
    check_prompts(prompts, GRID)
