"""Tests of vesal.curation.sam_med2d_views: slices along x, y and z of the patient."""

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.grids import RASTERS, UGLY, speckle, ugly_grids
from vesal.curation.sam_med2d_views import AXES, views_of
from vesal.geometry import Grid

# rows and columns of a page, and which way they run, by the axis the page is across
_PAGE = {"x": (2, -1, 1, -1), "y": (2, -1, 0, -1), "z": (1, -1, 0, -1)}


@given(ugly_grids())
def test_pages_are_those_of_the_nearest_ras_array(grid: Grid) -> None:
    """Turned by nibabel; the page is then cut by hand, the head or the front on top."""
    array = np.arange(grid.size, dtype=np.int32).reshape(grid.shape)
    turned = np.asarray(
        nib.as_closest_canonical(nib.Nifti1Image(array, grid.affine)).dataobj  # type: ignore[no-untyped-call]
    )
    for view in views_of(grid):
        rows, down, columns, right = _PAGE[view.axis]
        pages = view.turned(array)
        assert pages.shape[1:] == view.shape
        for number in range(len(pages)):
            cut = np.take(turned, number, AXES.index(view.axis))
            cut = cut.T if rows > columns else cut
            assert np.array_equal(pages[number], cut[::down, ::right])


@pytest.mark.parametrize("name", [*UGLY, *RASTERS])
def test_a_part_is_found_where_it_was(name: str) -> None:
    """The part of what is turned is the turned part."""
    grid = {**UGLY, **RASTERS}[name]
    mask = speckle(grid.shape)
    part = tuple(slice(n // 3, max(n - 1, n // 3 + 1)) for n in grid.shape)
    for view in views_of(grid):
        inside = view.turned(mask)[view.part(part, grid.shape)]
        assert np.array_equal(inside, view.turned(mask[part]))


def test_spacing_is_between_rows_and_between_columns() -> None:
    """Of an axial slice: from front to back, and from side to side."""
    affine = np.array([[0, 0, -3.0, 0], [2, 0, 0, 0], [0, 5, 0, 0], [0, 0, 0, 1.0]])
    views = {view.axis: view for view in views_of(Grid(shape=(4, 6, 8), affine=affine))}
    assert list(views) == ["x", "y", "z"]
    assert (views["z"].shape, views["z"].spacing_mm) == ((4, 8), (2, 3))
    assert (views["x"].shape, views["x"].spacing_mm) == ((6, 4), (5, 2))


@given(st.sets(st.sampled_from(AXES), min_size=1))
def test_only_wanted_axes_are_sliced(axes: set[str]) -> None:
    """In their order."""
    assert [view.axis for view in views_of(UGLY["oblique"], tuple(axes))] == sorted(axes)


def test_a_picture_is_its_own_only_page() -> None:
    """With its colours, whatever axes are wanted; names say that it has no slice."""
    grid = RASTERS["mirrored"]
    (view,) = views_of(grid, ("x",))
    colours = np.random.default_rng(1).integers(0, 255, (*grid.shape, 3))
    assert np.array_equal(view.turned(colours)[0], colours[:, ::-1])
    assert view.place(0) == "2d_none"


def test_places_have_four_digits() -> None:
    """More where a volume has more slices."""
    view = views_of(UGLY["LPS"], ("z",))[0]
    assert (view.place(90), view.place(12345)) == ("z_0090", "z_12345")
