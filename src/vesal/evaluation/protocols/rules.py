"""What simulated users do, in the words of `vesal.prompts.simulate`."""

from vesal.evaluation.user import Said, Sight, said_click
from vesal.geometry.grid import Grid
from vesal.prompts import Box
from vesal.prompts.simulate import error_click, random_error_clicks, ritm_click
from vesal.prompts.simulate_boxes import IndexBox, component_boxes


def error_centre(sight: Sight) -> Said | None:
    """A click where the error is deepest, by distance to its border in mm."""
    placed = error_click(sight.truth, sight.mask, sight.grid.spacing_mm)
    return None if placed is None else said_click(placed, sight.grid)


def error_anywhere(sight: Sight) -> Said | None:
    """A click on any voxel that is wrong, each equally likely; the first one is in the object."""
    placed = random_error_clicks(sight.truth, sight.mask, 1, sight.rng)
    return said_click(placed[0], sight.grid) if placed else None


def error_core(sight: Sight) -> Said | None:
    """A click anywhere in the inner half of the deeper kind of error (RITM)."""
    placed = ritm_click(sight.truth, sight.mask, sight.rng)
    return None if placed is None else said_click(placed, sight.grid)


def largest_piece_box(sight: Sight) -> Said | None:
    """The box of the largest piece of the object, as it is (SAM-Med2D, SAM-UNet)."""
    boxes = component_boxes(sight.truth)
    return said_box(boxes[0], sight.grid) if boxes else None


def said_box(box: IndexBox, grid: Grid) -> Said:
    """A box of voxels along the grid's own axes."""
    low, high = box
    last = tuple(i - 1 for i in high)
    return Said(prompts=(Box.of_voxels(grid, low, last),), words="box")
