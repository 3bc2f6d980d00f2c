"""The demo on the packaged scans."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pixels

from vesal.cli import demo
from vesal.cli.main import main
from vesal.images import open_image

Captured = pytest.CaptureFixture[str]

# From the catalogue of the data: voxels of each structure.
SIZES = {
    ("CT", "liver"): 41_692,
    ("CT", "spleen"): 9_668,
    ("CT", "right kidney"): 7_134,
    ("CT", "urinary bladder"): 17_756,
    ("MR", "liver"): 18_480,
    ("MR", "gallbladder"): 1_121,
}


def test_the_label_values_are_the_structures_they_are_called(scans: Path) -> None:
    """Every value has the number of voxels that the catalogue gives for its structure."""
    found = {}
    for scan in demo.SCANS:
        labels = open_image(scans / scan.labels).array
        for structure, value in scan.structures.items():
            found[scan.name, structure] = int(np.count_nonzero(labels == value))
    assert found == SIZES


def test_the_labels_lie_on_the_grid_of_their_scan(scans: Path) -> None:
    """Dice is computed voxel by voxel."""
    for scan in demo.SCANS:
        labels = open_image(scans / scan.labels)
        assert labels.grid.same_as(open_image(scans / scan.image).grid)


def test_masks_picture_and_table_are_written(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One structure through the whole demo, into a folder that it makes."""
    mr = demo.SCANS[1]
    small = demo.Scan(name="MR", image=mr.image, labels=mr.labels, structures={"gallbladder": 4})
    monkeypatch.setattr(demo, "SCANS", (small,))
    folder = tmp_path / "new" / "folder"
    assert main(["demo", "-o", str(folder)]) == 0
    page = capsys.readouterr().out
    assert "gallbladder (MR)" in page
    assert "predictions of TotalSegmentator" in page
    assert str(folder / "contact_sheet.png") in page
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["contact_sheet.png", "mr_gallbladder.nii.gz"]
    assert open_image(folder / "mr_gallbladder.nii.gz").grid.shape == (117, 91, 20)
    with Pixels.open(folder / "contact_sheet.png") as picture:
        assert picture.width > 1000


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path, capsys: Captured) -> None:
    """A file is in its place."""
    (tmp_path / "file").touch()
    assert main(["demo", "-o", str(tmp_path / "file" / "folder")]) == 5
    assert "cannot be made a folder" in capsys.readouterr().err
