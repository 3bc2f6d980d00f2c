"""Prompt files in JSON: every key, and what is no such file."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cohort.files import case
from vesal.cohort.case import MaskFile
from vesal.cohort.draft import Draft, Problems
from vesal.cohort.prompt_json import json_drafts
from vesal.errors import ConfigError
from vesal.prompts.text import Typed

HERE = Path("here")


def drafts(content: str | dict[str, Any]) -> list[Draft]:
    """The cases, or ConfigError with all that is wrong."""
    text = content if isinstance(content, str) else json.dumps(content)
    problems = Problems(Path("cases.json"))
    found = json_drafts(text, HERE, problems)
    problems.check()
    return found


def test_every_key_is_read() -> None:
    """Of a case, of an object, of each kind of prompt."""
    prompts = [
        {"point": [1, 2, 3]},
        {"point": [1, 2.5, 3], "positive": False},
        {"box": [[1, 2, 3], [4, 5, 6]]},
        {"scribble": [[1, 2, 3], [4, 5, 6]], "joined": False},
        {"lasso": [[1, 2, 3], [4, 2, 3], [4, 5, 3]]},
        {"start": "done.nii.gz"},
        {"avoid": "done.nii.gz", "numbers": [3]},
    ]
    objects = [{"name": "liver", "one_by_one": True, "prompts": prompts}]
    record = case(series=2, frame="voxel", overlap="later", objects=objects)
    (one,) = drafts(record)
    assert (one.where, one.image, one.series) == ("case 1", "a.nii.gz", "2")
    assert (one.frame, one.overlap) == ("voxel", "later")
    (liver,) = one.wanted
    assert (liver.name, liver.one_by_one) == ("liver", True)
    numbers = [p for p in liver.prompts if isinstance(p, Typed)]
    assert [p.kind for p in numbers] == ["point", "point", "box", "scribble", "lasso"]
    assert [p.positive for p in numbers] == [True, False, True, True, True]
    assert numbers[1].points == ((1, 2.5, 3),)
    assert not numbers[3].joined
    start, avoid = [p for p in liver.prompts if isinstance(p, MaskFile)]
    assert (start.kind, start.path) == ("start", HERE / "done.nii.gz")
    assert (avoid.kind, avoid.numbers) == ("avoid", (3,))


def test_what_is_left_out_has_its_usual_value() -> None:
    """The frame of the file counts where a case has none; objects are counted."""
    record = {**case(objects=[{"prompts": [{"point": [1, 2]}]}]), "frame": "voxel"}
    (one,) = drafts(record)
    assert (one.frame, one.overlap, one.series) == ("voxel", "accepted", "")
    assert one.wanted[0].name == "object 1"
    assert not one.wanted[0].one_by_one


def saying(**prompt: object) -> dict[str, Any]:
    """A file with one prompt."""
    return case(objects=[{"name": "liver", "prompts": [prompt]}])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{broken", "the file: is not JSON"),
        ('{"version": 1, "version": 1}', "'version' stands twice in one pair of braces"),
        ("[" * 100_000, "the file: is not JSON"),
        ("[]", "the file: needs an object in braces, got list"),
        ({"version": 2, "cases": []}, 'needs "version": 1, got 2'),
        ({**case(), "version": True}, 'needs "version": 1, got True'),
        ({"version": 1}, 'the file: needs "cases", a list of at least one'),
        ({**case(), "x": 1}, "knows version, frame, cases, got also x"),
        ({**case(), "frame": 3}, "the file: frame must be a text, got 3"),
        ({"version": 1, "cases": [3]}, "case 1: needs an object in braces, got int"),
        (case(image=3), "case 1: image must be a text, got 3"),
        (case(series=[2]), "case 1: series must be a number or a text"),
        (case(objects=[]), 'case 1: needs "objects"'),
        (case(objects=[3]), "case 1, object 1: needs an object in braces"),
        (case(objects=[{"name": "x", "prompts": {}}]), 'object 1: needs "prompts"'),
        (case(objects=[{"name": [1], "prompts": [{"point": [1]}]}]), "name must be a text"),
        (
            case(objects=[{"one_by_one": 1, "prompts": [{"point": [1, 2]}]}]),
            "object 1: one_by_one must be true or false, got 1",
        ),
        (saying(), "object 1, prompt 1: a prompt needs one of point"),
        (saying(point=[1, 2], box=[]), "prompt 1: a prompt needs one of point"),
        (saying(point=[1, True, 3]), "prompt 1: a point needs a list of numbers"),
        (saying(point=[10**400, 2, 3]), "prompt 1: a point needs a list of numbers"),
        (saying(point=[float("nan"), 2, 3]), "prompt 1 needs finite numbers"),
        (saying(box=[1, 2, 3]), "a box needs a list of points, lists of numbers"),
        (saying(point=[1, 2, 3], size=4), "a point may have positive, true or false"),
        (saying(point=[1, 2, 3], joined=True), "a point may have positive, true or false"),
        (saying(point=[1, 2, 3], positive=1), "a point may have positive, true or false"),
        (saying(avoid=3), "avoid needs a path"),
        (saying(start="a", numbers=[0]), "start needs a path"),
        (saying(start="a", positive=False), "start needs a path"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(content: str | dict[str, Any], message: str) -> None:
    """In a sentence of a length that one reads."""
    with pytest.raises(ConfigError) as refused:
        drafts(content)
    assert message in str(refused.value)
    assert len(str(refused.value)) < 300
