"""Tests of vesal.geometry.resample."""

# SimpleITK does not annotate all of its functions:
# mypy: disable-error-code="no-untyped-call"

from typing import Any

import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from scipy import ndimage

from tests.grids import RASTERS, UGLY, grid_of, rotation, ugly_grids
from vesal.errors import GeometryError
from vesal.geometry import Grid, resample

LARGE = {name: grid for name, grid in (UGLY | RASTERS).items() if min(grid.shape) > 3}
every_large = pytest.mark.parametrize("grid", LARGE.values(), ids=LARGE)
every_grid = pytest.mark.parametrize("grid", (UGLY | RASTERS).values(), ids=UGLY | RASTERS)


def _indices(grid: Grid) -> np.ndarray:
    return np.argwhere(np.ones(grid.shape, dtype=bool)).astype(np.float64)


def _ramp(grid: Grid) -> np.ndarray:
    """A value that is linear in the world, so any grid must read the same plane."""
    slope = np.array([0.7, -0.4, 0.25])[: grid.ndim]
    return np.asarray(grid.to_world(_indices(grid)) @ slope + 3).reshape(grid.shape)


def _inner(grid: Grid) -> Grid:
    """A finer, turned grid that lies between the outermost voxel centres of `grid`."""
    turn = rotation(12, -20, 30)[: grid.ndim, : grid.ndim]
    start = grid.to_world((np.array([grid.shape], dtype=np.float64) - 1) * 0.5)[0]
    step = min(grid.spacing_mm) * 0.3
    return grid_of((3, 2, 3)[: grid.ndim], turn, (step,) * grid.ndim, tuple(start.tolist()))


@every_large
@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_linear_ramp_is_read_exactly(grid: Grid, order: Any) -> None:
    """Between voxel centres a linear function of the world comes out exact."""
    target = _inner(grid)
    assert grid.contains(grid.to_index(target.to_world(_indices(target)))).all()
    values = resample(_ramp(grid), grid, target, order=order, fill=np.nan)
    # Splines bend where the edge value is held on; a small volume feels that in its middle.
    tolerance = 1e-4 if order == 1 else 0.05
    np.testing.assert_allclose(values, _ramp(target), atol=tolerance * np.ptp(_ramp(grid)))


@every_grid
@pytest.mark.parametrize("order", [0, 1])
def test_its_own_grid_gives_the_array_back(grid: Grid, order: Any) -> None:
    """Nothing moves when source and target are the same grid."""
    array = np.random.default_rng(1).integers(-900, 900, grid.shape).astype(np.int16)
    values = resample(array, grid, grid, order=order, fill=-5000.0)
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, array, atol=1e-2)


@every_grid
def test_half_a_voxel_beyond_the_centres_is_inside_and_holds_the_edge_value(grid: Grid) -> None:
    """A voxel reaches to its face; past the face there is only fill."""
    target = grid.crop((-1,) * grid.ndim, tuple(n + 1 for n in grid.shape))
    for shift, first_value in ((0.55, 4.0), (0.45, -1.0)):
        affine = target.affine.copy()
        affine[:-1, -1] += affine[:-1, :-1] @ np.full(grid.ndim, shift)
        moved = Grid(shape=target.shape, affine=affine)
        values = resample(np.full(grid.shape, 4.0), grid, moved, fill=-1.0)
        assert set(np.unique(values)) <= {-1.0, 4.0}
        assert values[(0,) * grid.ndim] == first_value


@given(source=ugly_grids(sheared=False, longest=7), target=ugly_grids(sheared=False, longest=7))
@settings(max_examples=60)
def test_linear_reading_agrees_with_simpleitk(source: Grid, target: Grid) -> None:
    """Two grids anywhere: the same values inside the source, fill outside."""
    affine = target.affine.copy()
    middle = source.to_world((np.array([source.shape], dtype=np.float64) - 1) / 2)[0]
    affine[:3, 3] = middle - affine[:3, :3] @ ((np.array(target.shape) - 1) / 2)
    target = Grid(shape=target.shape, affine=affine)
    array = np.random.default_rng(2).normal(size=source.shape).astype(np.float32)
    ours = resample(array, source, target, fill=-9.0)
    moving = _itk(source, array)
    theirs = SimpleITK.GetArrayFromImage(
        SimpleITK.Resample(
            moving,
            _itk(target, np.zeros(target.shape, dtype=np.float32)),
            SimpleITK.Transform(),
            SimpleITK.sitkLinear,
            -9.0,
        )
    ).T
    index = source.to_index(target.to_world(_indices(target)))
    faces = np.stack([np.abs(index + 0.5), np.abs(index - np.array(source.shape) + 0.5)])
    clear = (faces.min(axis=(0, 2)) > 1e-4).reshape(target.shape)  # no tie on a face
    np.testing.assert_allclose(ours[clear], theirs[clear], atol=1e-3)


def _itk(grid: Grid, array: np.ndarray) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(array.T)
    image.SetSpacing(grid.spacing_mm)
    image.SetOrigin(grid.affine[:3, 3].tolist())
    image.SetDirection((grid.affine[:3, :3] / grid.spacing_mm).ravel().tolist())
    return image


