"""Tests of vesal.datasets.nnunet: versions 1 and 2, and the Decathlon."""

from pathlib import Path
from typing import Any

import pytest

from tests.datasets.trees import summary, touch, write_json
from vesal.datasets import Structure
from vesal.datasets.nnunet import find_nnunet
from vesal.errors import ConfigError

V2 = {
    "channel_names": {"0": "T1", "1": "FLAIR"},
    "labels": {"background": 0, "whole": [1, 2], "core": 2, "ignore": 3},
    "file_ending": ".nii.gz",
}
V1 = {"name": "Spleen", "modality": {"0": "CT"}, "labels": {"0": "background", "1": "spleen"}}


def dataset(root: Path, description: Any, files: list[str]) -> Path:
    """A data set of empty files."""
    write_json(root / "dataset.json", description)
    return touch(root, files)


def test_version_2_gives_channels_regions_and_parts(tmp_path: Path) -> None:
    """Neither the background nor what is to be ignored is a structure."""
    root = dataset(
        tmp_path / "Dataset001_Brain",
        V2,
        [
            "imagesTr/b_1_0000.nii.gz", "imagesTr/b_1_0001.nii.gz", "labelsTr/b_1.nii.gz",
            "imagesTs/b_2_0000.nii.gz", "imagesTs/b_2_0001.nii.gz", "labelsTs/b_2.nii.gz",
            "imagesTr/b_3_0000.nii.gz", "imagesTr/._b_1_0000.nii.gz", "imagesTr/b_1_0000.nrrd",
        ],
    )  # fmt: skip
    found = find_nnunet(root, 0)
    assert found is not None
    assert summary(found.pairs, root) == {
        "b_1": ("imagesTr/b_1_0000.nii.gz", "labelsTr/b_1.nii.gz"),
        "b_2": ("imagesTs/b_2_0000.nii.gz", "labelsTs/b_2.nii.gz"),
    }
    first, second = found.pairs
    assert (first.part, second.part) == ("train", "test")
    assert (first.modality, first.dataset, first.patient) == ("MR", "Dataset001_Brain", "b_1")
    assert first.labels[0].structures == (
        Structure(name="whole", values=(1, 2)),
        Structure(name="core", values=(2,)),
    )
    assert found.notes == ("1 of Dataset001_Brain/imagesTr have no label and is left out: b_3",)
    other = find_nnunet(root / "dataset.json", 1)
    assert other is not None
    assert other.pairs[0].image.name == "b_1_0001.nii.gz"


def test_a_channel_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    """With their names."""
    dataset(tmp_path, V2, ["imagesTr/a_0000.nii.gz", "labelsTr/a.nii.gz"])
    with pytest.raises(ConfigError, match=r"a has no channel 1; there are: 0 \(T1\)"):
        find_nnunet(tmp_path, 1)


def test_the_decathlon_and_version_1_are_read(tmp_path: Path) -> None:
    """Without channels in the names, with them, and with four digits that are no channel."""
    root = dataset(
        tmp_path,
        V1,
        [
            "imagesTr/spleen_10.nii.gz", "labelsTr/spleen_10.nii.gz",
            "imagesTr/spleen_11_0000.nii.gz", "labelsTr/spleen_11.nii.gz",
            "imagesTr/spleen_0012.nii.gz", "labelsTr/spleen_0012.nii.gz",
            "imagesTs/spleen_1.nii.gz",
        ],
    )  # fmt: skip
    found = find_nnunet(root, 0)
    assert found is not None
    assert [p.name for p in found.pairs] == ["spleen_0012", "spleen_10", "spleen_11"]
    assert found.pairs[0].labels[0].structures == (Structure(name="spleen", values=(1,)),)
    assert (found.pairs[0].dataset, found.pairs[0].modality) == ("Spleen", "CT")
    assert "imagesTs" in found.notes[0]


def test_a_folder_of_data_sets_gives_all_of_them(tmp_path: Path) -> None:
    """Names that both have begin with the data set."""
    for name in ("Dataset001_A", "Dataset002_B"):
        dataset(tmp_path / name, V2, ["imagesTr/x_0000.nii.gz", "labelsTr/x.nii.gz"])
    found = find_nnunet(tmp_path, 0)
    assert found is not None
    assert [p.name for p in found.pairs] == ["Dataset001_A-x", "Dataset002_B-x"]


@pytest.mark.parametrize(
    "labels",
    [None, {}, [], {"a": 1.5}, {"a": "x"}, {"a": []}, {"a": [0, 1]}, {"a": True}, {"a": 70000}],
)
def test_labels_that_make_no_sense_are_refused(labels: object, tmp_path: Path) -> None:
    """With the name of the file."""
    dataset(tmp_path, {"labels": labels}, ["imagesTr/x_0000.png", "labelsTr/x.png"])
    with pytest.raises(ConfigError, match=r"dataset\.json"):
        find_nnunet(tmp_path, 0)


def test_two_images_of_one_channel_are_refused(tmp_path: Path) -> None:
    """One with the number of a channel, one without."""
    dataset(tmp_path, V1, ["imagesTr/x_0000.png", "imagesTr/x.png", "labelsTr/x.png"])
    with pytest.raises(ConfigError, match=r"two images are channel 0 of 'x'"):
        find_nnunet(tmp_path, 0)


def test_another_folder_is_none(tmp_path: Path) -> None:
    """A dataset.json without images is something else."""
    write_json(tmp_path / "dataset.json", V2)
    assert find_nnunet(tmp_path, 0) is None
    assert find_nnunet(tmp_path / "other.csv", 0) is None
