"""Tests of vesal.datasets.sam_med2d: lists of masks, and what file names say."""

from pathlib import Path
from typing import Any

import pytest

from tests.datasets.trees import summary, touch, write_json
from vesal.datasets.sam_med2d import find_sam_med2d
from vesal.errors import ConfigError

IMAGE = "images/ct_00--AMOS2022--amos_0004--z_0090"
MASK = "masks/ct_00--AMOS2022--amos_0004--z_0090"


def names(found: Any) -> list[str]:
    """Names of the structures of the first pair."""
    return [label.structures[0].name for label in found.pairs[0].labels]


def test_masks_of_one_image_are_one_pair(tmp_path: Path) -> None:
    """Whichever way round the file has it; names give modality, data set, patient and class."""
    masks = [f"{MASK}--0001_000.png", f"{MASK}--0002_000.png", f"{MASK}--0002_001.png"]
    touch(tmp_path, [f"{IMAGE}.png", *masks])
    write_json(tmp_path / "x_class_mapping_id.json", {"AMOS2022": {"liver": 1, "kidney": "2"}})
    for content in ({f"{IMAGE}.png": masks}, dict.fromkeys(masks, f"{IMAGE}.png")):
        write_json(tmp_path / "list.json", content)
        found = find_sam_med2d(tmp_path, 0)
        assert found is not None
        pair = found.pairs[0]
        assert summary([pair], tmp_path) == {pair.name: (f"{IMAGE}.png", *masks)}
        assert names(found) == ["liver", "kidney 000", "kidney 001"]
        assert (pair.modality, pair.dataset, pair.patient) == ("CT", "AMOS2022", "amos_0004")


def test_a_class_without_a_list_of_names_has_its_number(tmp_path: Path) -> None:
    """As the file says."""
    touch(tmp_path, [f"{IMAGE}.png", f"{MASK}--0017_000.png"])
    write_json(tmp_path / "list.json", {f"{IMAGE}.png": [f"{MASK}--0017_000.png"]})
    assert names(find_sam_med2d(tmp_path, 0)) == ["class 0017"]


def test_the_names_of_the_demo_give_patient_and_structure(tmp_path: Path) -> None:
    """Paths begin in the folder above the file."""
    masks = [f"data/masks/s0619_32_{rest}.png" for rest in ("colon_000", "hip_left_000")]
    touch(tmp_path, ["data/images/s0619_32.png", *masks])
    path = write_json(
        tmp_path / "data/label2image_test.json", dict.fromkeys(masks, "data/images/s0619_32.png")
    )
    found = find_sam_med2d(path, 0)
    assert names(found) == ["colon", "hip left"]
    assert found is not None
    assert found.pairs[0].patient == "s0619"


@pytest.mark.parametrize(
    ("mask", "name"), [("masks/img_1.png", "object"), ("masks/other.png", "other")]
)
def test_other_names_say_little(mask: str, name: str, tmp_path: Path) -> None:
    """And no patient: img is none."""
    touch(tmp_path, ["images/img_1.png", mask])
    write_json(tmp_path / "list.json", {mask: "images/img_1.png"})
    found = find_sam_med2d(tmp_path, 0)
    assert names(found) == [name]
    assert found is not None
    assert found.pairs[0].patient == "img_1"


def test_missing_files_are_left_out_with_a_note(tmp_path: Path) -> None:
    """An image, a mask of another one, all masks of a third."""
    touch(tmp_path, ["a.png", "b.png", "a_x_000.png"])
    write_json(
        tmp_path / "l.json",
        {"a.png": ["a_x_000.png", "gone.png"], "b.png": ["gone2.png"], "c.png": ["a_x_000.png"]},
    )
    found = find_sam_med2d(tmp_path, 0)
    assert found is not None
    assert [p.name for p in found.pairs] == ["a"]
    assert found.notes == (
        "1 images are missing and is left out: c.png",
        "2 masks are missing and are left out: gone.png, gone2.png",
    )


def test_lists_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    """None of its files, neither path nor paths, two lists in one folder."""
    path = write_json(tmp_path / "a" / "l.json", {"x.png": "y.png"})
    with pytest.raises(ConfigError, match=r"names y\.png, which is neither in"):
        find_sam_med2d(path, 0)
    write_json(path, {"x.png": {"y": 1}})
    with pytest.raises(ConfigError, match="a path or a list of paths"):
        find_sam_med2d(path, 0)
    write_json(path.with_name("m.json"), {"x.png": ["y.png"]})
    with pytest.raises(ConfigError, match=r"several lists of masks \(l\.json, m\.json\)"):
        find_sam_med2d(path.parent, 0)


def test_other_json_is_none(tmp_path: Path) -> None:
    """Keys that are no pictures."""
    path = write_json(tmp_path / "dataset.json", {"labels": {"a.png": 1}})
    assert find_sam_med2d(path, 0) is None
    assert find_sam_med2d(tmp_path, 0) is None
    assert find_sam_med2d(tmp_path / "t.csv", 0) is None
