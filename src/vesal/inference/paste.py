"""Logits of a window brought back to the image's own grid: the way back of every 3D answer."""

from vesal.arrays import Intensities, Resampled
from vesal.geometry.grid import Grid
from vesal.geometry.resample import resample
from vesal.inference.windows import part_under

OUTSIDE = -20.0
"""The logit where nothing was looked at, and outside of a user's box."""


def pasted(
    logits: Intensities, window: Grid, image: Grid
) -> tuple[tuple[slice, ...], Grid, Resampled]:
    """The part of the image under the window, its grid, and the logits there, to be thresholded.

    Args:
        logits: on the window's grid.
        window: its axes are the image's, in any order.
        image: the image's grid.
    """
    part = part_under(image, window)
    local = image.crop([s.start for s in part], [s.stop for s in part])
    found = resample(logits, window, local, fill=OUTSIDE)
    return part, local, found
