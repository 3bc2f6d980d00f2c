"""Tests of vesal.images.payload."""

import bz2
import gzip
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vesal.errors import ImageError, ResourceError
from vesal.images.payload import Packing, Payload, beside, read_payload

ARRAY = np.arange(2 * 3 * 4, dtype=np.int16).reshape((2, 3, 4), order="F")
PACKED = {
    Packing.RAW: lambda raw: raw,
    Packing.GZIP: gzip.compress,
    Packing.ZLIB: zlib.compress,
    Packing.BZIP2: bz2.compress,
}
every_packing = pytest.mark.parametrize("packing", PACKED)


def _payload(
    tmp_path: Path,
    packing: Packing,
    *,
    before: bytes = b"",
    skip: bytes = b"",
    order: str = "<",
    shape: tuple[int, ...] = (2, 3, 4),
    after: bytes = b"",
) -> Any:
    raw = skip + ARRAY.astype(f"{order}i2").tobytes(order="F")
    path = tmp_path / "a.bin"
    path.write_bytes(before + PACKED[packing](raw) + after)
    return Payload(
        path=path,
        shape=shape,
        dtype=np.dtype(f"{order}i2"),
        packing=packing,
        start=len(before),
        skip=len(skip),
    )


@every_packing
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("skip", [b"", b"header", b"x" * 3_000_000])
def test_voxels_come_in_native_order_first_axis_fastest(
    packing: Packing, order: str, skip: bytes, tmp_path: Path
) -> None:
    """Behind bytes of the file and bytes of the block."""
    array = read_payload(_payload(tmp_path, packing, before=b"text\n", skip=skip, order=order))
    np.testing.assert_array_equal(array, ARRAY)
    assert array.dtype == np.int16
    assert array.flags.f_contiguous


def test_numbers_as_text_are_read(tmp_path: Path) -> None:
    """Separated by any white space; too few or too many are refused."""
    path = tmp_path / "a.txt"
    for text, good in (("1 2\n3\t4", True), ("1 2 3", False), ("1 2 3 4 5", False)):
        path.write_text(text)
        payload = Payload(path=path, shape=(2, 2), dtype=np.dtype("f4"), packing=Packing.TEXT)
        if good:
            np.testing.assert_array_equal(read_payload(payload), [[1, 3], [2, 4]])
        else:
            with pytest.raises(ImageError, match="numbers"):
                read_payload(payload)


@every_packing
def test_a_claim_beyond_the_file_is_refused_before_allocation(
    packing: Packing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No array is made for a petabyte that is not there."""
    payload = _payload(tmp_path, packing, shape=(100_000, 100_000, 100_000))
    monkeypatch.setattr(np, "empty", None)
    with pytest.raises(ImageError, match="more than its"):
        read_payload(payload)


@every_packing
def test_a_block_that_ends_early_is_refused(packing: Packing, tmp_path: Path) -> None:
    """One voxel less than promised is not the image."""
    with pytest.raises(ImageError, match="cut short or damaged"):
        read_payload(_payload(tmp_path, packing, shape=(2, 3, 5)))


@pytest.mark.parametrize("packing", [Packing.GZIP, Packing.ZLIB, Packing.BZIP2])
def test_a_wrong_checksum_is_refused(packing: Packing, tmp_path: Path) -> None:
    """Even where all voxels could be unpacked."""
    payload = _payload(tmp_path, packing)
    block = bytearray(payload.path.read_bytes())
    block[-6 if packing is Packing.GZIP else -1] ^= 0x10
    payload.path.write_bytes(bytes(block))
    with pytest.raises(ImageError, match="damaged"):
        read_payload(payload)


def test_a_negative_skip_is_refused(tmp_path: Path) -> None:
    """A block does not begin before itself."""
    payload = _payload(tmp_path, Packing.RAW)
    broken = Payload(
        path=payload.path, shape=(1,), dtype=payload.dtype, packing=Packing.RAW, skip=-2
    )
    with pytest.raises(ImageError, match="damaged"):
        read_payload(broken)


def test_too_little_memory_is_a_resource_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file may be fine; another machine can read it."""

    def refuse(*_args: object, **_options: object) -> None:
        raise MemoryError

    payload = _payload(tmp_path, Packing.RAW)
    monkeypatch.setattr(np, "empty", refuse)
    with pytest.raises(ResourceError, match="48 bytes of memory"):
        read_payload(payload)


@pytest.mark.parametrize("name", ["../a.raw", "/etc/hostname", "missing.raw", "", ".", "LIST"])
def test_a_data_file_lies_beside_its_header(name: str, tmp_path: Path) -> None:
    """A header cannot make vesal read files elsewhere."""
    (tmp_path.parent / "a.raw").write_bytes(b"x")
    with pytest.raises(ImageError, match="same folder"):
        beside(tmp_path / "a.mhd", name)
    (tmp_path / "b.raw").write_bytes(b"x")
    assert beside(tmp_path / "a.mhd", "b.raw") == tmp_path / "b.raw"


def test_a_number_that_its_type_cannot_hold_is_refused(tmp_path: Path) -> None:
    """It was an OverflowError."""
    path = tmp_path / "a.txt"
    path.write_text("1 2 3 40000")
    payload = Payload(path=path, shape=(2, 2), dtype=np.dtype("i2"), packing=Packing.TEXT)
    with pytest.raises(ImageError, match=r"a\.txt is cut short or damaged"):
        read_payload(payload)
