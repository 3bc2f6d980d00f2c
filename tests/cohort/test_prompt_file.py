"""A prompt file is read whole, and all that is wrong with it is said at once."""

import json
from pathlib import Path
from typing import Any

import pytest

from vesal.cohort.case import MaskFile
from vesal.cohort.prompt_file import read_cases
from vesal.errors import ConfigError
from vesal.prompts.text import Typed

TABLE = """image,object,kind,coordinates,positive
a.nii.gz,liver,point,"12,-40,33",1
a.nii.gz,liver,point,"1,2,3",0
a.nii.gz,kidney,box,"1,2,3 4,5,6",
b/a.nii.gz,liver,scribble,"1,2,3 4,5,6 7,8,9",yes
b/a.nii.gz,liver,avoid,"done.nii.gz 3,5",
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which the images that are named exist."""
    (tmp_path / "b").mkdir()
    for name in ("a.nii.gz", "b/a.nii.gz", "done.nii.gz"):
        (tmp_path / name).touch()
    return tmp_path


def write(folder: Path, text: str | dict[str, Any], encoding: str = "utf-8") -> Path:
    """A prompt file."""
    text = text if isinstance(text, str) else json.dumps(text)
    path = folder / "cases.txt"
    path.write_bytes(text.encode(encoding))
    return path


def case(**changes: object) -> dict[str, Any]:
    """A JSON file with one case."""
    record: dict[str, Any] = {
        "image": "a.nii.gz",
        "objects": [{"name": "liver", "prompts": [{"point": [1, 2, 3]}]}],
        **changes,
    }
    return {"version": 1, "cases": [record]}


def test_a_table_is_read_in_its_order(folder: Path) -> None:
    """A row a prompt; images and objects in the order in which they first appear."""
    first, second = read_cases(write(folder, TABLE))
    assert [one.name for one in first.wanted] == ["liver", "kidney"]
    said = first.wanted[0].prompts
    assert [isinstance(one, Typed) and one.positive for one in said] == [True, False]
    assert first.image == folder / "a.nii.gz"
    assert second.name == "a-2"
    avoid = second.wanted[0].prompts[1]
    assert isinstance(avoid, MaskFile)
    assert (avoid.kind, avoid.path, avoid.numbers) == ("avoid", folder / "done.nii.gz", (3, 5))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_tables_of_spreadsheets_are_read(
    folder: Path, encoding: str, end: str, delimiter: str
) -> None:
    """With a mark at the beginning, with semicolons, with the ends of lines of Windows."""
    rows = [["image", "object", "kind", "coordinates"], ["a.nii.gz", "x", "point", '"1,2,3"']]
    text = end.join(delimiter.join(row) for row in rows) + end
    assert len(read_cases(write(folder, text, encoding))) == 1


def test_json_is_read(folder: Path) -> None:
    """Every key."""
    record = case(
        series="2",
        frame="voxel",
        overlap="later",
        objects=[
            {
                "name": "liver",
                "one_by_one": True,
                "prompts": [
                    {"point": [1, 2, 3], "positive": False},
                    {"box": [[1, 2, 3], [4, 5, 6]]},
                    {"scribble": [[1, 2, 3], [4, 5, 6]], "joined": False},
                    {"lasso": [[1, 2, 3], [4, 2, 3], [4, 5, 3]]},
                    {"start": "done.nii.gz"},
                    {"avoid": "done.nii.gz", "numbers": [3]},
                ],
            }
        ],
    )
    (one,) = read_cases(write(folder, record))
    assert (one.series, one.voxel, one.overlap) == ("2", True, "later")
    assert one.wanted[0].one_by_one
    assert len(one.wanted[0].prompts) == 6


@pytest.mark.parametrize(
    ("content", "messages"),
    [
        ("", ["the table needs the columns"]),
        ("image,kind\n", ["line 1: the table needs the columns"]),
        (TABLE.replace("12,-40,33", "12;x"), ["line 2 needs numbers separated by commas"]),
        (TABLE.replace(",1\n", ",maybe\n"), ["line 2: positive must be 1 or 0, got 'maybe'"]),
        (TABLE.replace(",box,", ",ring,"), ["line 4: a prompt is one of"]),
        (TABLE.replace("b/a.nii.gz", "lost.nii.gz"), ["lost: the image", "does not exist"]),
        (TABLE.replace("done.nii.gz", "lost.nii.gz"), ["line 6: the file", "does not exist"]),
        ("image,object,kind,coordinates\na.nii.gz,x,point\n", ["line 2: has more or fewer"]),
        ("{broken", ["the file: is not JSON"]),
        ({"version": 2, "cases": []}, ['needs "version": 1, got 2', "holds no case"]),
        ({"version": 1, "cases": [], "x": 1}, ["got also x"]),
        (case(frame="feet"), ["case 1: frame must be mm or voxel, got 'feet'"]),
        (case(overlap="mine"), ["case 1: overlap must be one of"]),
        (case(image=3), ["case 1: needs the path of an image"]),
        (case(objects=[]), ['case 1: needs "objects"']),
        (case(objects=[{"name": "", "prompts": [{"point": [1]}]}]), ["case 1: a name needs"]),
        (case(objects=[{"prompts": [{}]}]), ["object 1, prompt 1: needs one of point"]),
        (
            case(objects=[{"prompts": [{"point": [1, True, 3]}]}]),
            ["object 1, prompt 1: a point needs lists of numbers"],
        ),
        (
            case(objects=[{"prompts": [{"point": [1, 2, 3], "size": 4}]}]),
            ["a point may have positive, true or false"],
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    folder: Path, content: str | dict[str, Any], messages: list[str]
) -> None:
    """In one sentence, before anything is done."""
    with pytest.raises(ConfigError) as refused:
        read_cases(write(folder, content))
    for message in messages:
        assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_all_problems_are_told_at_once(folder: Path) -> None:
    """Nobody mends a file one run at a time."""
    text = TABLE.replace("12,-40,33", "x").replace(",box,", ",ring,").replace(",yes", ",maybe")
    with pytest.raises(ConfigError, match=r"cases\.txt has 3 problems: .*line 2.*line 4.*line 5"):
        read_cases(write(folder, text))


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """Missing, or not text."""
    with pytest.raises(ConfigError, match="cannot be read"):
        read_cases(tmp_path / "none.csv")
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8 text"):
        read_cases(tmp_path / "a.csv")
