"""Masks that a user brings along must lie on the image's own grid."""

import numpy as np
import pytest

from tests.session.small import GRID
from vesal.errors import ConfigError, PromptError
from vesal.geometry import Grid
from vesal.images import Mask
from vesal.labels import LabelMap, Segment
from vesal.session.region import region_on

LABELS = np.zeros(GRID.shape, np.uint8)
LABELS[1:3], LABELS[3:5, 2:4], LABELS[6:9] = 1, 2, 5
MAP = LabelMap(
    array=LABELS,
    grid=GRID,
    segments=tuple(Segment(number=n, name=f"s{n}", colour=(n, n, n)) for n in (1, 2, 5)),
)


def test_labels_are_chosen_by_number_or_all() -> None:
    """Each voxel of the chosen ones, and no other."""
    assert np.array_equal(region_on(GRID, MAP, (2, 5)).full(), np.isin(LABELS, (2, 5)))
    assert np.array_equal(region_on(GRID, MAP).full(), LABELS > 0)


def test_a_mask_or_a_plain_array_will_do() -> None:
    """The array is taken to lie on the image's grid."""
    mask = Mask(array=LABELS == 1, grid=GRID)
    assert region_on(GRID, mask) == region_on(GRID, LABELS == 1)


def test_an_unknown_label_is_refused() -> None:
    """The known ones are named."""
    with pytest.raises(ConfigError, match="no segment has the number 3; there are: 1, 2, 5"):
        region_on(GRID, MAP, (3,))


def test_a_mask_of_another_shape_or_place_is_refused() -> None:
    """With both shapes, or how far off it lies."""
    with pytest.raises(PromptError, match=r"image's shape .*got \(2, 2, 2\)"):
        region_on(GRID, np.ones((2, 2, 2), np.bool_))
    affine = GRID.affine.copy()
    affine[0, 3] += 0.5
    moved = Mask(array=LABELS == 1, grid=Grid(shape=GRID.shape, affine=affine))
    with pytest.raises(PromptError, match=r"differs by up to 0\.5 mm; resample it"):
        region_on(GRID, moved)
