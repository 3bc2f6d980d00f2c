"""What is no label map is refused, in words."""

from pathlib import Path

import nibabel as nib
import nrrd
import numpy as np
import pytest

from vesal.errors import ImageError
from vesal.geometry import Grid
from vesal.labels import LabelMap, Segment, open_labels


def nifti(path: Path, values: np.ndarray) -> Path:
    """A NIfTI file by nibabel."""
    nib.save(nib.Nifti1Image(values, np.eye(4)), path)  # type: ignore[no-untyped-call]
    return path


def test_whole_numbers_stored_as_floats_are_labels(tmp_path: Path) -> None:
    """As many tools write them; names and colours are made up, the same each time."""
    values = np.zeros((3, 4, 5), np.float32)
    values[0], values[1] = 2, 300
    read = open_labels(nifti(tmp_path / "a.nii.gz", values))
    assert read.array.dtype == np.uint16
    assert [(s.number, s.name) for s in read.segments] == [(2, "label 2"), (300, "label 300")]
    assert open_labels(tmp_path / "a.nii.gz").segments == read.segments


@pytest.mark.parametrize(
    ("value", "message"),
    [(0.5, "whole numbers"), (-1, "between 0 and 65535"), (70000, "between 0 and 65535")],
)
def test_values_that_are_no_labels_are_refused(value: float, message: str, tmp_path: Path) -> None:
    """Fractions, negative ones, too many."""
    values = np.zeros((3, 4, 5), np.float32)
    values[1, 1, 1] = value
    with pytest.raises(ImageError, match=message):
        open_labels(nifti(tmp_path / "a.nii", values))


def test_overlapping_segments_of_slicer_are_refused_with_the_way_out(tmp_path: Path) -> None:
    """Layers cannot be one label map."""
    header = {
        "space": "left-posterior-superior",
        "space directions": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        "space origin": [0, 0, 0],
        "Segment0_Name": "a", "Segment0_Layer": "0", "Segment0_LabelValue": "1",
        "Segment1_Name": "b", "Segment1_Layer": "1", "Segment1_LabelValue": "1",
    }  # fmt: skip
    nrrd.write(str(tmp_path / "a.seg.nrrd"), np.zeros((3, 4, 5), np.uint8), header)
    with pytest.raises(ImageError, match="several layers because they overlap; in 3D Slicer"):
        open_labels(tmp_path / "a.seg.nrrd")


def test_a_segmentation_of_slicer_is_read_with_its_names(data: Path, tmp_path: Path) -> None:
    """The fields as 3D Slicer writes them, in another order, without the ones it may leave out."""
    values = np.zeros((3, 4, 5), np.uint8)
    values[1] = 4
    header = {
        "Segment0_ID": "Segment_1", "Segment0_Name": "tumour", "Segment0_LabelValue": "4",
        "Segment0_Color": "0.5 0.25 1",
    }  # fmt: skip
    nrrd.write(str(tmp_path / "a.seg.nrrd"), values, header)
    read = open_labels(tmp_path / "a.seg.nrrd")
    assert [(s.number, s.name, s.colour) for s in read.segments] == [(4, "tumour", (128, 64, 255))]


@pytest.mark.parametrize("content", [b"", b"\x00" * 400, b"NRRD0004\n"])
def test_damaged_files_are_refused(content: bytes, tmp_path: Path) -> None:
    """By the reader of the voxels, in one sentence."""
    for suffix in (".nii", ".nrrd", ".seg.nrrd"):
        path = tmp_path / f"a{suffix}"
        path.write_bytes(content)
        with pytest.raises(ImageError) as refused:
            open_labels(path)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("size", "names"), [(None, "liver"), (7, "label 1"), (2**31, "liver")])
def test_a_damaged_table_of_labels_costs_no_more_than_the_names(
    size: int | None, names: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nibabel raised an error that nobody knew, and mended other fields aloud."""
    grid = Grid(shape=(2, 2, 2), affine=np.eye(4))
    segments = (Segment(number=1, name="liver", colour=(1, 2, 3)),)
    path = tmp_path / "a.nii"
    LabelMap(array=np.ones((2, 2, 2), np.uint8), grid=grid, segments=segments).save(path)
    block = bytearray(path.read_bytes())
    block[0:4] = (349).to_bytes(4, "little")
    if size is not None:
        block[352:356] = size.to_bytes(4, "little")
    path.write_bytes(bytes(block))
    assert [segment.name for segment in open_labels(path).segments] == [names]
    assert capfd.readouterr() == ("", "")


def coloured(path: Path, old: bytes, new: bytes) -> Path:
    """A red segment as 3D Slicer has it, a word of its header changed."""
    grid = Grid(shape=(2, 2, 2), affine=np.eye(4))
    segments = (Segment(number=1, name="liver", colour=(255, 0, 0)),)
    LabelMap(array=np.ones((2, 2, 2), np.uint8), grid=grid, segments=segments).save(path)
    block = path.read_bytes()
    assert old in block
    path.write_bytes(block.replace(old, new))
    return path


def test_a_colour_without_bounds_is_refused(tmp_path: Path) -> None:
    """It was an OverflowError."""
    path = coloured(tmp_path / "a.seg.nrrd", b"1 0 0\n", b"inf 0 0\n")
    with pytest.raises(ImageError, match=r"a\.seg\.nrrd has a segment that cannot be read"):
        open_labels(path)


def test_a_segment_of_5000_digits_is_none(tmp_path: Path) -> None:
    """It was a ValueError of Python's own."""
    path = coloured(tmp_path / "a.seg.nrrd", b"Segment0_", b"Segment" + b"9" * 5000 + b"_")
    assert [one.name for one in open_labels(path).segments] == ["label 1"]
