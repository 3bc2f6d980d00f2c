"""Tests of vesal.prompts.depth: whichever way is quicker, the voxels are those of a transform."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.grids import speckle
from vesal.arrays import LabelArray, MaskArray
from vesal.geometry.components import distance_to_border
from vesal.prompts.depth import deepest_voxels
from vesal.prompts.simulate import error_click

Spacing = tuple[float, ...]
Drawn = tuple[LabelArray, Spacing]

ROUTES: dict[str, dict[str, float]] = {
    "as is quickest": {},
    "transform": {"_THICK": -1},
    "array": {"_THICK": 1, "_PASSES": 10**9, "_SPARSE": -1},
    "a few passes, then voxels": {"_THICK": 1, "_PASSES": 6, "_SPARSE": 1, "_LOOKED_UP": 10**9},
    "voxels": {"_THICK": 1, "_PASSES": 0, "_SPARSE": 1, "_LOOKED_UP": 10**9},
    "passes, then a transform": {"_THICK": 1, "_PASSES": 14, "_SPARSE": -1},
    "voxels, then a transform": {"_THICK": 1, "_PASSES": 6, "_SPARSE": 1, "_LOOKED_UP": 0},
}


@st.composite
def regions(draw: st.DrawFn) -> Drawn:
    """Draw regions 1 and 255 between nothing and everything, and any spacing."""
    ndim = draw(st.integers(1, 3))
    shape = draw(st.tuples(*[st.sampled_from([2, 3, 9, 17])] * ndim))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = rng.choice(np.array([0, 1, 255], np.uint8), shape, p=draw(st.sampled_from(SHARES)))
    lump = tuple(slice(draw(st.integers(0, n - 1)), n) for n in shape)
    if draw(st.booleans()):  # something thick between specks
        values[lump] = 1
    values[(0,) * ndim] = 255
    sizes = st.sampled_from([0.2, 0.7, 1.0, 1.5, 5.0]) | st.floats(0.2, 6)
    spacing = draw(st.tuples(*[sizes] * ndim))
    if draw(st.booleans()):  # many steps are as long
        spacing = (spacing[0],) * ndim
    return values, spacing


SHARES = ([0.5, 0.25, 0.25], [0.02, 0.9, 0.08], [0.9, 0.1, 0.0], [0.1, 0.9, 0.0], [0.0, 1.0, 0.0])


def measured(values: LabelArray, spacing: Spacing) -> list[int]:
    """Each region's own transform, and where the larger maximum is."""
    depth = np.zeros(values.shape, np.float32)
    for number in (1, 255):
        np.maximum(depth, distance_to_border(values == number, spacing), out=depth)
    return np.flatnonzero(depth == depth.max()).tolist()


@pytest.mark.parametrize("route", ROUTES)
def test_the_deepest_voxels_are_those_of_a_transform(route: str) -> None:
    """All of them, by every route, with ties as single precision has them."""

    @settings(max_examples=40)
    @given(drawn=regions())
    def check(drawn: Drawn) -> None:
        assert deepest_voxels(*drawn).tolist() == measured(*drawn)

    with pytest.MonkeyPatch.context() as patch:
        for name, value in ROUTES[route].items():
            patch.setattr(f"vesal.prompts.depth.{name}", value)
        check()


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.7, 0.7, 2.5), (3.0, 0.4, 0.9)])
def test_a_thick_region_between_specks_is_found(
    route: str, spacing: Spacing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the array's border too, where the box of what is left is cut off."""
    for name, value in ROUTES[route].items():
        monkeypatch.setattr(f"vesal.prompts.depth.{name}", value)
    values = speckle((40, 36, 30)).astype(np.uint8)
    axes = np.ogrid[:40, :36, :30]
    for centre, number in (((34, 20, 3), 255), ((9, 9, 20), 1)):
        lump = sum(((a - c) * s) ** 2 for a, c, s in zip(axes, centre, spacing, strict=True))
        values[np.asarray(lump <= (9 * min(spacing)) ** 2)] = number
    assert deepest_voxels(values, spacing).tolist() == measured(values, spacing)


def old_click(target: MaskArray, predicted: MaskArray, spacing: Spacing) -> tuple[list[int], bool]:
    """The click by two transforms of the whole array, as it was before anything was left out."""
    missed, extra = target & ~predicted, predicted & ~target
    depths = [distance_to_border(region, spacing) for region in (missed, extra)]
    positive = bool(depths[0].max() >= depths[1].max())
    place = np.argmax(depths[0 if positive else 1])
    return [int(i) for i in np.unravel_index(place, target.shape)], positive


@pytest.mark.parametrize("first", [0.1, 0.5, 0.97])
@pytest.mark.parametrize("second", [0.0, 0.4, 0.9])
def test_the_click_is_that_of_two_transforms(first: float, second: float) -> None:
    """In 2D and 3D, voxel by voxel, and on what is missed where both errors are as deep."""
    rng = np.random.default_rng(3)
    for shape in ((70, 60), (30, 26, 34)):
        target, predicted = rng.random(shape) < first, rng.random(shape) < second
        for spacing in ((1.0, 1.0, 1.0), (0.7, 1.3, 2.5)):
            found = error_click(target, predicted, spacing[: len(shape)])
            assert found is not None
            expected = old_click(target, predicted, spacing[: len(shape)])
            assert (list(found[0]), found[1]) == expected
