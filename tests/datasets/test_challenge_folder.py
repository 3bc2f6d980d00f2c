"""Tests of vesal.datasets.challenge_folder: npz files, and where their truth is."""

from pathlib import Path

import numpy as np
import pytest

from tests.datasets.trees import summary
from vesal.datasets.challenge_folder import find_challenge
from vesal.errors import ConfigError

CUBE = np.zeros((2, 3, 4), np.uint8)


def save(path: Path, *keys: str) -> None:
    """An npz file with these arrays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **dict.fromkeys(keys, CUBE))  # type: ignore[arg-type]  # names of arrays


def test_the_truth_is_in_the_same_file(tmp_path: Path) -> None:
    """As in the training files; a case without it is left out."""
    save(tmp_path / "CT_a_1.npz", "imgs", "gts", "spacing")
    save(tmp_path / "MR_b_1.npz", "imgs", "spacing")
    save(tmp_path / "nothing.npz", "x")
    found = find_challenge(tmp_path)
    assert found is not None
    assert summary(found.pairs, tmp_path) == {"CT_a_1": ("CT_a_1.npz", "CT_a_1.npz")}
    assert found.pairs[0].modality == "CT"
    assert found.notes == ("2 cases have no gts and are left out: MR_b_1.npz, nothing.npz",)


@pytest.mark.parametrize("below", ["", "imgs"])
def test_the_truth_is_in_another_folder(below: str, tmp_path: Path) -> None:
    """From the folder of both, and from that of the images."""
    save(tmp_path / "imgs" / "US_a.npz", "imgs")
    save(tmp_path / "gts" / "US_a.npz", "gts")
    found = find_challenge(tmp_path / below)
    assert found is not None
    assert summary(found.pairs, tmp_path) == {"US_a": ("imgs/US_a.npz", "gts/US_a.npz")}


def test_what_is_not_clear_is_refused(tmp_path: Path) -> None:
    """Two folders of truth; two folders of images."""
    save(tmp_path / "imgs" / "a.npz", "imgs")
    save(tmp_path / "gts" / "a.npz", "gts")
    save(tmp_path / "old" / "a.npz", "gts")
    with pytest.raises(ConfigError, match=r"two files hold gts of a\.npz"):
        find_challenge(tmp_path / "imgs")
    save(tmp_path / "more" / "a.npz", "imgs")
    with pytest.raises(ConfigError, match="both hold cases"):
        find_challenge(tmp_path)


def test_other_folders_are_none(tmp_path: Path) -> None:
    """Files that only have the name; no folder."""
    (tmp_path / "a.npz").write_bytes(b"PK\x03\x04 damaged")
    assert find_challenge(tmp_path) is None
    assert find_challenge(tmp_path / "a.npz") is None


def test_a_damaged_case_is_one_of_the_cases(tmp_path: Path) -> None:
    """Wherever it stands in the order: opening it says what is wrong, the others are found."""
    for name in ("a_damaged.npz", "z_damaged.npz"):
        (tmp_path / name).write_bytes(b"PK\x03\x04 damaged")
    save(tmp_path / "m.npz", "imgs", "gts")
    found = find_challenge(tmp_path)
    assert found is not None
    assert [pair.name for pair in found.pairs] == ["a_damaged", "m", "z_damaged"]