def test_a_target_elsewhere_is_all_fill() -> None:
    """Grids that do not meet share no value."""
    grid = UGLY["oblique"]
    far = Grid(shape=(2, 3, 4), affine=grid.affine + 1e4 * np.eye(4, k=3))
    assert (resample(np.ones(grid.shape), grid, far, fill=-3.0) == -3).all()


@pytest.mark.parametrize("name", ["LPS", "oblique", "sheared", "permuted"])
def test_only_the_part_under_the_target_is_touched(name: str) -> Any:
    """A window out of a large volume never looks at the rest of it."""
    grid = Grid(shape=(400, 300, 200), affine=UGLY[name].affine)
    seen: list[tuple[slice, ...]] = []

    class Watched(np.ndarray):
        def __getitem__(self, part: Any) -> Any:
            seen.append(part)
            return super().__getitem__(part)

    array = np.zeros(grid.shape, dtype=np.int8).view(Watched)
    resample(array, grid, grid.crop((100, 100, 100), (110, 120, 130)), antialias=True)
    assert len(seen) == 1
    assert np.prod([piece.stop - piece.start for piece in seen[0]]) <= 14 * 24 * 34


@pytest.mark.parametrize("ndim", [2, 3])
def test_antialiasing_removes_what_the_target_cannot_hold(ndim: int) -> None:
    """A checkerboard on a four times coarser grid is grey, not stripes."""
    shape = (24, 20, 16)[:ndim]
    grid = Grid(shape=shape, affine=np.diag([*(-0.5, 0.7, 1.5)[:ndim], 1.0]))
    board = np.indices(shape).sum(axis=0) % 2
    coarse = np.diag([*(-2.0, 2.8, 6.0)[:ndim], 1.0])
    target = Grid(shape=tuple(n // 4 for n in shape), affine=coarse)
    plain = resample(board, grid, target)
    smooth = resample(board, grid, target, antialias=True)
    inner = (slice(1, -1),) * ndim
    assert set(np.unique(plain)) <= {0.0, 1.0}
    np.testing.assert_allclose(smooth[inner], 0.5, atol=0.02)


def test_antialiasing_leaves_a_finer_or_turned_grid_alone() -> None:
    """There is nothing to blur where the target's steps are not longer."""
    grid = grid_of((9, 8, 7), np.eye(3), (2, 2, 2), (5, 5, 5))
    turned = grid_of((9, 8, 7), rotation(0, 0, 45), (2, 2, 2), (5, 5, 5))
    array = np.random.default_rng(4).normal(size=grid.shape)
    plain = resample(array, grid, turned)
    np.testing.assert_allclose(resample(array, grid, turned, antialias=True), plain, atol=1e-3)


def test_the_source_array_is_left_as_it_was() -> None:
    """The blur works on a copy, even for float32."""
    grid = UGLY["LPS"]
    array = np.random.default_rng(5).normal(size=grid.shape).astype(np.float32)
    before = array.copy()
    resample(array, grid, Grid(shape=(2, 2, 2), affine=grid.affine * [3, 3, 3, 1]), antialias=True)
    np.testing.assert_array_equal(array, before)


def test_mix_ups_are_refused() -> None:
    """Another shape, another number of axes, an order that does not exist."""
    grid, raster = UGLY["LPS"], RASTERS["placed"]
    with pytest.raises(GeometryError, match="its grid's shape"):
        resample(np.zeros((2, 2, 2)), grid, grid)
    with pytest.raises(GeometryError, match="3D and 2D"):
        resample(np.zeros(grid.shape), grid, raster)
    with pytest.raises(GeometryError, match="order"):
        resample(np.zeros(grid.shape), grid, grid, order=7)


@pytest.mark.parametrize("step", [3.0, 5.5, 9.0])
def test_a_strong_blur_in_two_steps_is_the_blur_in_one(step: float) -> None:
    """Averaging over blocks first, and blurring the rest, gives the same within three per cent."""
    field = ndimage.gaussian_filter(np.random.default_rng(3).normal(size=(90, 80, 71)), 5)
    array = (field / field.std() * 400).astype(np.int16)
    source = Grid(shape=array.shape, affine=np.eye(4))
    affine = np.diag([step, step, step, 1.0])
    affine[:3, 3] = 20
    target = Grid(shape=(6, 5, 4), affine=affine)
    found = resample(array, source, target, antialias=True)
    sigma = np.sqrt(step**2 - 1) / 2.3548200450309493
    blurred = ndimage.gaussian_filter(array.astype(np.float64), sigma, mode="nearest")
    index = np.stack(np.meshgrid(*(np.arange(n) for n in target.shape), indexing="ij"))
    places = index.reshape(3, -1) * step + 20
    wanted = ndimage.map_coordinates(blurred, places, order=1, mode="nearest")
    seen = (places <= np.array(array.shape)[:, None] - 0.5).all(axis=0)
    error = np.abs(found.reshape(-1) - wanted)[seen]
    assert error.mean() < 0.03 * np.std(wanted[seen]) + 1
