"""What simulated users do, in the words of `vesal.prompts.simulate` and its neighbours."""

from vesal.evaluation.user import Rule, Said, Sight, said_click
from vesal.prompts.place import box_on, lasso_on, scribble_on
from vesal.prompts.simulate import error_click, random_error_clicks
from vesal.prompts.simulate_boxes import component_boxes, sloppy_box, tight_box
from vesal.prompts.simulate_jitter import jittered_click
from vesal.prompts.simulate_lassos import lasso
from vesal.prompts.simulate_scribbles import error_scribble


def error_centre(sight: Sight) -> Said | None:
    """A click where the error is deepest, by distance to its border in mm."""
    placed = error_click(sight.truth, sight.mask, sight.grid.spacing_mm)
    return None if placed is None else said_click(placed, sight.grid)


def error_anywhere(sight: Sight) -> Said | None:
    """A click on any voxel that is wrong, each equally likely; the first one is in the object."""
    placed = random_error_clicks(sight.truth, sight.mask, 1, sight.rng)
    return said_click(placed[0], sight.grid) if placed else None


def near_the_error_centre(shift_mm: float, *, kept: bool) -> Rule:
    """A click up to so many mm off the deepest voxel of the error.

    Args:
        shift_mm: in any direction.
        kept: whether it stays in what is wrong; else it may miss, and say the wrong thing.
    """

    def rule(sight: Sight) -> Said | None:
        placed = error_click(sight.truth, sight.mask, sight.grid.spacing_mm)
        if placed is None:
            return None
        voxel, positive = placed
        region = (sight.truth == positive) & (sight.mask != positive) if kept else None
        shape, spacing = sight.truth.shape, sight.grid.spacing_mm
        hit = jittered_click(voxel, shape, spacing, sight.rng, shift_mm=shift_mm, region=region)
        return said_click((hit, positive), sight.grid)

    return rule


def largest_piece_box(sight: Sight) -> Said | None:
    """The box of the largest piece of the object, as it is (SAM-Med2D, SAM-UNet)."""
    boxes = component_boxes(sight.truth)
    return Said(prompts=(box_on(sight.grid, boxes[0]),), words="box") if boxes else None


def loose_box(share: float) -> Rule:
    """The box of the whole object, each face moved in or out by up to a share of its extent."""

    def rule(sight: Sight) -> Said | None:
        tight = tight_box(sight.truth)
        if tight is None:
            return None
        box = sloppy_box(tight, sight.truth.shape, sight.rng, share=share)
        return Said(prompts=(box_on(sight.grid, box),), words="box")

    return rule


def drawn_scribble(sight: Sight) -> Said | None:
    """A line along the middle of what is missed, or of what is too much, on its largest slice."""
    spacing = sight.grid.spacing_mm
    drawn = error_scribble(sight.truth, sight.mask, spacing, sight.rng, kind="centre")
    if drawn is None:
        return None
    voxels, positive = drawn
    prompt = scribble_on(sight.grid, voxels, positive=positive)
    return Said(prompts=(prompt,), words="scribble" if positive else "not scribble")


def drawn_lasso(sight: Sight) -> Said | None:
    """A closed line round the object on its largest slice, drawn as by a hand."""
    outline = lasso(sight.truth, sight.grid.spacing_mm, sight.rng)
    if not outline:
        return None
    return Said(prompts=(lasso_on(sight.grid, outline),), words="lasso")
