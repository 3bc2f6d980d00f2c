"""Tests of vesal.datasets.plain: folders without any description."""

import shutil
from pathlib import Path

import pytest

from tests.datasets.trees import summary, touch
from vesal.datasets import Structure
from vesal.datasets.plain import find_apart, find_beside, find_case_folders
from vesal.errors import ConfigError


@pytest.mark.parametrize("labels", ["labels", "Masks", "segmentations"])
def test_images_and_labels_apart_have_one_name(labels: str, tmp_path: Path) -> None:
    """In folders of folders too, and where the label says that it is one."""
    root = touch(
        tmp_path,
        [
            "images/a.png", f"{labels}/a.tif", "images/b_0000.nii.gz", f"{labels}/b.nii.gz",
            "images/deep/c.nrrd", f"{labels}/deep/c_seg.nrrd", "images/d.png", f"{labels}/e.png",
            "images/f_mask.png", f"{labels}/f_mask.png",
        ],
    )  # fmt: skip
    found = find_apart(root)
    assert found is not None
    assert summary(found.pairs, root) == {
        "a": ("images/a.png", f"{labels}/a.tif"),
        "b": ("images/b_0000.nii.gz", f"{labels}/b.nii.gz"),
        "f_mask": ("images/f_mask.png", f"{labels}/f_mask.png"),
        "deep-c": ("images/deep/c.nrrd", f"{labels}/deep/c_seg.nrrd"),
    }
    assert found.notes == (
        "1 images have no label and is left out: d",
        "1 labels have no image and is left out: e",
    )


def test_a_folder_of_dicom_files_is_one_image(data: Path, tmp_path: Path) -> None:
    """Named like its label."""
    touch(tmp_path, ["labels/a.nii.gz"])
    shutil.copytree(data / "example_ct_dicom", tmp_path / "images" / "a")
    found = find_apart(tmp_path)
    assert found is not None
    assert summary(found.pairs, tmp_path) == {"a": ("images/a", "labels/a.nii.gz")}


def test_folders_with_no_name_in_common_are_refused(tmp_path: Path) -> None:
    """With the first names of both."""
    touch(tmp_path, ["images/a.png", "labels/b.png"])
    with pytest.raises(ConfigError, match=r"no file has the same name in .*\(a\.png\).*\(b\.png\)"):
        find_apart(tmp_path)


def test_two_images_of_one_name_are_refused(tmp_path: Path) -> None:
    """With both paths."""
    touch(tmp_path, ["images/a.png", "images/a.tif", "labels/a.png"])
    with pytest.raises(ConfigError, match=r"a\.png and .*a\.tif"):
        find_apart(tmp_path)


def test_labels_lie_beside_their_images(tmp_path: Path) -> None:
    """In all the usual spellings, and of another format."""
    root = touch(
        tmp_path,
        [
            "a.nii.gz", "a_label.nii.gz", "b.nrrd", "b.seg.nrrd", "c_image.nrrd", "c_label.nrrd",
            "d.png", "d-label.png", "e.png", "f_mask.png", "g.png", "g_seg.tif",
            "h.png", "h_gt.png",
        ],
    )  # fmt: skip
    found = find_beside(root)
    assert found is not None
    assert [p.name for p in found.pairs] == list("abcdgh")
    assert summary(found.pairs, root)["c"] == ("c_image.nrrd", "c_label.nrrd")
    assert summary(found.pairs, root)["b"] == ("b.nrrd", "b.seg.nrrd")
    assert found.notes == (
        "1 images have no label and is left out: e",
        "1 labels have no image and is left out: f",
    )


def test_two_labels_of_one_image_are_refused(tmp_path: Path) -> None:
    """Which one is meant cannot be known."""
    touch(tmp_path, ["a.png", "a_seg.png", "a_mask.png"])
    with pytest.raises(ConfigError, match=r"a_mask\.png and .*a_seg\.png"):
        find_beside(tmp_path)


def test_a_folder_for_each_case_holds_image_and_labels(data: Path, tmp_path: Path) -> None:
    """One label map, a file for each structure as TotalSegmentator has it, a DICOM folder."""
    root = touch(
        tmp_path,
        [
            "s1/image.nii.gz", "s1/label.nii.gz",
            "s2/ct.nii.gz", "s2/segmentations/liver.nii.gz", "s2/segmentations/kidney_left.nii.gz",
            "s3/label.nii.gz", "s4/scan.nii.gz", "s5/notes.txt",
        ],
    )  # fmt: skip
    shutil.copytree(data / "example_ct_dicom", root / "s3" / "dicom")
    found = find_case_folders(root)
    assert found is not None
    assert summary(found.pairs, root) == {
        "s1": ("s1/image.nii.gz", "s1/label.nii.gz"),
        "s2": (
            "s2/ct.nii.gz",
            "s2/segmentations/kidney_left.nii.gz",
            "s2/segmentations/liver.nii.gz",
        ),
        "s3": ("s3/dicom", "s3/label.nii.gz"),
    }
    assert found.pairs[1].labels[0].structures == (Structure(name="kidney left", values=()),)
    assert found.pairs[0].labels[0].structures == ()
    assert found.notes == ("1 folders have an image but no label and is left out: s4",)


def test_several_images_in_the_folder_of_a_case_are_refused(tmp_path: Path) -> None:
    """Four sequences of MR, for instance."""
    touch(tmp_path, ["s1/t1.nii.gz", "s1/t2.nii.gz", "s1/seg.nii.gz"])
    with pytest.raises(ConfigError, match=r"several images \(t1\.nii\.gz, t2\.nii\.gz\)"):
        find_case_folders(tmp_path)


@pytest.mark.parametrize("layout", [find_apart, find_beside, find_case_folders])
def test_other_folders_are_none(layout: object, tmp_path: Path) -> None:
    """Images alone; no folder at all."""
    assert callable(layout)
    touch(tmp_path, ["a.png", "x/b.png"])
    assert layout(tmp_path) is None
    assert layout(tmp_path / "t.csv") is None
