"""Tests of vesal.inference.automatic."""

import tracemalloc
from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from scipy import ndimage

from tests.automatics import automatic_config, exact_automatic, tiny_automatic
from tests.grids import RASTERS, UGLY, speckle, ugly_grids
from tests.phantoms import enlarged
from vesal.errors import ImageError
from vesal.geometry import Grid
from vesal.geometry.resample import resample
from vesal.images import Image, Source
from vesal.inference.automatic import segment_automatically
from vesal.inference.automatic_lattice import lattice_over
from vesal.inference.upright import upright
from vesal.models.automatic import Automatic
from vesal.progress import Counter

THREE = ("one", "two", "three")


def blobs(shape: tuple[int, ...], seed: int = 0, most: int = 3) -> np.ndarray:
    """Smooth values from 0 to ``most``."""
    noise = np.random.default_rng(seed).normal(size=shape)
    thick = [3.0 if n > 1 else 0.0 for n in shape]
    smooth = ndimage.gaussian_filter(noise, thick)
    scaled = most * (smooth - smooth.min()) / max(np.ptp(smooth), 1e-9)
    return np.asarray(scaled, np.float32)


def at_spacing_of(grid: Grid, side: int = 16) -> Automatic:
    """A model that takes values for class numbers, whose lattice is the image itself."""
    spacing = upright(np.zeros(grid.shape), grid)[1].spacing_mm
    config = automatic_config(ndim=grid.ndim, side=side, classes=THREE)
    return exact_automatic(replace(config, spacing_mm=spacing))


def cubic(spacing_mm: float) -> Automatic:
    """The same with cubic voxels of this size."""
    return exact_automatic(automatic_config(side=16, spacing_mm=spacing_mm, classes=THREE))


@pytest.mark.parametrize("name", [*UGLY, *RASTERS])
def test_labels_lie_where_the_values_are(name: str) -> None:
    """On every ugly grid: a model that reads class numbers off the voxels gives them back."""
    grid = UGLY[name] if name in UGLY else RASTERS[name]
    values = np.round(blobs(grid.shape) + speckle(grid.shape)).clip(0, 3).astype(np.float32)
    if np.ptp(values) == 0:
        return  # one voxel: nothing to find
    labels = segment_automatically(Image(array=values, grid=grid), at_spacing_of(grid))
    assert np.array_equal(labels.array, values)
    assert labels.grid.same_as(grid)
    assert [(s.number, s.name) for s in labels.segments] == list(enumerate(THREE, 1))


@settings(max_examples=12)
@given(grid=ugly_grids(longest=16))
def test_logits_are_interpolated_before_classes_are_compared(grid: Grid) -> None:
    """Against the whole way in one piece: every logit of every class on the image's own grid."""
    values = blobs(grid.shape)
    if np.ptp(values) == 0:
        return
    model = cubic(2.0)
    found = segment_automatically(Image(array=values, grid=grid), model).array
    turned, upright_grid = upright(values, grid)
    lattice = lattice_over(upright_grid, (2.0, 2.0, 2.0))
    shown = resample(turned, upright_grid, lattice, antialias=True)
    logits = np.stack([resample(-((shown - n) ** 2), lattice, upright_grid) for n in range(4)])
    first, second = np.sort(logits, axis=0)[[-1, -2]]
    clear = first - second > 1e-4
    expected = logits.argmax(0)
    assert (upright(found, grid)[0] == expected)[clear].all()


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_how_the_file_stores_its_axes_changes_no_label(order: tuple[int, ...]) -> None:
    """Permuted and flipped volumes give permuted and flipped labels, to the bit."""
    grid = enlarged(UGLY["anisotropic"], 4)
    values = blobs(grid.shape, most=2)
    torch.manual_seed(3)
    model = tiny_automatic(side=16)
    expected = segment_automatically(Image(array=values, grid=grid), model).array
    assert len(np.unique(expected)) > 1
    for flips in list(product((1, -1), repeat=3))[1::3]:
        matrix = np.zeros((4, 4))
        matrix[3, 3] = 1
        for new, old in enumerate(order):
            matrix[old, new] = flips[new]
            matrix[old, 3] = 0 if flips[new] == 1 else grid.shape[old] - 1
        turn = tuple(slice(None, None, flip) for flip in flips)
        stored = values.transpose(order)[turn]
        image = Image(array=stored, grid=Grid(shape=stored.shape, affine=grid.affine @ matrix))
        found = segment_automatically(image, model).array
        assert np.array_equal(found, expected.transpose(order)[turn])


