"""Results that could not be written are refused first."""

from pathlib import Path

import numpy as np
import pytest

from tests.grids import RASTERS, UGLY
from vesal.cli.output import check_paths, rehearse
from vesal.errors import ImageError, ResourceError
from vesal.geometry import Grid
from vesal.images import Image, Source


def image_on(grid: Grid) -> Image:
    """An image of noughts."""
    return Image(array=np.zeros(grid.shape, np.int16), grid=grid)


def test_good_paths_pass(tmp_path: Path) -> None:
    """Existing results may be replaced."""
    (tmp_path / "mask.nii.gz").touch()
    sheet = tmp_path / "sheet.png"
    check_paths(tmp_path / "scan.nii.gz", (tmp_path / "mask.nii.gz", sheet), sheet)


@pytest.mark.parametrize("picture", [None, "sheet.png"])
def test_a_missing_folder_is_named(picture: str | None, tmp_path: Path) -> None:
    """It is not made silently: a typo would hide the result."""
    sheet = None if picture is None else tmp_path / "missing" / picture
    output = tmp_path / ("missing/mask.nii" if picture is None else "mask.nii")
    with pytest.raises(ResourceError, match=r"missing of .* does not exist"):
        check_paths(tmp_path / "scan.nii", (output, *([sheet] if sheet else [])), sheet)


def test_a_folder_is_no_mask(tmp_path: Path) -> None:
    """A result needs a name."""
    with pytest.raises(ImageError, match="is a folder; give the name of a file"):
        check_paths(tmp_path / "scan.nii", (tmp_path,), None)


def test_the_scan_is_never_replaced(tmp_path: Path) -> None:
    """Not even when it is spelled in another way."""
    (tmp_path / "folder").mkdir()
    same = tmp_path / "folder" / ".." / "scan.nii"
    with pytest.raises(ImageError, match="must be different files"):
        check_paths(tmp_path / "scan.nii", (same,), None)


def test_mask_and_picture_need_two_names(tmp_path: Path) -> None:
    """One would replace the other."""
    out = tmp_path / "out.png"
    with pytest.raises(ImageError, match="must be different files"):
        check_paths(tmp_path / "scan.png", (out, out), out)


def test_a_picture_is_png(tmp_path: Path) -> None:
    """Nothing else is offered."""
    sheet = tmp_path / "sheet.jpg"
    with pytest.raises(ImageError, match=r"must end in \.png, got 'sheet\.jpg'"):
        check_paths(tmp_path / "scan.nii", (tmp_path / "mask.nii", sheet), sheet)


@pytest.mark.parametrize("name", ["mask.nii.gz", "mask.nrrd", "mask.mhd"])
def test_a_rehearsal_leaves_nothing_behind(name: str, tmp_path: Path) -> None:
    """Whatever the writer makes of one voxel is deleted."""
    rehearse(tmp_path / name, image_on(UGLY["oblique"]))
    assert list(tmp_path.iterdir()) == []


def test_a_rehearsal_does_not_touch_an_older_mask(tmp_path: Path) -> None:
    """It writes beside it."""
    (tmp_path / "mask.nii").write_text("old")
    rehearse(tmp_path / "mask.nii", image_on(UGLY["LPS"]))
    assert (tmp_path / "mask.nii").read_text() == "old"


@pytest.mark.parametrize(
    ("name", "grid"),
    [("mask.txt", UGLY["LPS"]), ("mask.png", UGLY["LPS"]), ("mask.mha", UGLY["sheared"])],
)
def test_a_format_that_cannot_hold_the_mask_is_refused(
    name: str, grid: Grid, tmp_path: Path
) -> None:
    """The writer itself says so, before anything is computed."""
    with pytest.raises(ImageError):
        rehearse(tmp_path / name, image_on(grid))
    assert list(tmp_path.iterdir()) == []


def test_a_dicom_result_needs_a_dicom_series(tmp_path: Path) -> None:
    """It refers to its slices."""
    with pytest.raises(ImageError, match="must refer to a DICOM series"):
        rehearse(tmp_path / "mask.seg.dcm", image_on(UGLY["LPS"]))
    series = Image(
        array=np.zeros((2, 2, 2), np.int16),
        grid=Grid(shape=(2, 2, 2), affine=np.eye(4)),
        source=Source(format="DICOM"),
    )
    rehearse(tmp_path / "mask.seg.dcm", series)
    assert list(tmp_path.iterdir()) == []


def test_a_raster_mask_can_be_png(tmp_path: Path) -> None:
    """Two axes fit."""
    rehearse(tmp_path / "mask.png", image_on(RASTERS["pixels"]))


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path: Path) -> None:
    """What the system says is passed on."""
    (tmp_path / "file").touch()
    with pytest.raises(ResourceError, match="cannot be written to"):
        rehearse(tmp_path / "file" / "mask.nii", image_on(UGLY["LPS"]))
