"""Tests of vesal.datasets.image_files: what may be an image, by its name."""

from pathlib import Path

from tests.datasets.trees import touch
from vesal.datasets.image_files import folders, image_files, is_dicom_folder


def test_hidden_files_and_other_files_are_no_images(tmp_path: Path) -> None:
    """As macOS and archives of the Decathlon have them."""
    touch(tmp_path, ["b.nii.gz", "a.png", "all.zip", "._a.png", "notes.txt", "c.nii/x", ".git/x"])
    assert [path.name for path in image_files(tmp_path)] == ["a.png", "b.nii.gz"]
    assert [path.name for path in image_files(tmp_path, ".txt")] == ["notes.txt"]
    assert [path.name for path in folders(tmp_path)] == ["c.nii"]


def test_a_folder_of_dicom_files_is_known_by_the_first(data: Path, tmp_path: Path) -> None:
    """They often have no suffix at all."""
    assert is_dicom_folder(data / "example_ct_dicom")
    assert not is_dicom_folder(data)
    assert not is_dicom_folder(tmp_path)
    (tmp_path / "a").write_bytes(b"\x1f\x8b damaged")
    assert not is_dicom_folder(tmp_path)
