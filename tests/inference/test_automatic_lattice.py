"""Tests of vesal.inference.automatic_lattice."""

from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.grids import RASTERS, UGLY, ugly_grids
from tests.training.pairs import SCANS, ct_pair, prepared
from vesal.geometry import Grid
from vesal.images import open_image
from vesal.images.normalisation import Normalisation
from vesal.inference.automatic_lattice import lattice_over, shown
from vesal.inference.upright import upright

ALL = {**UGLY, **RASTERS}


@pytest.mark.parametrize("name", ALL)
def test_an_upright_view_has_every_voxel_where_it_was(name: str) -> None:
    """Values and world positions together; axes run to right, front and head, or down and right."""
    grid = ALL[name]
    index = np.indices(grid.shape).reshape(grid.ndim, -1).T.astype(np.float64)
    world = grid.to_world(index).reshape(*grid.shape, grid.ndim)
    turned_grid = upright(np.zeros(grid.shape), grid)[1]
    assert turned_grid.orientation == ("DR" if grid.ndim == 2 else "RAS")
    index = np.indices(turned_grid.shape).reshape(grid.ndim, -1).T.astype(np.float64)
    for axis in range(grid.ndim):
        turned, _ = upright(world[..., axis], grid)
        found = turned_grid.to_world(index)[:, axis].reshape(turned_grid.shape)
        np.testing.assert_allclose(turned, found, atol=1e-6)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_how_a_volume_is_stored_changes_nothing(order: tuple[int, ...]) -> None:
    """All orders and directions of the axes give one and the same upright volume."""
    grid = UGLY["sheared"]
    array = np.random.default_rng(0).random(grid.shape)
    expected, expected_grid = upright(array, grid)
    for flips in product((1, -1), repeat=3):
        matrix = np.zeros((4, 4))
        matrix[3, 3] = 1
        for new, old in enumerate(order):
            matrix[old, new] = flips[new]
            matrix[old, 3] = 0 if flips[new] == 1 else grid.shape[old] - 1
        stored = array.transpose(order)[tuple(slice(None, None, f) for f in flips)]
        turned, turned_grid = upright(stored, Grid(shape=stored.shape, affine=grid.affine @ matrix))
        assert np.array_equal(turned, expected)
        assert turned_grid.same_as(expected_grid, 1e-9)


@given(grid=ugly_grids(), spacing=st.tuples(*[st.floats(0.2, 12)] * 3))
def test_a_lattice_covers_the_image_and_begins_at_its_corner(
    grid: Grid, spacing: tuple[float, ...]
) -> None:
    """Of the spacing that was asked for; never a whole voxel larger than need be."""
    _, turned = upright(np.zeros(grid.shape), grid)
    lattice = lattice_over(turned, spacing)
    corners = np.array([[-0.5] * 3, [n - 0.5 for n in lattice.shape]])
    in_image = turned.to_index(lattice.to_world(corners))
    thick = np.array(turned.shape) > 1
    np.testing.assert_allclose(in_image[0], -0.5, atol=1e-6)
    beyond = (in_image[1] - np.array(turned.shape) + 0.5) * turned.spacing_mm
    assert (beyond > -1e-4).all()
    assert (beyond[thick] < np.array(spacing)[thick]).all()
    np.testing.assert_allclose(np.array(lattice.spacing_mm)[thick], np.array(spacing)[thick])
    assert (np.array(lattice.shape)[~thick] == 1).all()


def test_an_axis_without_a_spacing_stays_as_it_is() -> None:
    """0 is the image's own; nothing is interpolated along it."""
    grid = upright(np.zeros(UGLY["oblique"].shape), UGLY["oblique"])[1]
    assert lattice_over(grid, (0.0, 0.0, 0.0)).same_as(grid, 1e-9)
    lattice = lattice_over(grid, (0.0, 3.0, 0.0))
    assert lattice.spacing_mm == pytest.approx((grid.spacing_mm[0], 3.0, grid.spacing_mm[2]))


@pytest.mark.parametrize("kind", ["ct", "zscore"])
def test_an_image_is_seen_as_in_training(kind: str, tmp_path: Path) -> None:
    """The whole of a case that the training prepared, with its frame of what lies beyond it."""
    rule = Normalisation(kind=kind, low=-200.0, high=300.0, mean=40.0, deviation=100.0)
    (case,) = prepared(tmp_path, ct_pair(), spacing_mm=7.0)
    part = [slice(-2, n + 1) for n in case.grid.shape]
    dark = float(np.floor(case.bounds[0]))  # as the source of patches has it
    with case.opened() as reading:
        learnt = rule.applied(reading.values(part, fill=dark), case.moments)
    image = open_image(SCANS / "example_ct.nii.gz")
    turned, grid = upright(image.array, image.grid)
    lattice = lattice_over(grid, (7.0, 7.0, 7.0))
    assert lattice.same_as(case.grid)
    seen = shown(turned, grid, lattice, rule)
    framed = np.pad(seen.values, (2, 1), constant_values=seen.beyond)
    # A case is kept in 16 bits: a thousandth of the image's range at most.
    np.testing.assert_allclose(framed, learnt, atol=0.03)
