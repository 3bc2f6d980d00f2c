"""Tests of vesal.inference.paste."""

import numpy as np

from vesal.geometry import Grid
from vesal.inference.paste import OUTSIDE, pasted
from vesal.prompts import Box


def test_logits_return_to_the_part_of_the_image_under_their_window() -> None:
    """A window of twice as large voxels over the middle: its values there, limited by the box."""
    image = Grid(shape=(12, 12, 12), affine=np.eye(4))
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = 3.5  # its faces are those of the voxels 3 to 8
    logits = np.full((3, 3, 3), 5.0, np.float32)
    part, local, found = pasted(logits, Grid(shape=(3, 3, 3), affine=affine), image, None)
    assert part == (slice(3, 9),) * 3
    assert local.same_as(image.crop([3] * 3, [9] * 3))
    assert (found == 5).all()
    box = Box(low_mm=(3.0, 3.0, 3.0), high_mm=(5.0, 8.0, 8.0))
    limited = pasted(logits, Grid(shape=(3, 3, 3), affine=affine), image, box)[2]
    assert (limited[:3] == 5).all()
    assert (limited[3:] == OUTSIDE).all()
