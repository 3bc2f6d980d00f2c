# SimpleITK does not annotate its filters:
# mypy: disable-error-code="no-untyped-call"
"""From a click in millimetres to a mask on the image's grid, on grids as ugly as they come."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - the name its manual uses
from hypothesis import example, given, settings

from tests.fakes import BrightModel, bright_segmenter
from tests.grids import RASTERS, UGLY, ugly_grids
from tests.phantoms import ball_image, enlarged
from vesal.geometry import Grid
from vesal.images import Mask
from vesal.session import Session

LARGE = {name: enlarged(grid) for name, grid in UGLY.items() if max(grid.shape) > 3}
LARGE |= {f"raster {name}": enlarged(grid, 40) for name, grid in RASTERS.items()}


def middle(grid: Grid) -> tuple[float, ...]:
    """A point near the grid's middle that lies on no voxel centre."""
    index = np.where(np.array(grid.shape) > 1, np.array(grid.shape) / 2 - 0.37, 0.0)
    return tuple(float(v) for v in grid.to_world(index[None])[0])


def radius(grid: Grid) -> float:
    """A quarter of the grid's shortest side that has any depth, in mm."""
    return 0.27 * min(s * n for s, n in zip(grid.spacing_mm, grid.shape, strict=True) if n > 1)


def centroid_error(mask: Mask, centre_mm: tuple[float, ...]) -> np.ndarray:
    """Distance of the mask's centre of mass from a point, in voxels along each axis."""
    found = np.argwhere(mask.array).mean(axis=0)
    wanted = mask.grid.to_index(np.array([centre_mm]))[0]
    return np.asarray(np.abs(found - wanted))


@pytest.mark.parametrize("name", LARGE)
def test_a_ball_lands_where_it_was_put(name: str) -> None:
    """Centre within half a voxel on every axis, volume within a tenth."""
    grid = LARGE[name]
    centre_mm, radius_mm = middle(grid), radius(grid)
    image = ball_image(grid, centre_mm, radius_mm)
    mask = Session(image, BrightModel()).click(centre_mm)
    assert (centroid_error(mask, centre_mm) < 0.5).all()
    truth = image.array > 550
    assert mask.array.sum() == pytest.approx(truth.sum(), rel=0.1)


VOLUMES = [name for name, grid in LARGE.items() if grid.ndim == 3]


@pytest.mark.parametrize("name", VOLUMES)
def test_a_cube_of_coarser_voxels_finds_the_ball_too(name: str) -> None:
    """Through SAM-Med3D's lattice of 1.5 mm; the smallest ball is three of its voxels across."""
    grid = LARGE[name]
    centre_mm, radius_mm = middle(grid), radius(grid)
    image = ball_image(grid, centre_mm, radius_mm)
    session = Session(image, bright_segmenter("sam-med3d", 96))
    mask = session.click(centre_mm)
    assert (centroid_error(mask, centre_mm) < 0.5).all()
    truth = image.array > 550
    assert mask.array.sum() == pytest.approx(truth.sum(), rel=0.15)
    assert session.notes == ()


@pytest.mark.parametrize("family", ["sam", "sam-med2d", "sam-unet"])
@pytest.mark.parametrize("name", LARGE)
def test_slice_by_slice_the_ball_is_found_too(name: str, family: str) -> None:
    """By both ways of laying a slice into a square."""
    grid = LARGE[name]
    centre_mm, radius_mm = middle(grid), radius(grid)
    image = ball_image(grid, centre_mm, radius_mm)
    size = 416 if family == "sam-med2d" else 256  # nothing is left out by its nearest rule
    mask = Session(image, bright_segmenter(family, size)).click(centre_mm)
    assert (centroid_error(mask, centre_mm) < 0.5).all()
    truth = image.array > 550
    assert mask.array.sum() == pytest.approx(truth.sum(), rel=0.1)


_SHEARED = np.array([[-1.0, 0, 0, 0], [0, -1, -2, 0], [0, 0, -4, 0], [0, 0, 0, 1]])
_LEANING = np.array([[-8.5, -0.1875, 0, 0], [0, -0.5, -3.5, 0], [0, 0, -7, 0], [0, 0, 0, 1]])


@settings(max_examples=25, deadline=None)
@given(grid=ugly_grids())
@example(grid=Grid(shape=(2, 2, 2), affine=_LEANING))
@example(grid=Grid(shape=(2, 2, 2), affine=_SHEARED))
def test_a_ball_lands_where_it_was_put_on_any_grid(grid: Grid) -> None:
    """The same for drawn rotations, reflections, shears, spacings from 0.3 to 10 mm and origins.

    Slices that lean by many voxels sample a ball so unevenly that the centre of its own voxels is
    half a voxel off; the mask is held against those voxels. The window may have voxels twice as
    wide as the grid's finest, whose blur leans with the slices: three quarters of a voxel.
    """
    if max(grid.shape) == 1:
        return
    large = enlarged(grid, 10)
    if large.size > 4_000_000:
        return
    centre_mm = middle(large)
    image = ball_image(large, centre_mm, radius(large))
    mask = Session(image, BrightModel()).click(centre_mm)
    drift = np.argwhere(mask.array).mean(axis=0) - np.argwhere(image.array > 550).mean(axis=0)
    assert (np.abs(drift) < 0.75).all()


def test_six_voxels_give_a_mask_with_the_clicked_one() -> None:
    """The smallest image in which two voxels can differ is an image too."""
    grid = UGLY["tiny"]
    point = tuple(float(v) for v in grid.to_world(np.array([[2.0, 1.0, 0.0]]))[0])
    mask = Session(ball_image(grid, point, 0.1), BrightModel()).click(point)
    assert mask.array[2, 1, 0]


@pytest.mark.parametrize("name", ["oblique", "left-handed", "LPS", "oblique permuted"])
def test_an_independent_reader_finds_the_ball_at_the_same_place(name: str, tmp_path: Path) -> None:
    """SimpleITK reads the written mask; its centre of mass in LPS is the ball's."""
    grid = LARGE[name]
    centre_mm = middle(grid)
    mask = Session(ball_image(grid, centre_mm, radius(grid)), BrightModel()).click(centre_mm)
    read = sitk.ReadImage(str(mask.save(tmp_path / "ball.nii.gz")))
    shape = sitk.LabelShapeStatisticsImageFilter()
    shape.Execute(read)
    x, y, z = shape.GetCentroid(1)
    limit = 0.5 * np.linalg.norm(grid.spacing_mm)
    assert np.linalg.norm(np.array([-x, -y, z]) - centre_mm) < limit
