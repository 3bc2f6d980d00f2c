"""Tests of vesal.evaluation.score."""

import math

import numpy as np
import pytest

from tests.evaluation.pairs import AWKWARD
from tests.grids import RASTERS, UGLY, speckle
from vesal.errors import ConfigError, GeometryError
from vesal.evaluation.distance import assd_mm, hd95_mm
from vesal.evaluation.metrics import dice, iou, volume_error
from vesal.evaluation.score import measured
from vesal.evaluation.surface import surface_dice
from vesal.geometry import Grid


@pytest.mark.parametrize("grid", [*UGLY.values(), *RASTERS.values()], ids=[*UGLY, *RASTERS])
def test_a_score_holds_each_metric_on_the_whole_grid(grid: Grid) -> None:
    """Nothing changes by looking at the part with both masks only."""
    mask, truth = speckle(grid.shape, 1), speckle(grid.shape, 2)
    mask[:2], truth[-2:] = False, False
    score = measured(mask, truth, grid, tolerance_mm=0.9)
    assert (score.dice, score.iou) == (dice(mask, truth), iou(mask, truth))
    assert score.volume_error == volume_error(mask, truth)
    assert (score.voxels, score.truth_voxels) == (mask.sum(), truth.sum())
    assert score.nsd == pytest.approx(surface_dice(mask, truth, grid.spacing_mm, 0.9), abs=1e-12)
    assert score.hd95_mm == pytest.approx(hd95_mm(mask, truth, grid.spacing_mm), abs=1e-9)
    assert score.assd_mm == pytest.approx(assd_mm(mask, truth, grid.spacing_mm), abs=1e-9)


def test_surfaces_can_be_left_out() -> None:
    """They take the time; the counts stay the same."""
    mask, truth, spacing = AWKWARD["nested shells"]
    grid = Grid(shape=mask.shape, affine=np.diag([*spacing, 1.0]))
    whole, part = measured(mask, truth, grid), measured(mask, truth, grid, surfaces=False)
    assert (part.nsd, part.hd95_mm, part.assd_mm) == (None, None, None)
    assert (part.dice, part.iou, part.volume_error) == (whole.dice, whole.iou, whole.volume_error)
    assert whole.nsd is not None


def test_empty_masks_have_a_score() -> None:
    """Two agree in everything, one in nothing."""
    grid = UGLY["oblique"]
    empty, full = np.zeros(grid.shape, np.bool_), np.ones(grid.shape, np.bool_)
    score = measured(empty, empty, grid)
    assert (score.dice, score.iou, score.nsd) == (1, 1, 1)
    assert (score.hd95_mm, score.assd_mm, score.volume_error, score.voxels) == (0, 0, 0, 0)
    for mask, truth, error in ((empty, full, -1.0), (full, empty, math.inf)):
        score = measured(mask, truth, grid)
        assert (score.dice, score.iou, score.nsd) == (0, 0, 0)
        assert (score.hd95_mm, score.assd_mm) == (math.inf, math.inf)
        assert score.volume_error == error


def test_masks_of_another_grid_and_tolerances_below_0_are_refused() -> None:
    """One sentence for each."""
    grid = UGLY["LPS"]
    other, fitting = np.ones((2, 2, 2), np.bool_), np.ones(grid.shape, np.bool_)
    with pytest.raises(GeometryError, match=r"need the grid's shape \(9, 8, 7\), got \(2, 2, 2\)"):
        measured(other, other, grid)
    with pytest.raises(ConfigError, match="0 mm or more"):
        measured(fitting, fitting, grid, tolerance_mm=-1.0)
