"""Tests of vesal.datasets.sam_med3d: category/modality_dataset/imagesTr."""

from pathlib import Path

import pytest

from tests.datasets.archives import zipped
from tests.datasets.trees import summary, touch
from vesal.datasets import Structure
from vesal.datasets.sam_med3d import find_sam_med3d
from vesal.errors import ConfigError


def test_each_category_has_pairs_of_its_own(tmp_path: Path) -> None:
    """A case in two categories is one patient in one data set."""
    root = touch(
        tmp_path,
        [
            "kidney_right/ct_WORD/imagesTr/a.nii.gz", "kidney_right/ct_WORD/labelsTr/a.nii.gz",
            "liver/ct_WORD/imagesTr/a.nii.gz", "liver/ct_WORD/labelsTr/a.nii.gz",
            "liver/ct_WORD/imagesTr/b.nii.gz",
            "tumor/mr_flair_BraTS2021/imagesVal/c.nii.gz",
            "tumor/mr_flair_BraTS2021/labelsVal/c.nii.gz",
        ],
    )  # fmt: skip
    found = find_sam_med3d(root)
    assert found is not None
    assert summary(found.pairs, root) == {
        "kidney_right-ct_WORD-a": (
            "kidney_right/ct_WORD/imagesTr/a.nii.gz",
            "kidney_right/ct_WORD/labelsTr/a.nii.gz",
        ),
        "liver-ct_WORD-a": ("liver/ct_WORD/imagesTr/a.nii.gz", "liver/ct_WORD/labelsTr/a.nii.gz"),
        "tumor-mr_flair_BraTS2021-c": (
            "tumor/mr_flair_BraTS2021/imagesVal/c.nii.gz",
            "tumor/mr_flair_BraTS2021/labelsVal/c.nii.gz",
        ),
    }
    kidney, liver, tumour = found.pairs
    assert kidney.labels[0].structures == (Structure(name="kidney right", values=()),)
    assert (kidney.patient, kidney.dataset) == (liver.patient, liver.dataset) == ("a", "WORD")
    assert (tumour.modality, tumour.dataset, tumour.part) == ("MR", "BraTS2021", "validation")
    assert found.notes == ("1 of liver/ct_WORD/imagesTr have no label and is left out: b",)


def test_two_files_of_one_case_are_refused(tmp_path: Path) -> None:
    """With both paths."""
    folder = "liver/ct_WORD"
    touch(
        tmp_path,
        [f"{folder}/imagesTr/a.nii", f"{folder}/imagesTr/a.nii.gz", f"{folder}/labelsTr/a.nii"],
    )
    with pytest.raises(ConfigError, match=r"a\.nii and .*a\.nii\.gz"):
        find_sam_med3d(tmp_path)


def test_data_sets_of_nnunet_in_folders_are_none(tmp_path: Path) -> None:
    """A description says what is in them."""
    touch(tmp_path, ["raw/D1/imagesTr/a.png", "raw/D1/labelsTr/a.png", "raw/D1/dataset.json"])
    assert find_sam_med3d(tmp_path) is None
    assert find_sam_med3d(tmp_path / "x.csv") is None


def test_categories_may_be_archives(tmp_path: Path) -> None:
    """Beside folders, with the name of the category inside or as that of the archive."""
    liver = ["liver/ct_WORD/imagesTr/a.nii.gz", "liver/ct_WORD/labelsTr/a.nii.gz"]
    spleen = [
        "ct_AMOS/imagesTs/b.nii.gz",
        "ct_AMOS/labelsTs/b.nii.gz",
        "ct_AMOS/imagesTs/._b.nii.gz",
    ]
    plain = ["tumor/mr_t1_B/imagesVal/c.nii.gz", "tumor/mr_t1_B/labelsVal/c.nii.gz"]
    touch(tmp_path, plain)
    for name, inside in (("liver", liver), ("spleen", spleen)):
        zipped(tmp_path / f"{name}.zip", dict.fromkeys(inside, b""))
    (tmp_path / "other.zip").write_bytes(b"no archive")
    zipped(tmp_path / "raw2.zip", dict.fromkeys(["ct_WORD/dataset.json", *liver], b""))
    found = find_sam_med3d(tmp_path)
    assert found is not None
    facts = [(p.name, p.image.relative_to(tmp_path).parts[0], p.part) for p in found.pairs]
    assert facts == [
        ("liver-ct_WORD-a", "liver.zip", "train"),
        ("spleen-ct_AMOS-b", "spleen.zip", "test"),
        ("tumor-mr_t1_B-c", "tumor", "validation"),
    ]
    alone = find_sam_med3d(tmp_path / "spleen.zip")
    assert alone is not None
    assert [p.labels[0].structures[0].name for p in alone.pairs] == ["spleen"]
    assert alone.pairs[0].modality == "CT"
    assert (alone.pairs[0].dataset, alone.pairs[0].patient) == ("AMOS", "b")


def test_patients_may_be_told_beside_the_categories(tmp_path: Path) -> None:
    """As `vesal curate` does it where names of cases do not say it; others are their own."""
    root = touch(
        tmp_path,
        [f"liver/ct_A/{kind}Tr/{case}.nii.gz" for kind in ("images", "labels") for case in "ab"],
    )
    (root / "patients.json").write_text('{"ct_A": {"a": "p1"}, "ct_B": {"b": "p2"}}')
    found = find_sam_med3d(root)
    assert found is not None
    assert [pair.patient for pair in found.pairs] == ["p1", "b"]
