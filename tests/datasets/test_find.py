"""Tests of vesal.datasets.find: the right layout by content, or a sentence on what is there."""

from pathlib import Path

import numpy as np
import pytest

from tests.datasets.trees import touch, write_json
from vesal.datasets import find_pairs
from vesal.errors import ConfigError

TREES: dict[str, list[str]] = {
    "BIDS": ["sub-1/sub-1_T1w.nii.gz", "derivatives/a/sub-1/sub-1_dseg.nii.gz"],
    "SAM-Med3D": ["liver/ct_A/imagesTr/a.nii.gz", "liver/ct_A/labelsTr/a.nii.gz"],
    "images and labels apart": ["images/a.nii.gz", "labels/a.nii.gz"],
    "labels beside images": ["a.nii.gz", "a_label.nii.gz"],
    "a folder for each case": ["a/image.nii.gz", "a/label.nii.gz"],
}


@pytest.mark.parametrize("layout", sorted(TREES))
def test_each_layout_is_known_by_its_content(layout: str, tmp_path: Path) -> None:
    """Without a word on which it is."""
    found = find_pairs(touch(tmp_path, TREES[layout]))
    assert (found.layout, len(found.pairs)) == (layout, 1)


def test_layouts_with_a_description_are_known_by_it(tmp_path: Path) -> None:
    """nnU-Net, SAM-Med2D, the challenge, and a table."""
    raw = touch(tmp_path / "raw", ["imagesTr/a_0000.png", "labelsTr/a.png"])
    write_json(raw / "dataset.json", {"labels": {"background": 0, "x": 1}})
    flat = touch(tmp_path / "flat", ["a.png", "a_x_000.png"])
    write_json(flat / "l.json", {"a_x_000.png": "a.png"})
    (tmp_path / "npz").mkdir()
    np.savez(tmp_path / "npz" / "a.npz", imgs=np.zeros((2, 2, 2)), gts=np.zeros((2, 2, 2)))
    (flat / "t.csv").write_text("image,label\na.png,a_x_000.png\n")
    assert find_pairs(raw).layout == "nnU-Net"
    assert find_pairs(raw / "dataset.json").layout == "nnU-Net"
    assert find_pairs(flat).layout == find_pairs(flat / "l.json").layout == "SAM-Med2D"
    assert find_pairs(tmp_path / "npz").layout == "challenge npz"
    assert find_pairs(flat / "t.csv").layout == "table"


def test_an_unknown_folder_is_refused_with_what_is_in_it(tmp_path: Path) -> None:
    """And with what was looked for."""
    touch(tmp_path, [*(f"{letter}.nii.gz" for letter in "abcdefg"), "x/y.png", ".hidden"])
    with pytest.raises(ConfigError) as refused:
        find_pairs(tmp_path)
    assert "looked for a table (CSV), nnU-Net" in str(refused.value)
    assert "1 folders (x) and 8 files (.hidden, a.nii.gz" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_is_missing_empty_or_no_data_set_is_refused(tmp_path: Path) -> None:
    """In a sentence each."""
    with pytest.raises(ConfigError, match="is not there; give the folder"):
        find_pairs(tmp_path / "none")
    with pytest.raises(ConfigError, match="no folders and no files"):
        find_pairs(tmp_path)
    with pytest.raises(ConfigError, match=r"got a file a\.txt"):
        find_pairs(touch(tmp_path, ["a.txt"]) / "a.txt")


def test_a_data_set_without_any_label_is_refused_with_the_reason(tmp_path: Path) -> None:
    """Where the layout is known."""
    touch(tmp_path, ["imagesTr/a_0000.png"])
    write_json(tmp_path / "dataset.json", {"labels": {"background": 0, "x": 1}})
    with pytest.raises(ConfigError, match=r"has no image with a label: 1 of .* have no label"):
        find_pairs(tmp_path)


def test_only_nnunet_has_channels(tmp_path: Path) -> None:
    """Another layout would give what was not asked for."""
    touch(tmp_path, ["a.png", "a_label.png"])
    with pytest.raises(ConfigError, match=r"only nnU-Net has channels, .* got 1"):
        find_pairs(tmp_path, channel=1)
