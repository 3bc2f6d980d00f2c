"""Tests of vesal.images.dicom.file: files that claim more than they hold, or hold too much."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from tests.dicom_series import Series, write_series
from vesal.errors import ImageError
from vesal.images import open_image
from vesal.images.allowance import at_most


@pytest.fixture
def series(tmp_path: Path) -> Series:
    """A series of one slice, deflated."""
    made = write_series(tmp_path / "s", slices=1)
    data = pydicom.dcmread(made.files[0])
    data.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    data.save_as(made.files[0])
    return made


def test_what_is_deflated_is_read(series: Series) -> None:
    """The volume is that of the series."""
    np.testing.assert_array_equal(open_image(series.folder).array, series.volume)


def test_what_is_deflated_and_damaged_is_refused(series: Series) -> None:
    """It was a zlib.error, which no command takes for a damaged file."""
    (path,) = series.files
    block = path.read_bytes()
    path.write_bytes(block[:-40])
    with pytest.raises(ImageError, match=path.name):
        open_image(path)


def test_what_inflates_beyond_the_limit_is_refused(series: Series) -> None:
    """Zeros that a server would have held: one megabyte of them for each kilobyte."""
    (path,) = series.files
    block = path.read_bytes()
    bomb = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    zeros = bomb.compress(bytes(8 << 20)) + bomb.flush()
    meta = 144 + struct.unpack("<I", block[140:144])[0]  # of the group before the data set
    path.write_bytes(block[:meta] + zeros)
    with at_most(1 << 20), pytest.raises(ImageError, match="unpacks to"):
        open_image(path)
