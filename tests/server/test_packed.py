"""Packed arrays: the same as the real client's, and safe against whatever comes."""

import struct
import tracemalloc
from typing import Any

import blosc2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vesal.errors import ImageError
from vesal.server.packed import pack, unpack
from vesal.server.refusals import TooLargeError

LIMIT = 2**20
TYPES = ["bool", "uint8", "int16", "uint16", "int32", "int64", "float16", "float32", "float64"]


def volume(dtype: str, shape: tuple[int, ...] = (3, 4, 5)) -> NDArray[Any]:
    """Numbers of a type."""
    return (np.random.default_rng(3).random(shape) * 90).astype(dtype)


def head(name: bytes, shape: tuple[int, ...], chunks: int, *, ndim: int | None = None) -> bytes:
    """The beginning of a packed array, as a stranger may write it."""
    axes = len(shape) if ndim is None else ndim
    start = b"NNIA" + struct.pack("<BBBB", 1, 1, axes, len(name)) + name
    return start + struct.pack(f"<{len(shape)}q", *shape) + struct.pack("<I", chunks)


@pytest.mark.parametrize("dtype", TYPES)
def test_the_real_client_reads_what_we_write_and_we_what_it_writes(dtype: str) -> None:
    """Both ways, every type, with several chunks too."""
    theirs = pytest.importorskip(
        "nnInteractive.inference.remote.serialization", reason="needs nninteractive-client"
    )
    array = volume(dtype)
    for chunk_bytes in (2**30, 48):
        assert np.array_equal(theirs.unpack_array(pack(array, chunk_bytes=chunk_bytes)), array)
    got = unpack(theirs.pack_array(array), ndim=3, limit_bytes=LIMIT)
    assert got.dtype == array.dtype
    assert np.array_equal(got, array)


@given(
    st.sampled_from(TYPES),
    st.tuples(*[st.integers(0, 5)] * 3),
    st.integers(1, 100),
    st.booleans(),
)
def test_an_array_comes_back_as_it_was(
    dtype: str, shape: tuple[int, ...], chunk_bytes: int, empty: bool
) -> None:
    """Any shape, also without a voxel; any size of chunks; all zeros; any order in memory."""
    array = np.zeros(shape, dtype) if empty else volume(dtype, shape)
    for one in (array, array.T, np.asfortranarray(array)):
        got = unpack(pack(one, chunk_bytes=chunk_bytes), ndim=3, limit_bytes=LIMIT)
        assert got.dtype == one.dtype
        assert np.array_equal(got, one)


@settings(max_examples=300)
@given(st.data())
def test_damage_is_refused_or_does_no_harm(data: st.DataObject) -> None:
    """Cut, changed, made longer: an ImageError, or an array of that shape; nothing else."""
    whole = bytearray(pack(volume("int16"), chunk_bytes=40))
    kind = data.draw(st.sampled_from(["cut", "flip", "add"]))
    if kind == "cut":
        del whole[data.draw(st.integers(0, len(whole) - 1)) :]
    elif kind == "add":
        whole += data.draw(st.binary(min_size=1, max_size=9))
    else:
        for _ in range(data.draw(st.integers(1, 4))):
            whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        got = unpack(bytes(whole), ndim=3, limit_bytes=LIMIT)
    except (ImageError, TooLargeError):
        return
    assert kind == "flip"
    assert got.nbytes <= LIMIT


@given(st.binary(max_size=200))
def test_noise_is_refused(data: bytes) -> None:
    """With and without the right beginning."""
    for one in (data, b"NNIA" + data, b"NNIA\x01\x01\x03" + data):
        with pytest.raises((ImageError, TooLargeError)):
            unpack(one, ndim=3, limit_bytes=LIMIT)


@pytest.mark.parametrize(
    "data",
    [
        head(b"float32", (2**40, 2**40, 2**40), 1),
        head(b"uint8", (2**31, 2**31, 1), 0),
        head(b"uint8", (0, 2**62, 1), 0),
        head(b"uint8", (-1, 4, 4), 1),
        head(b"uint8", (4, 4, 4), 2**32 - 1),
        head(b"object", (2, 2, 2), 1),
        head(b"O", (2, 2, 2), 1),
        head(b"datetime64[ns]", (2, 2, 2), 1),
        head(b"uint8", (2, 2, 2, 2), 1),
        head(b"uint8", (2, 2), 1, ndim=200),
    ],
)
def test_what_a_head_claims_is_judged_before_anything_is_allocated(data: bytes) -> None:
    """Shapes beyond any memory, types that could run code, more axes than there are."""
    tracemalloc.start()
    try:
        with pytest.raises((ImageError, TooLargeError)):
            unpack(data, ndim=3, limit_bytes=LIMIT)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_a_bomb_is_not_unpacked() -> None:
    """A megabyte of zeros in a few bytes, where the head promises eight voxels."""
    bomb = blosc2.compress2(b"\0" * 2**24, typesize=1)
    assert len(bomb) < 2000
    for claimed in (2**24, 8):
        data = head(b"uint8", (2, 2, 2), 1) + struct.pack("<QQ", claimed, len(bomb)) + bomb
        tracemalloc.start()
        try:
            with pytest.raises(ImageError, match="does not fit"):
                unpack(data, ndim=3, limit_bytes=LIMIT)
            assert tracemalloc.get_traced_memory()[1] < 2**20
        finally:
            tracemalloc.stop()
