"""Tests of vesal.evaluation.baselines, on ugly grids."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage

from tests.grids import RASTERS, UGLY, grid_of, rotation, ugly_grids
from vesal.arrays import Intensities
from vesal.evaluation.baselines import ball, grown_region, smoothed
from vesal.geometry import Grid


@pytest.mark.parametrize(
    ("angles", "spacing_mm"),
    [
        ((20, -35, 50), (0.4, 0.7, 1.1)),
        ((0, 0, 0), (1.0, 0.5, 0.8)),
        ((90, 5, 170), (0.3, 0.9, 0.6)),
    ],
    ids=str,
)
def test_a_ball_has_its_volume_and_its_centre_whatever_the_grid(
    angles: tuple[float, ...], spacing_mm: tuple[float, ...]
) -> None:
    """4/3 pi r^3 within a hundredth, and the centroid in world mm is the clicked voxel."""
    radius_mm = 9.0
    shape = tuple(2 * math.ceil(1.3 * radius_mm / s) + 1 for s in spacing_mm)
    grid = grid_of(shape, rotation(*angles) @ np.diag([-1.0, 1, 1]), spacing_mm, (40, -70, 300))
    index = tuple(n // 2 for n in shape)
    mask = ball(grid, index, radius_mm)
    volume = mask.sum() * grid.voxel_volume_mm3
    assert volume == pytest.approx(4 / 3 * math.pi * radius_mm**3, rel=0.01)
    centroid = grid.to_world(np.argwhere(mask).astype(np.float64)).mean(axis=0)
    centre = grid.to_world(np.array([index], np.float64))[0]
    np.testing.assert_allclose(centroid, centre, atol=1e-6)


@settings(deadline=None, max_examples=60)
@given(grid=ugly_grids() | st.sampled_from(list(RASTERS.values())), data=st.data())
def test_a_ball_holds_the_voxels_that_are_near_in_world(grid: Grid, data: st.DataObject) -> None:
    """By distances of voxel centres in mm, under shear too; on a raster it is a disc."""
    index = data.draw(st.tuples(*[st.integers(0, n - 1) for n in grid.shape]))
    radius_mm = data.draw(st.floats(0, 30))
    voxels = np.indices(grid.shape).reshape(grid.ndim, -1).T.astype(np.float64)
    centre = grid.to_world(np.array([index], np.float64))
    distance = np.linalg.norm(grid.to_world(voxels) - centre, axis=1).reshape(grid.shape)
    mask = ball(grid, index, radius_mm)
    sure = np.abs(distance - radius_mm) > 1e-6
    np.testing.assert_array_equal(mask[sure], (distance <= radius_mm)[sure])
    assert mask[index]


images = st.sampled_from([(7, 6), (6, 5, 4), (6, 7, 1), (1, 5, 6)]).flatmap(
    lambda shape: arrays.arrays(np.float32, shape, elements=st.integers(0, 5).map(float))
)


@settings(deadline=None, max_examples=80)
@given(image=images, data=st.data())
def test_a_grown_region_is_exactly_what_is_joined_to_the_seed(
    image: Intensities, data: st.DataObject
) -> None:
    """The voxels within tolerance that are joined to the seed by faces, as SciPy finds them."""
    seed = data.draw(st.tuples(*[st.integers(0, n - 1) for n in image.shape]))
    tolerance = float(data.draw(st.integers(0, 3)))
    alike = np.abs(image - image[seed]) <= tolerance
    parts, _ = ndimage.label(alike)
    region = grown_region(image, seed, tolerance)
    assert region[seed]
    np.testing.assert_array_equal(region, parts == parts[seed])


def test_a_region_grows_in_an_array_that_is_not_contiguous() -> None:
    """A transposed or cut image gives the same region as its copy; whole numbers are welcome."""
    whole = np.random.default_rng(0).integers(0, 3, (8, 9, 10)).astype(np.int16)
    cut = whole.transpose(2, 0, 1)[1:, ::2]
    np.testing.assert_array_equal(
        grown_region(cut, (3, 2, 4), 0.0), grown_region(np.ascontiguousarray(cut), (3, 2, 4), 0.0)
    )


@pytest.mark.parametrize("shape", [(20, 22), (14, 12, 10), (16, 14, 1)], ids=str)
def test_smoothing_takes_the_noise_and_leaves_the_place(shape: tuple[int, ...]) -> None:
    """Less spread, the same mean, and no axis swapped."""
    rng = np.random.default_rng(4)
    image = np.zeros(shape, np.float32)
    image[2:9, 4:] = 100
    smooth = smoothed((image + rng.normal(0, 5, shape)).astype(np.float32))
    assert smooth.shape == shape
    assert smooth[4:7, 6:].std() < 4
    assert smooth[4:7, 6:].mean() == pytest.approx(100, abs=3)
    assert np.corrcoef(smooth.ravel(), image.ravel())[0, 1] > 0.98


def test_the_ugly_grids_are_not_forgotten() -> None:
    """A ball of no radius is the clicked voxel alone, on each of them."""
    for name, grid in UGLY.items():
        index = tuple(n - 1 for n in grid.shape)
        mask = ball(grid, index, 1e-9)
        assert mask.sum() == 1, name
        assert mask[index], name
