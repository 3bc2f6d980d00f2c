"""Tests of vesal.datasets.npz: numbers of a bounded size, and pickles of which nothing is run."""

import copyreg
import io
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from vesal.datasets.npz import npz_keys, read_numbers, read_objects
from vesal.errors import ImageError
from vesal.images.allowance import at_most

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=20,
)


def objects(items: list[Any]) -> np.ndarray[Any, np.dtype[np.object_]]:
    """An array of one axis with an object for each item."""
    array = np.empty(len(items), object)
    array[:] = items
    return array


def with_entry(path: Path, content: bytes, name: str = "a.npy") -> Path:
    """A zip file of one entry."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return path


def npy(array: np.ndarray[Any, Any]) -> bytes:
    """A file of NumPy."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def pickled(value: object, protocol: int = 4) -> bytes:
    """A file of NumPy with an object array that holds whatever the pickle says."""
    header = npy(objects([None]))
    head = header[: 10 + int.from_bytes(header[8:10], "little")]
    return head + pickle.dumps(value, protocol)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    array=npst.arrays(
        st.sampled_from(["u1", "<i2", ">i2", "<f4", ">f8", "?"]), npst.array_shapes(max_dims=4)
    ),
    fortran=st.booleans(),
)
def test_numbers_come_back_as_numpy_has_them(
    array: np.ndarray[Any, Any], fortran: bool, tmp_path: Path
) -> None:
    """Of any type, order of bytes and order of axes."""
    path = tmp_path / "a.npz"
    np.savez_compressed(path, a=np.asfortranarray(array) if fortran else array)
    read = read_numbers(path, "a")
    np.testing.assert_array_equal(read, array)
    assert read.dtype == array.dtype.newbyteorder("=")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=st.lists(PLAIN, max_size=5))
def test_objects_come_back_as_they_were(items: list[Any], tmp_path: Path) -> None:
    """Text, numbers, None, lists and dictionaries."""
    np.savez(tmp_path / "a.npz", a=objects(items))
    assert read_objects(tmp_path / "a.npz", "a") == items


@pytest.mark.parametrize("protocol", [3, 4])
def test_numbers_and_arrays_inside_objects_are_plain(protocol: int, tmp_path: Path) -> None:
    """As clicks are written that come from NumPy; modules of NumPy 1 and 2 have other names."""
    inner = np.array([[1, 2], [3, 4]], ">i4")
    grid = np.array([[{"a": 1}, None], [2, "x"]], object)
    value = [{"fg": inner, "f": np.asfortranarray(inner), "n": np.int64(7), "h": np.float32(0.5)}]
    content = pickled(objects([*value, grid, np.array(5, object), np.array(["ab"])]), protocol)
    expected = [
        {"fg": [[1, 2], [3, 4]], "f": [[1, 2], [3, 4]], "n": 7, "h": 0.5},
        [[{"a": 1}, None], [2, "x"]],
        5,
        ["ab"],
    ]
    assert read_objects(with_entry(tmp_path / "a.npz", content), "a") == expected
    old = content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    if protocol == 3:  # its names have no length in front
        assert read_objects(with_entry(tmp_path / "b.npz", old), "a") == expected


def test_arrays_that_are_no_objects_become_lists(tmp_path: Path) -> None:
    """NumPy makes such of lists that are equally long."""
    np.savez(tmp_path / "a.npz", a=np.array([["fg", "bg"]]), b=np.array([]))
    assert read_objects(tmp_path / "a.npz", "a") == [["fg", "bg"]]
    assert read_objects(tmp_path / "a.npz", "b") == []


class Reducing:
    """Pickles as a call."""

    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> Any:
        return self.call


def test_a_hostile_pickle_runs_nothing_and_is_refused(tmp_path: Path) -> None:
    """It does run where NumPy reads it, so the attack is a real one."""
    mark = tmp_path / "executed"
    for value in (
        objects([Reducing(os.mkdir, (str(mark),))]),
        Reducing(os.mkdir, (str(mark),)),
        objects([{"fg": [Reducing(eval, (f"__import__('os').mkdir({str(mark)!r})",))]}]),
    ):
        path = with_entry(tmp_path / "a.npz", pickled(value))
        with np.load(path, allow_pickle=True) as loaded, np.errstate(all="ignore"):
            loaded["a"]
        mark.rmdir()
        with pytest.raises(ImageError, match=r"a in a\.npz is damaged"):
            read_objects(path, "a")
        with pytest.raises(ImageError, match="must hold real numbers"):
            read_numbers(path, "a")
        assert not mark.exists()


