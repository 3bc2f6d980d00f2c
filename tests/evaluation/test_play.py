"""Tests of vesal.evaluation.play, with painters."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.evaluation.painter import Blind, Painter
from tests.grids import UGLY
from tests.phantoms import enlarged
from vesal.datasets.opened import Opened, Target
from vesal.datasets.pair import Pair
from vesal.evaluation.item import items_of
from vesal.evaluation.methods.ball import ball
from vesal.evaluation.metrics import dice
from vesal.evaluation.play import about_item, play, start_row
from vesal.evaluation.protocols.named import protocol_named
from vesal.evaluation.protocols.protocol import Variant
from vesal.evaluation.protocols.rules import error_anywhere, error_centre, largest_piece_box
from vesal.evaluation.results import Played
from vesal.evaluation.user import clicked
from vesal.geometry.patch import Patch
from vesal.images import Image

GRID = enlarged(UGLY["oblique permuted"], 14)
CENTRE = tuple(n // 2 for n in GRID.shape)
TRUTH = ball(GRID, CENTRE, 9.0)
IMAGE = Image(array=np.random.default_rng(0).random(GRID.shape), grid=GRID)
OPENED = Opened(
    pair=Pair(name="case", image=Path("case.nii.gz")),
    image=IMAGE,
    targets=(Target(name="ball", patch=Patch.of(TRUTH)),),
)
START = start_row(OPENED.pair, "painter")
CENTRES = Variant(name="error centre", click=error_centre, clicks=4)


def played(method: object, variant: Variant = CENTRES, case: str = "case") -> Played:
    """What comes of the ball."""
    (item,) = items_of(OPENED, variant.view)
    start = replace(about_item(START, item, variant.name), case=case)
    return play(method, item, variant, protocol_named("clicks"), start)  # type: ignore[arg-type]


def test_each_round_has_a_row_with_what_was_said_and_how_good_it_is() -> None:
    """Clicks are in the error of the mask before; Dice is of the mask after."""
    found = played(Painter(4.0))
    assert [row.round for row in found.rows] == [1, 2, 3, 4]
    assert [row.clicks for row in found.rows] == [1, 2, 3, 4]
    mask = np.zeros(GRID.shape, np.bool_)
    for row in found.rows:
        placed = clicked(row.prompt)
        assert placed is not None
        voxel, positive = placed
        assert TRUTH[voxel] == positive
        assert mask[voxel] != positive
        brush = ball(GRID, voxel, 4.0)
        mask = mask | brush if positive else mask & ~brush
        assert row.dice == dice(mask, TRUTH)
        assert row.voxels == mask.sum()
        assert row.truth_ml is not None
        assert row.volume_ml == pytest.approx(mask.sum() * GRID.voxel_volume_mm3 / 1000)
        assert row.stability == 0.5
        assert row.seconds >= 0
        assert (row.memory_mib or 0) > 10
    assert found.mask == Patch.of(mask)
    first = found.rows[0]
    assert (first.object, first.truth_voxels, first.cut_off) == ("ball", TRUTH.sum(), False)


def test_surfaces_are_measured_where_they_are_reported() -> None:
    """After 1 and 3 clicks, not after 2 and 4: they take most of the time."""
    assert [row.nsd is not None for row in played(Painter()).rows] == [True, False, True, False]
    assert [row.hd95_mm is not None for row in played(Painter()).rows] == [True, False, True, False]


def test_a_user_stops_where_nothing_is_wrong() -> None:
    """A painter whose brush is the object needs one click."""
    found = played(Painter(9.0))
    assert [row.dice for row in found.rows] == [1.0]


def test_a_box_comes_before_the_first_click() -> None:
    """Round 0, no click yet; the box holds the object."""
    variant = Variant(name="box", first=largest_piece_box, click=error_centre, clicks=2)
    rows = played(Painter(), variant).rows
    assert [(row.round, row.clicks) for row in rows] == [(0, 0), (1, 1), (2, 2)]
    assert rows[0].prompt == "box"
    assert rows[0].nsd is not None
    assert rows[0].voxels >= TRUTH.sum()


@pytest.mark.parametrize("fails_at", [1, 2, 4])
def test_a_method_that_fails_has_found_nothing_from_there_on(fails_at: int) -> None:
    """What it found before stays in its row; the error is in the last one, with Dice 0."""
    found = played(Painter(4.0, fails_at))
    assert [row.round for row in found.rows] == list(range(1, fails_at + 1))
    *before, last = found.rows
    assert all(row.status == "done" and row.dice > 0 for row in before)
    assert (last.status, last.dice, last.voxels) == ("failed", 0.0, 0)
    assert last.message == "RuntimeError: the brush is broken"
    assert found.mask.is_empty
    assert last.clicks == fails_at - 1


def test_a_method_that_cannot_look_at_an_image_has_found_nothing() -> None:
    """One row for the object, with the method's own sentence."""
    (row,) = played(Blind()).rows
    assert (row.status, row.dice, row.round) == ("failed", 0.0, 1)
    assert row.message == "the image cannot be seen"


def test_all_methods_meet_the_same_user() -> None:
    """Draws follow from case, object and variant; another case has other draws."""
    variant = Variant(name="anywhere", click=error_anywhere, clicks=1)
    first = played(Painter(4.0), variant).rows[0].prompt
    assert played(Painter(2.0), variant).rows[0].prompt == first
    assert {played(Painter(4.0), variant, f"case {n}").rows[0].prompt for n in range(5)} != {first}


def test_masks_of_a_cube_are_scored_on_the_native_grid() -> None:
    """Its clicks are voxels of the cube, its scores and its last mask are the image's."""
    variant = Variant(name="cut", click=error_centre, clicks=1, view="label cube")
    found = played(Painter(9.0), variant)
    placed = clicked(found.rows[0].prompt)
    assert placed is not None
    assert np.abs(np.array(placed[0]) - 64).max() <= 2
    assert found.mask.whole == GRID.shape
    assert found.rows[0].dice > 0.85  # steps of 1.5 mm, by the nearest voxel
