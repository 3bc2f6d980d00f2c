"""Tests of vesal.evaluation.methods.grower."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage

from tests.evaluation.methods.clicks import click
from tests.grids import grid_of
from vesal.arrays import Intensities
from vesal.evaluation.methods.grower import (
    as_itk,
    growing_method,
    grown_region,
    smoothed,
    smoothed_part,
)
from vesal.images import Image

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
    region = grown_region(as_itk(image), seed, tolerance)
    assert region[seed]
    np.testing.assert_array_equal(region, parts == parts[seed])


def test_a_region_grows_in_an_array_that_is_not_contiguous() -> None:
    """A transposed or cut image gives the same region as its copy; whole numbers are welcome."""
    whole = np.random.default_rng(0).integers(0, 3, (8, 9, 10)).astype(np.int16)
    cut = whole.transpose(2, 0, 1)[1:, ::2]
    np.testing.assert_array_equal(
        grown_region(as_itk(cut), (3, 2, 4), 0.0),
        grown_region(as_itk(np.ascontiguousarray(cut)), (3, 2, 4), 0.0),
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


@pytest.mark.parametrize("shape", [(40, 30), (30, 24, 20), (30, 24, 1)], ids=str)
def test_a_part_is_smoothed_as_in_the_whole(shape: tuple[int, ...]) -> None:
    """Inside the image and at its border."""
    image = np.random.default_rng(4).normal(0, 50, shape).astype(np.float32)
    whole = smoothed(image)
    for first in (0, 9):
        part = tuple(slice(min(first, n - 1), min(first + 8, n)) for n in shape)
        np.testing.assert_allclose(smoothed_part(image, part), whole[part], atol=1e-3)


def test_a_region_is_narrowed_until_negative_clicks_are_outside() -> None:
    """Two plateaus that differ little are one region, until one of them is clicked away."""
    grid = grid_of((80, 90), np.eye(2), (1, 1), (0, 0))
    array = np.zeros(grid.shape, np.float32)
    array[34:47, 30:39], array[34:47, 39:47] = 1.0, 0.9
    trial = growing_method().begin(Image(array=array, grid=grid))
    both = trial.add([click(grid, (40, 34))])
    assert both[36:45, 32:45].all()
    one = trial.add([click(grid, (40, 44), positive=False)])
    assert one[36:45, 32:37].all()
    assert not one[:, 41:].any()
