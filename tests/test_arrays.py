"""Tests of vesal.arrays: the shape checks of the test run do bind."""

from typing import Any

import jaxtyping
import numpy as np
import pytest

from tests.grids import UGLY
from vesal.geometry import Grid, component_at


@pytest.mark.parametrize(
    "points", [np.zeros((2, 3), dtype=np.float32), np.zeros(3), [[0.0, 0.0, 0.0]]]
)
def test_points_of_another_type_or_rank_trip_the_check(points: Any) -> None:
    """float64, one point a row: anything else is caught where it is passed."""
    with pytest.raises(jaxtyping.TypeCheckError):
        UGLY["LPS"].to_world(points)


def test_a_mask_of_numbers_trips_the_check() -> None:
    """A mask is bool, never 0 and 1."""
    with pytest.raises(jaxtyping.TypeCheckError):
        component_at(np.zeros((2, 2, 2), dtype=np.uint8), (0, 0, 0))


def test_an_affine_of_integers_trips_the_check() -> None:
    """Affines are float64."""
    with pytest.raises(jaxtyping.TypeCheckError):
        Grid(shape=(2, 2, 2), affine=np.eye(4, dtype=np.int64))
