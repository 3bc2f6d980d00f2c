# SimpleITK does not annotate all of its functions:
# mypy: disable-error-code="no-untyped-call"
"""Tests of vesal.images.dicom.quiet: silence in many threads."""

import logging
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK

from tests.dicom_series import write_series
from vesal.images import open_image
from vesal.images.dicom.quiet import quiet


def _displays() -> bool:
    return bool(SimpleITK.ProcessObject.GetGlobalWarningDisplay())


def test_what_was_is_restored_when_the_last_reader_leaves() -> None:
    """Readers overlap; neither the first nor the last leaves silence behind."""
    display, filters = _displays(), list(warnings.filters)
    levels = [logging.getLogger(name).level for name in ("pydicom", "highdicom")]
    inside, leave = threading.Event(), threading.Event()

    def first() -> None:
        with quiet():
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(10)
    with quiet():
        leave.set()
        thread.join()
        assert not _displays()
        assert not logging.getLogger("highdicom").isEnabledFor(logging.WARNING)
        pydicom.DataElement(0x00081030, "LO", "longer than 64 characters " * 4)
    assert _displays() is display
    assert list(warnings.filters) == filters
    assert [logging.getLogger(name).level for name in ("pydicom", "highdicom")] == levels


def test_only_pydicom_is_hushed() -> None:
    """A warning of somebody else's, in another thread maybe, is heard."""
    with quiet(), pytest.raises(UserWarning, match="heard"):
        warnings.warn("heard", UserWarning, stacklevel=1)


def test_an_error_inside_does_not_leave_silence_behind() -> None:
    """As when a file is refused."""
    filters = list(warnings.filters)
    with pytest.raises(ValueError, match="refused"), quiet():
        raise ValueError("refused")
    assert list(warnings.filters) == filters


def test_many_threads_read_odd_files_without_a_word(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each file has a value that pydicom warns of; warnings are errors here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folders = [
            write_series(tmp_path / f"s{n}", slices=3, seed=n, SeriesDescription="x" * 70)
            for n in range(4)
        ]
    display, filters = _displays(), list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:
        images = list(pool.map(open_image, [series.folder for series in folders] * 6))
    for series, image in zip(folders * 6, images, strict=True):
        np.testing.assert_array_equal(image.array, series.volume)
    assert _displays() is display
    assert list(warnings.filters) == filters
    assert capfd.readouterr() == ("", "")


def test_pydicom_logs_nothing_meanwhile(caplog: pytest.LogCaptureFixture) -> None:
    """It repeats odd values of a header, which may tell a patient's name."""
    with quiet():
        logging.getLogger("pydicom.pixels").warning("Doe^Jane is odd")
    assert not caplog.records
    logging.getLogger("pydicom.pixels").warning("heard")
    assert [record.message for record in caplog.records] == ["heard"]
