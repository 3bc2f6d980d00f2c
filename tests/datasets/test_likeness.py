"""Tests of vesal.datasets.likeness: the same scan is found whatever became of its file."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesal.datasets import alike, find_twins, signature
from vesal.datasets.likeness import Signature, difference
from vesal.geometry import Grid, resample
from vesal.images import Image, open_image

FILES = {
    "ct": "src/vesal/assets/scans/example_ct.nii.gz",
    "mr": "src/vesal/assets/scans/example_mr_sm.nii.gz",
    "brain": "tests/data/brain1_image.nrrd",
    "dicom": "tests/data/example_ct_dicom",
    "nuclei": "tests/data/img2d.tif",
    "stack": "tests/data/img3d.tif",
}
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def images() -> dict[str, Image]:
    """Real images: four volumes of people, a picture and a stack of nuclei."""
    return {name: open_image(ROOT / path) for name, path in FILES.items()}


@pytest.fixture(scope="module")
def signatures(images: dict[str, Image]) -> dict[str, Signature]:
    """Their signatures."""
    return {name: signature(image) for name, image in images.items()}


def coarser(image: Image, factor: float) -> Image:
    """The image on fewer voxels."""
    grid = image.grid
    shape = tuple(max(1, round(n * factor)) for n in grid.shape)
    step = np.array(grid.shape) / np.array(shape)
    affine = grid.affine @ np.diag([*step, 1])
    affine[:-1, -1] = grid.to_world((step[np.newaxis] - 1) / 2)[0]
    target = Grid(shape=shape, affine=affine)
    return Image(array=resample(image.grey(), grid, target, antialias=True), grid=target)


def stored_otherwise(image: Image) -> Image:
    """The same voxels with axes in another order and direction, and the affine to them."""
    grid = image.grid
    affine = grid.affine.copy()
    affine[:-1, -1] += affine[:-1, 0] * (grid.shape[0] - 1)
    affine[:-1, 0] *= -1
    order = list(range(grid.ndim))[::-1]
    array = np.transpose(image.grey()[::-1], order)
    affine[:-1, :-1] = affine[:-1, :-1][:, order]
    return Image(array=array, grid=Grid(shape=array.shape, affine=affine))


def as_bytes(image: Image, low: float = 0, high: float = 100) -> Image:
    """Eight bits between two percentiles, as pictures and challenges have them."""
    grey = image.grey()
    first, last = np.percentile(grey, [low, high])
    scaled = np.clip((grey - first) / (last - first), 0, 1) * 255
    return Image(array=scaled.astype(np.uint8), grid=image.grid)


def cropped(image: Image, share: float) -> Image:
    """Without some voxels at the beginning of each axis."""
    grid = image.grid
    start = [round(n * share) for n in grid.shape]
    part = tuple(slice(first, None) for first in start)
    return Image(array=image.grey()[part], grid=grid.crop(start, grid.shape))


@pytest.mark.parametrize("name", sorted(FILES))
def test_storage_type_and_contrast_do_not_matter(
    name: str, images: dict[str, Image], signatures: dict[str, Signature]
) -> None:
    """What is only written in another way is the same up to rounding."""
    image = images[name]
    assert signature(stored_otherwise(image)) == signatures[name] or (
        difference(signature(stored_otherwise(image)), signatures[name]) < 0.001
    )
    assert difference(signature(as_bytes(image)), signatures[name]) < 0.01
    scaled = Image(array=image.grey() * np.float32(0.25) + np.float32(40), grid=image.grid)
    assert difference(signature(scaled), signatures[name]) < 0.01


@pytest.mark.parametrize("name", sorted(FILES))
def test_what_was_made_of_a_scan_is_found(
    name: str, images: dict[str, Image], signatures: dict[str, Signature]
) -> None:
    """Resampled to other voxels, in a narrower window, without a few slices and rows."""
    image = images[name]
    share = 0.02 if image.grid.ndim == 3 else 0.01
    for made in (coarser(image, 0.5), coarser(image, 0.77), as_bytes(image, 2, 98)):
        assert difference(signature(made), signatures[name]) < 0.15
        assert alike(signature(made), signatures[name])
    assert alike(signature(cropped(image, share)), signatures[name])


def test_other_scans_are_not_found(signatures: dict[str, Signature]) -> None:
    """Two CTs of bellies neither: all differ by more than twice the bound."""
    for one, first in signatures.items():
        for other, second in signatures.items():
            if one != other:
                assert difference(first, second) > 0.6
    assert find_twins(signatures) == ()


def slices(image: Image, axis: int, gap_mm: float) -> list[Signature]:
    """Signatures of slices as pictures, so far apart."""
    step = max(1, round(gap_mm / image.grid.spacing_mm[axis]))
    grey = np.moveaxis(image.grey(), axis, 0)[::step]
    grid = Grid(shape=grey.shape[1:], affine=np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 1]]))
    return [signature(Image(array=plane, grid=grid)) for plane in grey]


def test_distant_slices_of_a_scan_are_different_pictures(images: dict[str, Image]) -> None:
    """Slices side by side are alike, and they are of one patient; 30 mm apart they are not."""
    near, far = slices(images["ct"], 2, 3), slices(images["ct"], 2, 30)
    assert np.mean([alike(a, b) for a, b in pairwise(near)]) > 0.9
    assert not any(alike(a, b) for a, b in pairwise(far))


@pytest.mark.parametrize("shape", [(1, 1), (20, 3), (9, 8, 7), (30, 30, 1)])
def test_images_without_contrast_are_like_none(shape: tuple[int, ...]) -> None:
    """Not even like each other: all empty images would be one patient."""
    grid = Grid(shape=shape, affine=np.eye(len(shape) + 1))
    blank = [signature(Image(array=np.full(shape, v, np.float32), grid=grid)) for v in (0, 1e7)]
    assert all(one.is_blank for one in blank)
    assert not alike(*blank)
    assert difference(*blank) == 1
    assert find_twins({"a": blank[0], "b": blank[1]}) == ()


def test_a_picture_is_not_like_a_volume(signatures: dict[str, Signature]) -> None:
    """Their bits mean other things."""
    assert difference(signatures["nuclei"], signatures["stack"]) == 1


def test_colours_count_by_their_brightness(images: dict[str, Image]) -> None:
    """A grey picture saved in colour."""
    grey = as_bytes(images["nuclei"])
    colour = Image(array=np.stack([grey.array] * 3, axis=-1), grid=grey.grid)
    assert difference(signature(colour), signature(grey)) < 0.01


@given(seeds=st.lists(st.integers(0, 5), max_size=12), noise=st.integers(0, 99))
def test_twins_are_groups_of_what_is_alike(seeds: list[int], noise: int) -> None:
    """The same as asking each pair, with what both are like."""
    rng = np.random.default_rng(noise)
    known = {}
    for number, seed in enumerate(seeds):
        bits = np.random.default_rng(seed).random(2208) < 0.4
        bits ^= rng.random(2208) < rng.choice([0.0, 0.05, 0.1])
        known[f"{number:02}"] = Signature(ndim=2, bits=np.packbits(bits).tobytes())
    groups: list[set[str]] = []
    for name, one in known.items():
        close = [g for g in groups if any(alike(one, known[other]) for other in g)]
        groups = [g for g in groups if g not in close] + [set().union({name}, *close)]
    expected = sorted(tuple(sorted(group)) for group in groups if len(group) > 1)
    assert find_twins(known) == tuple(expected)


def test_twins_are_as_close_as_was_asked_for() -> None:
    """Those that differ more are parted, those that differ just as much are not; chains hold."""
    base = [n % 3 == 0 for n in range(800)]

    def changed(count: int) -> Signature:
        bits = [not bit if n < count else bit for n, bit in enumerate(base)]
        return Signature(ndim=3, bits=np.packbits(bits).tobytes())

    signatures = {"a": changed(0), "b": changed(20), "c": changed(40), "d": changed(80)}
    assert find_twins(signatures, 0.3) == (("a", "b", "c", "d"),)
    assert find_twins(signatures, 0.1) == (("a", "b", "c"),)  # a and c by way of b
    assert find_twins(signatures, 0.0) == ()
    two = {name: signatures[name] for name in "ab"}
    assert find_twins(two, difference(*two.values())) == (("a", "b"),)
