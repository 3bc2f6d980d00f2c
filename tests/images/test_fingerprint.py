"""What tells images apart."""

import gc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.grids import RASTERS, UGLY
from vesal.geometry import Grid
from vesal.images import Image
from vesal.images import fingerprint as module
from vesal.images.fingerprint import fingerprint

GRID = UGLY["oblique"]
VOXELS = np.random.default_rng(0).integers(-1000, 3000, GRID.shape).astype(np.int16)


def of(array: np.ndarray, grid: Grid = GRID) -> str:
    """The fingerprint of an image."""
    return fingerprint(Image(array=array, grid=grid))


def test_equal_images_have_one_fingerprint_however_they_lie_in_memory() -> None:
    """C order, Fortran order, a view with steps, the other byte order."""
    stepped = np.repeat(VOXELS, 2, axis=1)[:, ::2]
    every = (VOXELS, np.asfortranarray(VOXELS), stepped, VOXELS.astype(">i2"), VOXELS.copy())
    assert len({of(array) for array in every}) == 1
    assert len(of(VOXELS)) == 64


@pytest.mark.parametrize("chunk_bytes", [1, 200, 1000])
def test_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch, chunk_bytes: int) -> None:
    """However many slices are taken at a time."""
    whole = of(VOXELS)
    monkeypatch.setattr(module, "_CHUNK_BYTES", chunk_bytes)
    assert of(VOXELS) == whole


@given(data=st.data(), bit=st.integers(0, 15))
def test_any_other_voxel_is_another_image(data: st.DataObject, bit: int) -> None:
    """One bit of one voxel."""
    voxel = data.draw(st.tuples(*[st.integers(0, n - 1) for n in GRID.shape]))
    other = VOXELS.copy()
    other.view(np.uint16)[voxel] ^= np.uint16(1 << bit)
    assert of(other) != of(VOXELS)


def test_another_grid_type_or_shape_is_another_image() -> None:
    """The same bytes elsewhere; the same numbers in another type; the same numbers turned."""
    moved = GRID.affine.copy()
    moved[0, 3] += 1e-9
    square = np.arange(16, dtype=np.int16).reshape(4, 4)
    plain = Grid(shape=(4, 4), affine=RASTERS["pixels"].affine)
    wide = Grid(shape=(2, 8), affine=RASTERS["pixels"].affine)
    found = [
        of(VOXELS),
        of(VOXELS, Grid(shape=GRID.shape, affine=moved)),
        of(VOXELS.astype(np.int32)),
        of(VOXELS.view(np.uint16)),
        of(square, plain),
        of(np.ascontiguousarray(square.T), plain),
        of(square.reshape(2, 8), wide),
        of(np.repeat(square.astype(np.uint8)[..., None], 3, axis=-1), plain),
    ]
    assert len(set(found)) == len(found)


def test_a_zero_is_a_zero_whatever_its_sign() -> None:
    """Some tools write -0 into affines."""
    signed = np.diag([-1.0, 1, 1, 1])
    signed[0, 1] = -0.0
    plain = np.diag([-1.0, 1, 1, 1])
    grids = [Grid(shape=GRID.shape, affine=affine) for affine in (signed, plain)]
    assert of(VOXELS, grids[0]) == of(VOXELS, grids[1])


def test_an_image_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """And forgotten with the image; an equal one is read again."""
    reads = []

    def counted(array: np.ndarray) -> list[bytes]:
        reads.append(array.shape)
        return [array.tobytes()]

    monkeypatch.setattr(module, "_parts", counted)
    monkeypatch.setattr(module, "_known", {})
    image = Image(array=VOXELS, grid=GRID)
    assert fingerprint(image) == fingerprint(image)
    assert len(reads) == 1
    assert len(module._known) == 1
    del image
    gc.collect()
    assert module._known == {}
    of(VOXELS)
    assert len(reads) == 2
