"""A prompt file is read whole, and all that is wrong with it is said at once."""

from pathlib import Path
from typing import Any

import pytest

from tests.cohort.files import TABLE, case, folder_of_images, write
from vesal.cohort.prompt_file import read_cases
from vesal.errors import ConfigError

SAID = {"point": [1, 2, 3]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which the images that are named exist."""
    return folder_of_images(tmp_path)


def about(*prompts: dict[str, Any], **changes: object) -> dict[str, Any]:
    """A file with one object."""
    return case(objects=[{"name": "liver", "prompts": list(prompts)}], **changes)


def test_a_table_and_json_that_say_the_same_are_the_same_cases(folder: Path) -> None:
    """But for the places of their prompts; paths begin at the file's folder."""
    table = 'image,object,kind,coordinates,frame\na.nii.gz,liver,point,"1,2,3",voxel\n'
    (one,) = read_cases(write(folder, table))
    (other,) = read_cases(write(folder, about(SAID, frame="voxel")))
    assert (one.name, one.image, one.voxel) == (other.name, other.image, other.voxel)
    assert one.image == folder / "a.nii.gz"
    assert one.voxel
    assert one.wanted[0].prompts[0].where == "line 2"
    assert other.wanted[0].prompts[0].where == "case 1, object 1, prompt 1"


def test_names_of_results_are_safe_and_each_its_own(folder: Path) -> None:
    """On every file system, whatever the images are called."""
    names = ["a.nii.gz", "b/a.nii.gz", "A.nrrd", "so so.nii", "con.mha", "x" * 200 + ".nii"]
    for name in names:
        (folder / name).touch()
    cases = [{"image": n, "objects": [{"prompts": [SAID]}]} for n in names]
    found = [one.name for one in read_cases(write(folder, {"version": 1, "cases": cases}))]
    assert found == ["a", "b_a", "A-2", "so_so", "con_", "x" * 60]


@pytest.mark.parametrize(
    ("content", "messages"),
    [
        (TABLE.replace("b/a.nii.gz", "lost.nii.gz"), ["line 5: the image", "does not exist"]),
        (TABLE.replace("done.nii.gz", "lost.nii.gz"), ["line 6: the file", "does not exist"]),
        (TABLE.replace("a.nii.gz,kidney", ",kidney"), ["line 4: needs the path of an image"]),
        ("image,object,kind,coordinates\n", ["the file: it holds no case"]),
        (case(frame="feet"), ["case 1: frame must be mm or voxel, got 'feet'"]),
        (case(overlap="mine"), ["case 1: overlap must be one of"]),
        (about({"point": [1]}), ["a point has two or three numbers, all of them as many, got 1"]),
        (about({"scribble": [[1, 2], [1, 2, 3]]}), ["all of them as many, got 2 and 3"]),
        (about(SAID, {"point": [1, 2]}), ["case 1: all points of an image need as many numbers"]),
        (about({"box": [[1, 2, 3], [1, 2, 9]]}), ["prompt 1: a box needs low < high"]),
        (about({"lasso": [[1, 2, 3]] * 3}), ["an outline with an area"]),
        (about({**SAID, "positive": False}), ["no prompt of 'liver' says what belongs to it"]),
        (about({"avoid": "done.nii.gz"}), ["no prompt of 'liver' says what belongs to it"]),
        (
            case(
                objects=[
                    {
                        "name": "l",
                        "one_by_one": True,
                        "prompts": [{**SAID, "positive": False}, SAID],
                    }
                ]
            ),
            ["'l' must begin with a prompt that says what belongs to it"],
        ),
        (
            case(objects=[{"name": "l", "prompts": [SAID]}] * 2),
            ["case 1: each object of an image needs a name of its own, got 'l' twice"],
        ),
        (case(objects=[{"name": " ", "prompts": [SAID]}]), ["case 1, object 1: a name needs"]),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    folder: Path, content: str | dict[str, Any], messages: list[str]
) -> None:
    """In one sentence, before an image is opened."""
    with pytest.raises(ConfigError) as refused:
        read_cases(write(folder, content))
    for message in messages:
        assert message in str(refused.value)
    assert "a problem" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_box_of_one_voxel_is_a_box(folder: Path) -> None:
    """Of indices, where both corners are in it; and what only forbids may come first."""
    first, last = {"avoid": "done.nii.gz"}, {"box": [[1, 2, 3], [1, 2, 3]]}
    record = about(first, last, frame="voxel")
    record["cases"][0]["objects"][0]["one_by_one"] = True
    (one,) = read_cases(write(folder, record))
    assert len(one.wanted[0].prompts) == 2


def test_all_problems_are_told_at_once(folder: Path) -> None:
    """Nobody mends a file one run at a time; what follows from one problem is not another."""
    text = TABLE.replace("12,-40,33", "x").replace(",box,", ",ring,").replace(",yes", ",maybe")
    with pytest.raises(ConfigError, match=r"cases\.txt has 3 problems: .*line 2.*line 4.*line 5"):
        read_cases(write(folder, text))


def test_many_problems_are_counted(folder: Path) -> None:
    """A sentence of hundreds helps nobody."""
    rows = "".join(f'lost{n}.nii,x,point,"1,2,3"\n' for n in range(20))
    with pytest.raises(ConfigError, match=r"has 20 problems: .*line 13.*; and 8 more$"):
        read_cases(write(folder, f"image,object,kind,coordinates\n{rows}"))


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """Missing, or not text."""
    with pytest.raises(ConfigError, match="cannot be read"):
        read_cases(tmp_path / "none.csv")
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8 text"):
        read_cases(tmp_path / "a.csv")


def test_an_image_with_a_name_that_no_disk_holds_does_not_exist(tmp_path: Path) -> None:
    """It was an OSError."""
    path = tmp_path / "p.csv"
    path.write_text(f'image,object,kind,coordinates\n{"n" * 5000},liver,point,"1,2,3"\n')
    with pytest.raises(ConfigError, match=r"p\.csv has .* does not exist"):
        read_cases(path)


def test_a_damaged_parquet_file_is_refused_in_one_line(tmp_path: Path) -> None:
    """Arrow's own words come in several, and do not name the file."""
    path = tmp_path / "p.parquet"
    path.write_bytes(b"PAR1" + bytes(40) + b"PAR1")
    with pytest.raises(ConfigError, match=r"^p\.parquet is no whole Parquet file .*$") as caught:
        read_cases(path)
    assert "\n" not in str(caught.value)