def circle() -> list[Any]:
    """A list that holds itself."""
    held: list[Any] = []
    held.append(held)
    return held


def laughter() -> list[Any]:
    """Few lists that hold each other ten times each: ten thousand million values."""
    held: list[Any] = [0] * 10
    for _ in range(9):
        held = [held] * 10
    return held


STATES: dict[str, tuple[Any, ...]] = {
    "too few": (1, (3,), np.dtype(object), False, [1]),
    "below 0": (1, (-1,), np.dtype(object), False, []),
    "no shape": (1, ("a",), np.dtype(object), False, []),
    "bytes": (1, (2,), np.dtype("i4"), False, b"1234"),
    "text": (1, (1,), np.dtype("i4"), False, "1234"),
    "times": (1, (1,), np.dtype("M8[s]"), False, b"12345678"),
    "nothing": (1,),
}


class Stated:
    """Pickles as an array of NumPy with some state."""

    def __init__(self, state: object) -> None:
        self.state = state

    def __reduce__(self) -> Any:
        reconstruct = np.array([1]).__reduce__()[0]
        return reconstruct, (np.ndarray, (0,), b"b"), self.state


@pytest.mark.parametrize("state", sorted(STATES))
def test_arrays_that_contradict_themselves_are_refused(state: str, tmp_path: Path) -> None:
    """Before anything is made of them."""
    path = with_entry(tmp_path / "a.npz", pickled(Stated(STATES[state])))
    with pytest.raises(ImageError, match="is damaged"):
        read_objects(path, "a")


@pytest.mark.parametrize("value", [circle(), laughter(), {1: 2}, b"bytes", {1}, 1j, copyreg])
def test_what_is_too_much_or_something_else_is_refused(value: Any, tmp_path: Path) -> None:
    """At once, whatever it would unfold to."""
    try:
        content = pickled(objects([value]))
    except TypeError:  # a module cannot be pickled; its name can
        content = pickled(objects([copyreg.pickle]))
    with pytest.raises(ImageError, match="is damaged"):
        read_objects(with_entry(tmp_path / "a.npz", content), "a")


def test_a_bomb_is_refused_before_it_unpacks(tmp_path: Path) -> None:
    """What a header promises is held against what is allowed, and against the file."""
    path = tmp_path / "a.npz"
    np.savez_compressed(path, a=np.zeros(10_000_000, np.uint8))
    assert path.stat().st_size < 20_000
    with at_most(1_000_000), pytest.raises(ImageError, match=r"at most 0\.0 GB are taken here"):
        read_numbers(path, "a")
    content = npy(np.zeros(8)).replace(b"(8,)", b"(9,)")
    with pytest.raises(ImageError, match="another size than its header says"):
        read_numbers(with_entry(path, content), "a")
    with pytest.raises(ImageError, match="at most 10,000,000 are read"):
        read_objects(with_entry(path, pickled("x" * 10_000_000)), "a")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY\x09\x00",
        b"\x93NUMPY\x01\x00\x04\x00{{{\n",
        npy(np.zeros(3))[:-1],
        b"x" * 99,
    ],
)
def test_damaged_arrays_are_refused(content: bytes, tmp_path: Path) -> None:
    """In one sentence."""
    path = with_entry(tmp_path / "a.npz", content)
    for read in (read_numbers, read_objects):
        with pytest.raises(ImageError, match=r"a in a\.npz is damaged") as refused:
            read(path, "a")
        assert "\n" not in str(refused.value)


def test_a_flipped_bit_is_noticed(tmp_path: Path) -> None:
    """By the checksum of the zip file."""
    path = tmp_path / "a.npz"
    np.savez(path, a=np.arange(1000, dtype=np.int16))
    damaged = bytearray(path.read_bytes())
    damaged[1000] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(ImageError, match="is damaged"):
        read_numbers(path, "a")


def test_keys_of_a_file_and_of_another_one(tmp_path: Path) -> None:
    """And a key that is not there is refused with those that are."""
    path = tmp_path / "a.npz"
    np.savez(path, imgs=np.zeros(3), gts=np.zeros(3))
    assert npz_keys(path) == {"imgs", "gts"}
    with pytest.raises(ImageError, match=r"no array 'segs'; it has: imgs\.npy, gts\.npy"):
        read_numbers(path, "segs")
    path.write_bytes(b"something else")
    assert npz_keys(path) == npz_keys(tmp_path / "none") == frozenset()
    path.write_bytes(b"PK\x03\x04 and nothing")
    assert npz_keys(path) == frozenset()
