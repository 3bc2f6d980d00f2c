"""Tests of vesal.labels.contours."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from skimage.measure import grid_points_in_poly

from vesal.labels.contours import outlines

MASKS = arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9)))


def filled(polygons: list[NDArray[np.float64]], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """The pixels whose middle lies in an odd number of polygons, by scikit-image."""
    inside = np.zeros(shape, np.bool_)
    for polygon in polygons:
        inside ^= grid_points_in_poly(shape, polygon)  # type: ignore[no-untyped-call]
    return inside


def _drawn(polygons: list[NDArray[np.float64]], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """All within an odd number of polygons, 16 times as fine, by Pillow."""
    inside = np.zeros((shape[0] * 16, shape[1] * 16), np.bool_)
    for polygon in polygons:
        page = Image.new("1", inside.shape[::-1])
        fine = (polygon[:, ::-1] + 0.5) * 16 - 0.5
        ImageDraw.Draw(page).polygon([(x, y) for x, y in fine.tolist()], fill=1)
        inside ^= np.array(page)
    return inside


@given(mask=MASKS)
def test_filling_the_outlines_gives_the_mask(mask: NDArray[np.bool_]) -> None:
    """Holes, islands in holes, pieces that touch by a corner, the edge of the image."""
    np.testing.assert_array_equal(filled(outlines(mask), mask.shape), mask)


@given(mask=MASKS)
def test_there_is_one_polygon_for_each_piece(mask: NDArray[np.bool_]) -> None:
    """Pixels that touch by a corner belong together; holes are joined by cuts."""
    from scipy.ndimage import label

    assert len(outlines(mask)) == label(mask, np.ones((3, 3)))[1]


@given(mask=MASKS)
def test_no_outline_is_further_than_half_a_pixel_from_the_edge_of_the_pixels(
    mask: NDArray[np.bool_],
) -> None:
    """Each corner lies on an edge between a pixel inside and its neighbour outside."""
    padded = np.pad(mask, 1)
    for polygon in outlines(mask):
        below, above = np.floor(polygon).astype(int) + 1, np.ceil(polygon).astype(int) + 1
        np.testing.assert_array_equal(np.abs(below - above).sum(axis=1), 1)
        assert (padded[tuple(below.T)] != padded[tuple(above.T)]).all()


@given(mask=MASKS)
def test_no_corner_could_be_left_out(mask: NDArray[np.bool_]) -> None:
    """Straight edges have no points between their ends, and a polygon has at least three."""
    for polygon in outlines(mask):
        steps = np.diff(polygon, axis=0, append=polygon[:1])
        following = np.roll(steps, -1, axis=0)
        turns = steps[:, 0] * following[:, 1] - steps[:, 1] * following[:, 0]
        back = (steps * following).sum(axis=1) < 0  # where a cut ends
        assert len(polygon) >= 3
        assert ((turns != 0) | back).all()


def test_one_pixel_is_a_diamond() -> None:
    """Four points, half a pixel from its middle."""
    mask = np.zeros((3, 4), np.bool_)
    mask[1, 2] = True
    (polygon,) = outlines(mask)
    assert {tuple(point) for point in polygon.tolist()} == {(0.5, 2), (1, 1.5), (1.5, 2), (1, 2.5)}


def test_a_ring_in_a_ring_is_two_polygons() -> None:
    """The cut of a hole does not cross an island in it, by another rasteriser."""
    mask = np.zeros((11, 12), np.bool_)
    mask[0:11, 1:12] = True
    mask[2:9, 3:10] = False
    mask[4:7, 5:8] = True
    mask[5, 6] = False
    polygons = outlines(mask)
    assert len(polygons) == 2
    np.testing.assert_array_equal(_drawn(polygons, mask.shape)[8::16, 8::16], mask)


def test_two_holes_in_one_row_are_cut_one_after_the_other() -> None:
    """The second is joined to the first, and with it to the outside."""
    mask = np.ones((5, 9), np.bool_)
    mask[2, 2] = mask[1:4, 4] = mask[2, 7] = False
    (polygon,) = outlines(mask)
    np.testing.assert_array_equal(filled([polygon], mask.shape), mask)


@pytest.mark.parametrize("radius", [4.0, 9.5, 20.0])
def test_the_area_of_a_smooth_shape_stays(radius: float) -> None:
    """Within a percent of the pixels' own: cut corners and filled ones balance."""
    rows, columns = np.ogrid[:50, :50]
    disc = (rows - 24.3) ** 2 + (columns - 25.1) ** 2 <= radius**2
    (polygon,) = outlines(disc)
    y, x = polygon.T
    area = abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
    assert area == pytest.approx(disc.sum(), rel=0.01)


def test_nothing_has_no_outline() -> None:
    """An empty slice."""
    assert outlines(np.zeros((4, 5), np.bool_)) == []
