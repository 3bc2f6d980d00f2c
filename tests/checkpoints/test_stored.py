"""Tests of vesal.checkpoints.stored: the bytes of a tensor, and nothing beyond them."""

import io
import zlib

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vesal.checkpoints.stored import ITEM_BYTES, Place, Stored, contiguous, is_finite
from vesal.errors import CheckpointError

VALUES = np.arange(60, dtype=np.float32)
CONTENT = b"some header" + VALUES.tobytes()
START = len(b"some header")
WHOLE = Place(start=START, size_bytes=VALUES.nbytes, crc32=zlib.crc32(VALUES.tobytes()))


@given(data=st.data())
def test_any_view_of_a_storage_is_what_numpy_makes_of_it(data: st.DataObject) -> None:
    """Slices, steps and other orders of axes, with the checksum of the whole storage."""
    cube = VALUES.reshape(3, 4, 5)
    cuts = tuple(
        slice(data.draw(st.integers(0, n - 1)), n, data.draw(st.integers(1, n))) for n in cube.shape
    )
    view = cube[cuts].transpose(data.draw(st.permutations((0, 1, 2))))
    first = sum(cut.start * step for cut, step in zip(cuts, (20, 5, 1), strict=True))
    stored = Stored(
        kind="float32",
        shape=view.shape,
        strides=tuple(step // 4 for step in view.strides),
        first=first,
        place=WHOLE,
    )
    raw = stored.read(io.BytesIO(CONTENT))
    assert np.array_equal(raw.view(np.float32), view)
    assert raw.flags.c_contiguous
    assert raw.flags.writeable
    assert (stored.count, stored.size_bytes) == (view.size, view.nbytes)


@pytest.mark.parametrize("shape", [(60,), (6, 10)])
@pytest.mark.parametrize("first", [0, 1])
def test_a_wrong_checksum_is_noticed(shape: tuple[int, ...], first: int) -> None:
    """Also where the tensor is only a part of what was summed."""
    damaged = bytearray(CONTENT)
    damaged[-1] ^= 1
    stored = contiguous("float32", shape, WHOLE)
    if first:
        stored = Stored(kind="float32", shape=(3,), strides=(1,), first=first, place=WHOLE)
    with pytest.raises(CheckpointError, match="checksum"):
        stored.read(io.BytesIO(damaged))


@pytest.mark.parametrize("lost", [1, 4, 239, 240])
def test_a_file_that_ends_early_is_noticed(lost: int) -> None:
    """No tensor is filled up with anything."""
    place = Place(start=START, size_bytes=VALUES.nbytes)
    with pytest.raises(CheckpointError, match="ends inside a tensor"):
        contiguous("float32", (60,), place).read(io.BytesIO(CONTENT[:-lost]))


@pytest.mark.parametrize("kind", ["float64", "float32", "float16", "bfloat16"])
@given(data=st.data())
def test_values_are_finite_exactly_where_torch_says_so(kind: str, data: st.DataObject) -> None:
    """For any bits."""
    item = ITEM_BYTES[kind]
    bits = data.draw(st.lists(st.integers(0, 256**item - 1), min_size=1, max_size=4))
    raw = np.array(bits, dtype=f"u{item}").view(f"i{item}")
    tensor = torch.from_numpy(raw.copy()).view(getattr(torch, kind))
    assert is_finite(kind, raw) == bool(torch.isfinite(tensor).all())


def test_whole_numbers_are_always_finite() -> None:
    """The largest, too."""
    assert is_finite("int16", np.array([0x7FFF, -1], dtype=np.int16))
