"""Tests of vesal.training.case."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.grids import RASTERS, UGLY, speckle
from vesal.errors import ResourceError
from vesal.geometry import Grid, Patch
from vesal.images.normalisation import Moments
from vesal.training.case import Case, Held, load_case, save_case

GRIDS = {**UGLY, **RASTERS}


def case_of(path: Path, grid: Grid, *, colour: bool = False) -> tuple[Case, np.ndarray, np.ndarray]:
    """A case with two structures, with its image and masks, on the disk."""
    rng = np.random.default_rng(0)
    image = rng.integers(1, 200, (*grid.shape, 3) if colour else grid.shape)
    image = image.astype(np.uint8 if colour else np.int16)
    masks = np.stack([speckle(grid.shape, 1), speckle(grid.shape, 2)])
    patches = [Patch.of(mask) for mask in masks]
    case = Case(
        path=path,
        name="täst",
        dataset="set",
        modality="CT",
        patient="one",
        grid=grid,
        colour=colour,
        structures=tuple(
            Held(name=f"s{n}", start=p.start, shape=p.shape, voxels=p.count)
            for n, p in enumerate(patches)
        ),
        bounds=(1.5, 199.25),
        moments=Moments(mean=100.0, deviation=3.25),
        notes=("odd",),
    )
    save_case(case, image, patches)
    return case, image, masks


def padded(array: np.ndarray, part: list[slice], fill: int) -> np.ndarray:
    """The index range by NumPy's own padding."""
    wide = 12
    around = [(wide, wide)] * len(part) + [(0, 0)] * (array.ndim - len(part))
    whole = np.pad(array, around, constant_values=fill)
    return whole[tuple(slice(s.start + wide, s.stop + wide) for s in part)]


@pytest.mark.parametrize("name", GRIDS)
def test_any_range_is_read_as_numpy_pads_it(name: str, tmp_path: Path) -> None:
    """In the image, over its faces and beyond it; the image and each structure alike."""
    grid = GRIDS[name]
    case, image, masks = case_of(tmp_path / "x.safetensors", grid, colour=grid.ndim == 2)
    starts = st.integers(-10, 9)
    ranges = st.tuples(*[st.tuples(starts, st.integers(1, 3))] * grid.ndim)
    with case.opened() as reading:

        @given(ranges)
        def check(drawn: tuple[tuple[int, int], ...]) -> None:
            part = [slice(a, a + n) for a, n in drawn]
            np.testing.assert_array_equal(reading.values(part, fill=7.0), padded(image, part, 7))
            for number, mask in enumerate(masks):
                found = reading.mask(number, part)
                np.testing.assert_array_equal(found, padded(mask, part, 0))

        check()
        whole = [slice(0, n) for n in grid.shape]
        assert reading.values(whole).dtype == image.dtype
        np.testing.assert_array_equal(reading.values(whole), image)


def test_what_is_known_of_a_case_comes_back_to_the_bit(tmp_path: Path) -> None:
    """Also from another process, to which it is sent."""
    case, _, _ = case_of(tmp_path / "x.safetensors", UGLY["sheared"])
    for again in (load_case(case.path), pickle.loads(pickle.dumps(case))):  # noqa: S301
        assert again is not None
        assert again.grid.same_as(case.grid, tolerance=0.0)
        for field in ("path", "name", "modality", "structures", "bounds", "moments", "notes"):
            assert getattr(again, field) == getattr(case, field)


@pytest.mark.parametrize("damage", ["gone", "cut short", "of another program"])
def test_a_damaged_file_is_no_case(damage: str, tmp_path: Path) -> None:
    """It is made anew when asked for in time, and a sentence says so when it is too late."""
    case, _, _ = case_of(tmp_path / "x.safetensors", UGLY["oblique"])
    if damage == "gone":
        case.path.unlink()
    elif damage == "cut short":
        case.path.write_bytes(case.path.read_bytes()[:-10])
    else:
        case.path.write_bytes(b"\0" * 200)
    assert load_case(case.path) is None
    with pytest.raises(ResourceError, match="gone or damaged"), case.opened():
        pytest.fail("it cannot be opened")
