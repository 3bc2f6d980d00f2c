"""Tests of vesal.inference.paste."""

import numpy as np

from vesal.geometry import Grid
from vesal.inference.paste import pasted


def test_logits_return_to_the_part_of_the_image_under_their_window() -> None:
    """A window of twice as large voxels over the middle: its values there."""
    image = Grid(shape=(12, 12, 12), affine=np.eye(4))
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = 3.5  # its faces are those of the voxels 3 to 8
    logits = np.full((3, 3, 3), 5.0, np.float32)
    part, local, found = pasted(logits, Grid(shape=(3, 3, 3), affine=affine), image)
    assert part == (slice(3, 9),) * 3
    assert local.same_as(image.crop([3] * 3, [9] * 3))
    assert (found == 5).all()
