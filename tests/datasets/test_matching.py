"""Tests of vesal.datasets.matching: labels on the voxels of their image, or how far off."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.grids import UGLY, ugly_grids
from vesal.datasets.matching import on_grid
from vesal.errors import GeometryError
from vesal.geometry import Grid
from vesal.images import Image


def image_on(grid: Grid) -> Image:
    """An empty image."""
    return Image(array=np.zeros(grid.shape, np.float32), grid=grid)


def numbers(shape: tuple[int, ...]) -> np.ndarray[Any, np.dtype[np.uint16]]:
    """Labels without any symmetry, some above 255."""
    return np.random.default_rng(5).integers(0, 400, shape).astype(np.uint16)


def moved(grid: Grid, by_voxels: float) -> Grid:
    """The grid, moved along its first axis."""
    affine = grid.affine.copy()
    affine[:-1, -1] += by_voxels * affine[:-1, 0]
    return Grid(shape=grid.shape, affine=affine)


@pytest.mark.parametrize("name", sorted(UGLY))
def test_headers_may_round(name: str) -> None:
    """What is less than a hundredth of a voxel off is taken as it is, in silence; float32 is."""
    grid = UGLY[name]
    labels = numbers(grid.shape)
    rounded = Grid(shape=grid.shape, affine=grid.affine.astype(np.float32).astype(np.float64))
    for near in (rounded, moved(grid, 0.009)):
        taken, notes = on_grid(labels, near, image_on(grid), "a.nii", resample=False)
        assert taken is labels
        assert notes == ()


@settings(max_examples=25)
@given(grid=ugly_grids(), data=st.data())
def test_another_order_of_axes_loses_nothing(grid: Grid, data: st.DataObject) -> None:
    """Whatever the order and the directions: NumPy turns the labels back."""
    axes = data.draw(st.permutations(range(3)))
    flips = data.draw(st.tuples(*[st.booleans()] * 3))
    labels = numbers(grid.shape)
    affine = grid.affine.copy()
    stored = labels
    for axis, flip in enumerate(flips):
        if flip:
            stored = np.flip(stored, axis)
            affine[:3, 3] += affine[:3, axis] * (grid.shape[axis] - 1)
            affine[:3, axis] *= -1
    stored, affine[:3, :3] = np.transpose(stored, axes), affine[:3, :3][:, axes]
    there = Grid(shape=stored.shape, affine=affine)
    taken, notes = on_grid(stored, there, image_on(grid), "a.nii", resample=False)
    np.testing.assert_array_equal(taken, labels)
    assert taken.dtype == np.uint16
    assert all("nothing lost" in note for note in notes)


def test_other_voxels_are_refused_with_how_much(grids: dict[str, Grid]) -> None:
    """Shape, spacing, the first voxel, the corners, and the way out."""
    grid = grids["LPS"]
    with pytest.raises(GeometryError) as refused:
        on_grid(numbers(grid.shape), moved(grid, 0.5), image_on(grid), "a.nii", resample=False)
    assert "first voxel in mm (99.65, 120.0, -300.0) and (100.0, 120.0, -300.0)" in str(
        refused.value
    )
    assert "corners up to 0.35 mm apart; give --resample-labels" in str(refused.value)
    assert "shape" not in str(refused.value)
    half = Grid(shape=(4, 8, 7), affine=grid.affine @ np.diag([2.0, 1, 1, 1]))
    with pytest.raises(GeometryError, match=r"shape \(4, 8, 7\) and \(9, 8, 7\), spacing in mm"):
        on_grid(numbers(half.shape), half, image_on(grid), "a.nii", resample=False)
    turned = Grid(shape=grid.shape, affine=grid.affine @ np.diag([-1.0, 1, 1, 1]))
    with pytest.raises(GeometryError, match="axes RPS and LPS"):
        on_grid(numbers(grid.shape), turned, image_on(grid), "a.nii", resample=False)


@pytest.mark.parametrize("name", ["LPS", "oblique", "sheared"])
def test_other_voxels_are_taken_by_the_nearest_one(name: str, grids: dict[str, Grid]) -> None:
    """Labels twice as fine have each label of the image eight times: none is made up."""
    grid = grids[name]
    labels = numbers(grid.shape)
    fine = labels.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    affine = grid.affine @ np.diag([0.5, 0.5, 0.5, 1])
    affine[:3, 3] = grid.to_world(np.full((1, 3), -0.25))[0]
    there = Grid(shape=fine.shape, affine=affine)
    taken, notes = on_grid(fine, there, image_on(grid), "a.nii", resample=True)
    np.testing.assert_array_equal(taken, labels)
    assert "resampled by the nearest voxel" in notes[0]


def test_what_lies_outside_the_labels_is_background(grids: dict[str, Grid]) -> None:
    """A part of the image was labelled."""
    grid = grids["oblique"]
    labels = numbers(grid.shape)
    part = grid.crop((2, 0, 0), (6, 8, 8))
    taken, _ = on_grid(labels[2:6], part, image_on(grid), "a.nii", resample=True)
    np.testing.assert_array_equal(taken[2:6], labels[2:6])
    assert not taken[:2].any()
    assert not taken[6:].any()


def test_a_picture_has_no_labels_of_a_volume(grids: dict[str, Grid]) -> None:
    """They have nothing in common, resampled or not."""
    flat = Grid(shape=(8, 9), affine=np.eye(3))
    with pytest.raises(GeometryError, match=r"3 axes \(9, 8, 7\), but the image 2 \(8, 9\)"):
        on_grid(numbers((9, 8, 7)), grids["LPS"], image_on(flat), "a.nii", resample=True)
