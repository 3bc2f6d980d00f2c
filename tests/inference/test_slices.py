"""Slices as a radiologist sees them, and where their pixels lie in the volume."""

import numpy as np
import pytest
from hypothesis import given

from tests.grids import RASTERS, UGLY, grid_of, speckle, ugly_grids
from vesal.geometry import Grid, Patch
from vesal.images import Image
from vesal.inference.slices import Slices

GRIDS = {**UGLY, **RASTERS}


def slices_of(grid: Grid, seed: int = 0) -> Slices:
    """Slices of 8-bit noise, in which every pixel is as given."""
    values = np.random.default_rng(seed).integers(0, 256, grid.shape, dtype=np.uint8)
    return Slices(Image(array=values, grid=grid))


@pytest.mark.parametrize("name", GRIDS)
def test_a_pixel_of_a_slice_is_the_voxel_at_its_index(name: str) -> None:
    """On every grid, for every voxel: its slice and its place on the page."""
    grid = GRIDS[name]
    values = np.random.default_rng(0).integers(0, 256, grid.shape, dtype=np.uint8)
    slices = slices_of(grid)
    voxels = np.argwhere(np.ones(grid.shape, np.bool_))
    numbers = slices.numbers(voxels.astype(np.float64))
    rows, columns = slices.on_page(voxels.astype(np.float64)).astype(int).T
    pictures = np.stack([slices.picture(n) for n in range(slices.count)])
    assert np.array_equal(pictures[numbers, rows, columns, 0], values.reshape(-1))
    assert pictures.shape[1:3] == slices.shape


@pytest.mark.parametrize("name", GRIDS)
def test_a_page_laid_back_is_the_slice_it_came_from(name: str) -> None:
    """`laid` undoes `page`, and the grid of the slice has its shape."""
    slices = slices_of(GRIDS[name])
    for number in range(slices.count):
        mask = speckle(slices.grid(number).shape)
        page = slices.page(mask)
        assert page.shape == slices.shape
        assert np.array_equal(slices.laid(page.astype(np.float32)) > 0, mask)


@given(grid=ugly_grids())
def test_the_grid_of_a_slice_lies_where_its_voxels_do(grid: Grid) -> None:
    """Of any volume; the slices together are the volume."""
    slices = slices_of(grid)
    marked = np.zeros(grid.shape, int)
    for number in range(slices.count):
        part = slices.part(number)
        first = [s.start for s in part]
        marked[part] += 1
        own = slices.grid(number)
        assert own.shape == marked[part].shape
        assert np.allclose(own.affine[:3, 3], grid.to_world(np.array([first], np.float64))[0])
    assert (marked == 1).all()


def test_the_widest_spacing_says_which_way_to_slice() -> None:
    """Sagittal for this one, whatever the order of the axes."""
    grid = grid_of((6, 7, 5), np.eye(3)[:, [1, 2, 0]], (1, 1, 3), (0, 0, 0))
    assert slices_of(grid).count == 5


def test_among_equal_spacings_slices_are_axial_and_lie_as_on_a_light_box() -> None:
    """The patient's left is right on the page and the front is up."""
    grid = Grid(shape=(6, 7, 5), affine=np.diag([1.0, 1.0, 1.003, 1.0]))
    values = np.zeros(grid.shape, np.uint8)
    values[0, 6, 2] = 255  # the first index lies furthest to the left, the last one to the front
    slices = Slices(Image(array=values, grid=grid))
    assert slices.count == 5
    assert slices.picture(2)[0, 5].tolist() == [255] * 3


def test_all_slices_of_a_volume_share_one_scale() -> None:
    """Two percentiles of the whole volume; 8 bits are left alone, colours too."""
    values = np.linspace(-1000, 3000, 400).reshape(10, 10, 4)
    slices = Slices(
        Image(array=values, grid=Grid(shape=(10, 10, 4), affine=np.diag([1.0, 1, 5, 1])))
    )
    shown = np.stack([slices.picture(n)[..., 0] for n in range(4)])
    assert (shown.min(), shown.max()) == (0, 255)
    assert np.unique(shown).size > 200
    colours = np.random.default_rng(1).integers(0, 256, (*RASTERS["pixels"].shape, 3), np.uint8)
    raster = Slices(Image(array=colours, grid=RASTERS["pixels"]))
    assert np.array_equal(raster.picture(0), colours)


@given(grid=ugly_grids(longest=12))
def test_a_coarse_slice_has_the_faces_of_its_slice(grid: Grid) -> None:
    """Half as many rows and a third of the columns lie on the same rectangle."""
    slices = slices_of(grid)
    counts = (max(1, slices.shape[0] // 2), max(1, slices.shape[1] // 3))
    for number in (0, slices.count - 1):
        whole, coarse = slices.grid(number), slices.coarse_grid(number, counts)
        ends = [np.array([[-0.5] * 3, [n - 0.5 for n in one.shape]]) for one in (whole, coarse)]
        assert coarse.to_world(ends[1]) == pytest.approx(whole.to_world(ends[0]), abs=1e-6)
        assert slices.laid(np.zeros(counts, np.float32)).shape == coarse.shape


@pytest.mark.parametrize("name", GRIDS)
def test_a_mask_is_the_sum_of_its_slices(name: str) -> None:
    """Cut, turned to a page and back, put together; empty slices are left out."""
    grid = GRIDS[name]
    slices = slices_of(grid)
    mask = speckle(grid.shape)
    mask[slices.part(slices.count - 1)] = False
    found = slices.patches(Patch.of(mask))
    together = np.zeros(grid.shape, np.bool_)
    for number, patch in found.items():
        page = slices.page(patch.within(slices.part(number)))
        assert slices.patch(number, page) == patch
        assert not patch.is_empty
        together |= patch.full()
    assert (together == mask).all()
    assert slices.patches(Patch.empty(grid.shape)) == {}
