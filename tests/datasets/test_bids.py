"""Tests of vesal.datasets.bids: segmentations find their images by entities."""

from pathlib import Path

import pytest

from tests.datasets.trees import summary, touch, write_json
from vesal.datasets import Structure
from vesal.datasets.bids import find_bids
from vesal.datasets.found import Found
from vesal.errors import ConfigError

DERIVED = "derivatives/seg/sub-01/anat/sub-01"


def find(root: Path) -> Found:
    """The pairs, which must be some."""
    found = find_bids(root)
    assert found is not None
    return found


def table(root: Path, name: str, rows: str = "0\tBackground\n1\tGrey\n2\tWhite\n") -> None:
    """A table of names."""
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(f"index\tname\n{rows}", encoding="utf-8")


@pytest.mark.parametrize("below", ["", "derivatives", "derivatives/seg"])
def test_an_image_is_found_in_the_raw_data_set(below: str, tmp_path: Path) -> None:
    """From the whole, from all derivatives, and from one of them."""
    touch(tmp_path, ["sub-01/anat/sub-01_T1w.nii.gz", "sub-02/anat/sub-02_T1w.nii.gz"])
    touch(tmp_path, [f"{DERIVED}_dseg.nii.gz", f"{DERIVED}_label-lesion_mask.nii.gz"])
    table(tmp_path, f"{DERIVED}_dseg.tsv")
    write_json(tmp_path / "dataset_description.json", {"Name": "Brains"})
    found = find(tmp_path / below)
    (pair,) = found.pairs
    assert summary([pair], tmp_path) == {
        "sub-01_T1w": (
            "sub-01/anat/sub-01_T1w.nii.gz",
            f"{DERIVED}_dseg.nii.gz",
            f"{DERIVED}_label-lesion_mask.nii.gz",
        )
    }
    assert [label.structures for label in pair.labels] == [
        (Structure(name="Grey", values=(1,)), Structure(name="White", values=(2,))),
        (Structure(name="lesion", values=()),),
    ]
    assert (pair.patient, pair.modality, pair.dataset) == ("sub-01", "MR", "Brains")
    assert found.notes == ("1 images have no segmentation and are left out",)


def test_an_image_beside_its_segmentation_in_one_space_is_taken(tmp_path: Path) -> None:
    """Not the one in its own space, nor the one of another session."""
    folder = "derivatives/a/sub-01/ses-1/anat"
    touch(
        tmp_path,
        [
            "sub-01/ses-1/anat/sub-01_ses-1_T1w.nii.gz",
            f"{folder}/sub-01_ses-1_space-MNI_T1w.nii.gz",
            f"{folder}/sub-01_ses-1_space-MNI_label-L_desc-lesion_mask.nii.gz",
            f"{folder}/sub-01_ses-2_space-MNI_desc-brain_mask.nii.gz",
        ],
    )
    found = find(tmp_path)
    assert [p.image.name for p in found.pairs] == ["sub-01_ses-1_space-MNI_T1w.nii.gz"]
    assert found.pairs[0].labels[0].structures[0].name == "L"
    assert "sub-01_ses-2_space-MNI_desc-brain_mask.nii.gz" in found.notes[0]


@pytest.mark.parametrize("below", ["", "derivatives", "derivatives/a"])
def test_an_image_among_the_derivatives_is_one(below: str, tmp_path: Path) -> None:
    """Though it lies in the raw data set above them too: it may belong to nothing but itself."""
    image = "derivatives/a/sub-1/sub-1_space-MNI_T1w.nii.gz"
    touch(tmp_path, [image, "derivatives/a/sub-1/sub-1_space-MNI_dseg.nii.gz"])
    assert [pair.image for pair in find(tmp_path / below).pairs] == [tmp_path / image]


def test_one_of_several_images_is_told_by_sources_or_by_the_name(tmp_path: Path) -> None:
    """Else the segmentation is refused with both."""
    touch(tmp_path, ["sub-01/anat/sub-01_T1w.nii.gz", "sub-01/anat/sub-01_T2w.nii.gz"])
    touch(tmp_path, [f"{DERIVED}_dseg.nii.gz"])
    with pytest.raises(ConfigError, match=r"may belong to .*T1w\.nii\.gz or .*T2w\.nii\.gz"):
        find(tmp_path)
    write_json(
        tmp_path / f"{DERIVED}_dseg.json", {"Sources": ["bids:raw:sub-01/anat/sub-01_T2w.nii.gz"]}
    )
    assert [p.name for p in find(tmp_path).pairs] == ["sub-01_T2w"]
    touch(tmp_path, [f"{DERIVED}_T1w_label-cord_seg.nii.gz", f"{DERIVED}_space-T1w_mask.nii.gz"])
    found = find(tmp_path)
    assert {p.name: len(p.labels) for p in found.pairs} == {"sub-01_T1w": 2, "sub-01_T2w": 1}


def test_the_nearest_table_whose_entities_fit_gives_the_names(tmp_path: Path) -> None:
    """From further up; without any, the numbers are the names."""
    label = "sub-01_seg-a_dseg.nii.gz"
    touch(tmp_path, ["sub-01/sub-01_CT.nii.gz", f"derivatives/x/sub-01/{label}"])
    table(tmp_path, "derivatives/x/seg-b_dseg.tsv", "1\tWrong\n")
    assert find(tmp_path).pairs[0].labels[0].structures == ()
    table(tmp_path, "derivatives/x/seg-a_dseg.tsv", "1\tRight\n")
    table(tmp_path, "derivatives/x/dseg.tsv", "1\tAlso\n")
    assert find(tmp_path).pairs[0].labels[0].structures[0].name == "Right"
    table(tmp_path, "derivatives/x/seg-a_dseg.tsv", "one\tWrong\n")
    with pytest.raises(ConfigError, match="needs an index and a name in each row, got 'one'"):
        find(tmp_path)


def test_data_without_segmentations_is_none(tmp_path: Path) -> None:
    """Raw data alone; no folder."""
    touch(tmp_path, ["sub-01/anat/sub-01_T1w.nii.gz"])
    assert find_bids(tmp_path) is None
    assert find_bids(tmp_path / "a.csv") is None
