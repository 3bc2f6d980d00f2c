"""Tests of vesal.datasets.sam_med2d: lists of masks, and what file names say."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from tests.datasets.archives import split, zipped
from tests.datasets.trees import summary, touch, write_json
from vesal.datasets import Found, check_split, find_pairs, open_pair, sam_med2d, split_by_patient
from vesal.datasets.sam_med2d import find_sam_med2d
from vesal.errors import ConfigError, ImageError

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
        found = find_sam_med2d(tmp_path)
        assert found is not None
        pair = found.pairs[0]
        assert summary([pair], tmp_path) == {pair.name: (f"{IMAGE}.png", *masks)}
        assert names(found) == ["liver", "kidney 000", "kidney 001"]
        assert (pair.modality, pair.dataset, pair.patient) == ("CT", "AMOS2022", "amos_0004")


def test_a_class_without_a_list_of_names_has_its_number(tmp_path: Path) -> None:
    """As the file says."""
    touch(tmp_path, [f"{IMAGE}.png", f"{MASK}--0017_000.png"])
    write_json(tmp_path / "list.json", {f"{IMAGE}.png": [f"{MASK}--0017_000.png"]})
    assert names(find_sam_med2d(tmp_path)) == ["class 0017"]


def test_the_names_of_the_demo_give_patient_and_structure(tmp_path: Path) -> None:
    """Paths begin in the folder above the file."""
    masks = [f"data/masks/s0619_32_{rest}.png" for rest in ("colon_000", "hip_left_000")]
    touch(tmp_path, ["data/images/s0619_32.png", *masks])
    path = write_json(
        tmp_path / "data/label2image_test.json", dict.fromkeys(masks, "data/images/s0619_32.png")
    )
    found = find_sam_med2d(path)
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
    found = find_sam_med2d(tmp_path)
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
    found = find_sam_med2d(tmp_path)
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
        find_sam_med2d(path)
    write_json(path, {"x.png": {"y": 1}})
    with pytest.raises(ConfigError, match="a path or a list of paths"):
        find_sam_med2d(path)
    write_json(path.with_name("m.json"), {"x.png": ["y.png"]})
    with pytest.raises(ConfigError, match=r"several lists of masks \(l\.json, m\.json\)"):
        find_sam_med2d(path.parent)


def test_other_json_is_none(tmp_path: Path) -> None:
    """Keys that are no pictures."""
    path = write_json(tmp_path / "dataset.json", {"labels": {"a.png": 1}})
    assert find_sam_med2d(path) is None
    assert find_sam_med2d(tmp_path) is None
    assert find_sam_med2d(tmp_path / "t.csv") is None


def released(root: Path) -> dict[str, bytes]:
    """A small data set in the layout of the release: two cases of two slices, in SAMed2Dv1."""
    files = {}
    listed = {}
    for number in range(4):
        stem = f"mr_t1--ACDC--patient{number // 2}--z_{number:04d}"
        picture = np.full((8, 8), number, np.uint8)
        picture[number:, 2:] = 255
        masks = [f"masks/{stem}--0002_{n:03d}.png" for n in range(2)]
        listed[f"images/{stem}.png"] = masks
        for name in (f"images/{stem}.png", *masks):
            path = root / "x.png"
            Pillow.fromarray(picture).save(path)
            files[f"SAMed2Dv1/{name}"] = path.read_bytes()
            path.unlink()
    files["SAMed2Dv1/SAMed2D_v1.json"] = json.dumps(listed).encode()
    classes = json.dumps({"ACDC": {"myocardium": "0002"}}).encode()
    files["SAMed2Dv1/SAMed2D_v1_class_mapping_id.json"] = classes
    return files


def found_in(source: Path) -> Found:
    """What is found there."""
    found = find_pairs(source)
    assert found.layout == "SAM-Med2D"
    return found


def test_the_release_is_read_from_its_split_archive(tmp_path: Path) -> None:
    """As from the folder that it unpacks to; pixels too."""
    files = released(tmp_path)
    folder = tmp_path / "unpacked"
    for name, held in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(held)
    archive = split(zipped(tmp_path / "SA-Med2D-16M.zip", files), [700, 900])
    packed, plain = found_in(archive), found_in(folder / "SAMed2Dv1")
    assert summary(packed.pairs, archive) == summary(plain.pairs, folder)
    for one, other in zip(packed.pairs, plain.pairs, strict=True):
        assert (one.patient, one.dataset, one.modality) == (other.patient, "ACDC", "MR")
        assert names(Found(pairs=(one,), layout="")) == ["myocardium 000", "myocardium 001"]
        first, second = open_pair(one), open_pair(other)
        assert np.array_equal(first.image.array, second.image.array)
        assert first.targets == second.targets


def test_a_split_by_patient_is_one_by_case(tmp_path: Path) -> None:
    """Slices of one case stay together, which the published split does not see to."""
    archive = zipped(tmp_path / "x.zip", released(tmp_path))
    parts = split_by_patient(found_in(archive).pairs, {"a": 0.5, "b": 0.5}, 1)
    assert sorted(len(pairs) % 2 for pairs in parts.values()) == [0, 0]
    check_split(parts)


def test_lists_of_other_names_are_found_in_archives(tmp_path: Path) -> None:
    """At the top or in a folder; an archive without one is another thing."""
    for name in ("list.json", "set/list.json"):
        inside = {name.replace("list.json", "a.png"): b"", name.replace("list.json", "b.png"): b""}
        archive = zipped(tmp_path / f"{len(name)}.zip", {name: b'{"a.png": ["b.png"]}', **inside})
        assert [pair.name for pair in found_in(archive).pairs] == ["a"]
    assert find_sam_med2d(zipped(tmp_path / "y.zip", {"deep/er/list.json": b""})) is None
    (tmp_path / "z.zip").write_bytes(b"no archive")
    with pytest.raises(ImageError, match="no zip archive"):
        find_sam_med2d(tmp_path / "z.zip")


def test_missing_members_are_left_out_with_a_note(tmp_path: Path) -> None:
    """As missing files are."""
    files = released(tmp_path)
    files.pop("SAMed2Dv1/masks/mr_t1--ACDC--patient0--z_0000--0002_001.png")
    files.pop("SAMed2Dv1/images/mr_t1--ACDC--patient1--z_0003.png")
    found = found_in(zipped(tmp_path / "x.zip", files))
    assert len(found.pairs) == 3
    assert [note.split(":")[0] for note in found.notes] == [
        "1 images are missing and is left out",
        "1 masks are missing and is left out",
    ]


def test_parts_come_from_the_lists_of_parts(tmp_path: Path) -> None:
    """Beside the list of all images, or without it; a part may be turned round."""
    touch(tmp_path, ["a.png", "b.png", "c.png", "d.png", "m.png"])
    write_json(tmp_path / "image2label_train.json", {"a.png": ["m.png"]})
    write_json(tmp_path / "image2label_test.json", {"b.png": ["m.png"]})
    write_json(tmp_path / "label2image_test.json", {"m.png": "b.png"})
    write_json(tmp_path / "image2label_validation.json", {"c.png": ["m.png"]})
    parts = {"a": "train", "b": "test", "c": "validation"}
    assert {pair.name: pair.part for pair in found_in(tmp_path).pairs} == parts
    write_json(tmp_path / "SAMed2D_v1.json", {f"{n}.png": ["m.png"] for n in "abcd"})
    assert {pair.name: pair.part for pair in found_in(tmp_path).pairs} == {**parts, "d": ""}
    alone = found_in(tmp_path / "label2image_test.json")
    assert [(pair.name, pair.part) for pair in alone.pairs] == [("b", "test")]


def test_patients_come_from_their_own_list(tmp_path: Path) -> None:
    """Where the name of a case is not that of its patient."""
    touch(tmp_path, [f"{IMAGE}.png", f"{MASK}--0001_000.png"])
    write_json(tmp_path / "SAMed2D_v1.json", {f"{IMAGE}.png": [f"{MASK}--0001_000.png"]})
    known = {"AMOS2022": {"amos_0004": "anna"}}
    write_json(tmp_path / "SAMed2D_v1_patient_mapping.json", known)
    assert found_in(tmp_path).pairs[0].patient == "anna"


def test_of_long_lists_only_some_files_are_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And all of them as soon as one is missing."""
    monkeypatch.setattr(sam_med2d, "_LOOKED_FOR_ALL", 10)
    monkeypatch.setattr(sam_med2d, "_LOOKED_FOR", 5)
    listed = {f"i/{n}.png": [f"m/{n}.png"] for n in range(10)}
    files = [name for image, masks in listed.items() for name in (image, *masks)]
    write_json(tmp_path / "l.json", listed)
    touch(tmp_path, files)
    (tmp_path / files[1]).unlink()  # of every fourth, this is none
    assert len(found_in(tmp_path).pairs) == 10
    (tmp_path / files[4]).unlink()
    found = found_in(tmp_path)
    assert [pair.name for pair in found.pairs] == [str(n) for n in (1, 3, 4, 5, 6, 7, 8, 9)]
    (tmp_path / "m").rename(tmp_path / "n")
    with pytest.raises(ConfigError, match=r"images are missing.*masks are missing"):
        find_pairs(tmp_path)