@pytest.mark.parametrize("kind", ["unet", "sam"])
def test_an_image_of_one_window_is_what_the_model_says_of_it(kind: str) -> None:
    """No blending, no resampling: the argmax of one look."""
    model = tiny_automatic(kind)
    values = blobs((32, 32, 32), most=2)
    grid = Grid(shape=(32, 32, 32), affine=np.diag([2.0, 2, 2, 1]))
    found = segment_automatically(Image(array=values, grid=grid), model).array
    with torch.inference_mode():
        logits = model(torch.from_numpy(values)[None, None])[0]
    assert np.array_equal(found, logits.argmax(0).numpy())


def test_every_class_of_twenty_is_found_in_its_place() -> None:
    """The best so far is kept class by class; a later class that is better has the voxel."""
    classes = tuple(f"class {n}" for n in range(1, 21))
    model = exact_automatic(automatic_config(side=16, spacing_mm=1.0, classes=classes))
    values = np.round(blobs((30, 20, 24), most=20))
    grid = Grid(shape=values.shape, affine=np.eye(4))
    found = segment_automatically(Image(array=values, grid=grid), model)
    assert np.array_equal(found.array, values)
    assert len({segment.colour for segment in found.segments}) == 20


def test_memory_does_not_grow_with_the_classes_on_the_image_grid() -> None:
    """Twenty classes at 1 mm from a lattice of 4 mm take less than four float volumes."""
    classes = tuple(f"class {n}" for n in range(1, 21))
    model = exact_automatic(automatic_config(side=16, spacing_mm=4.0, classes=classes))
    values = blobs((60, 70, 240), most=20)
    image = Image(array=values, grid=Grid(shape=values.shape, affine=np.eye(4)))
    tracemalloc.start()
    segment_automatically(image, model)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * values.nbytes


def test_progress_counts_windows_to_the_end() -> None:
    """So that a bar moves while a large scan is looked at."""
    counter = Counter()
    grid = Grid(shape=(40, 20, 20), affine=np.diag([2.0, 2, 2, 1]))
    image = Image(array=blobs(grid.shape), grid=grid)
    segment_automatically(image, cubic(2.0), progress=counter)
    assert counter.finished
    assert len(counter.reports) == 4 * 2 * 2


def test_a_model_needs_an_image_of_its_axes_with_something_in_it() -> None:
    """One sentence each."""
    flat = Image(array=blobs((20, 20)), grid=Grid(shape=(20, 20), affine=np.eye(3)))
    with pytest.raises(ImageError, match=r"needs an image with 3 axes, got .* which has 2"):
        segment_automatically(flat, cubic(2.0))
    grid = Grid(shape=(5, 5, 5), affine=np.eye(4))
    with pytest.raises(ImageError, match="same value in every voxel"):
        segment_automatically(Image(array=np.ones((5, 5, 5)), grid=grid), cubic(2.0))


def test_a_colour_raster_is_seen_as_grey() -> None:
    """By its luminance."""
    values = np.random.default_rng(0).integers(0, 2, (24, 20, 1)) * np.ones(3)
    grid = RASTERS["pixels"]
    grid = Grid(shape=(24, 20), affine=grid.affine)
    image = Image(array=values.astype(np.uint8), grid=grid, source=Source())
    config = automatic_config(ndim=2, side=16, spacing_mm=1.0, classes=THREE)
    found = segment_automatically(image, exact_automatic(config))
    assert np.array_equal(found.array, values[..., 0])
