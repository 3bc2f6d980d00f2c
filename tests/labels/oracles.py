"""What others find in the DICOM objects that vesal writes: pydicom alone, highdicom, dciodvfy."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

from vesal.geometry import Grid, ras_to_lps
from vesal.images import Source
from vesal.labels import LabelMap

_DCIODVFY = shutil.which("dciodvfy")


def decoded(path: Path, grid: Grid) -> NDArray[np.int_]:
    """The segment of each voxel of a grid, by pydicom and plain geometry alone."""
    data = pydicom.dcmread(path)
    shared = data.SharedFunctionalGroupsSequence[0]
    directions = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float)
    spacing = np.array(shared.PixelMeasuresSequence[0].PixelSpacing, float)
    step = np.stack([directions[:3] * spacing[1], directions[3:] * spacing[0]], axis=1)
    pixels = _pixels(data)
    found = np.zeros(grid.shape, int)
    for group, frame in zip(data.PerFrameFunctionalGroupsSequence, pixels, strict=True):
        place = np.array(group.PlanePositionSequence[0].ImagePositionPatient, float)
        values = frame.astype(int)
        if data.SegmentationType == "BINARY":
            holder = group if "SegmentIdentificationSequence" in group else shared
            values *= int(holder.SegmentIdentificationSequence[0].ReferencedSegmentNumber)
        rows, columns = np.nonzero(frame)
        points = place[:, np.newaxis] + step @ np.array([columns, rows])
        index = np.linalg.solve(
            ras_to_lps(grid.affine), np.vstack([points, np.ones((1, points.shape[1]))])
        )[:3]
        np.testing.assert_allclose(index, index.round(), atol=0.01)
        found[tuple(index.round().astype(int))] += values[rows, columns]
    return found


def _pixels(data: pydicom.Dataset) -> NDArray[np.uint8]:
    """All frames; one-bit ones follow each other without a gap, the first pixel lowest."""
    shape = (int(data.NumberOfFrames), data.Rows, data.Columns)
    if data.BitsAllocated > 1:
        return data.pixel_array.reshape(shape)
    bits = np.unpackbits(np.frombuffer(data.PixelData, np.uint8), bitorder="little")
    return bits[: np.prod(shape)].reshape(shape)


def expected_segments(labels: LabelMap) -> NDArray[np.int_]:
    """The array with the numbers that a SEG counts."""
    found = np.zeros(labels.array.shape, int)
    for number, segment in enumerate(labels.segments, start=1):
        found[labels.array == segment.number] = number
    return found


def by_highdicom(path: Path, source: Source) -> NDArray[np.int_]:
    """The segment of each voxel, (column, row, slice), found by the references to the image."""
    from highdicom.seg import segread

    seg = segread(path)
    if source.frames:
        uid = pydicom.dcmread(source.files[0], stop_before_pixels=True).SOPInstanceUID
        pixels = seg.get_pixels_by_source_frame(
            uid,
            [frame + 1 for frame in source.frames],
            combine_segments=True,
            assert_missing_frames_are_empty=True,
        )
    else:
        uids = [pydicom.dcmread(f, stop_before_pixels=True).SOPInstanceUID for f in source.files]
        pixels = seg.get_pixels_by_source_instance(
            uids, combine_segments=True, assert_missing_frames_are_empty=True
        )
    return np.asarray(pixels.T, int)


def errors_of(path: Path) -> list[str]:
    """The error lines of dciodvfy about a file."""
    if _DCIODVFY is None:
        pytest.skip("dciodvfy of dicom3tools is not installed")
    done = subprocess.run(  # noqa: S603  # our own file
        [_DCIODVFY, str(path)], capture_output=True, text=True, check=False
    )
    lines = (done.stdout + done.stderr).splitlines()
    assert lines, "dciodvfy said nothing, not even the name of the object"
    return [line for line in lines if "Error" in line or "Abort" in line]
