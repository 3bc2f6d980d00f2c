"""Prompt files that are tables, as spreadsheets leave them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cohort.files import TABLE
from vesal.cohort.case import MaskFile
from vesal.cohort.draft import Draft, Problems
from vesal.cohort.prompt_table import table_drafts
from vesal.cohort.table import csv_table
from vesal.errors import ConfigError
from vesal.prompts.text import Typed

HERE = Path("here")
HEAD = "image,object,kind,coordinates"


def drafts(text: str) -> list[Draft]:
    """The cases, or ConfigError with all that is wrong."""
    problems = Problems(Path("cases.csv"))
    found = table_drafts(csv_table(text, problems), HERE, problems)
    problems.check()
    return found


def test_a_table_is_read_in_its_order() -> None:
    """A row a prompt; images and objects in the order in which they first appear."""
    first, second = drafts(TABLE)
    assert [one.name for one in first.wanted] == ["liver", "kidney"]
    said = first.wanted[0].prompts
    assert [isinstance(one, Typed) and one.positive for one in said] == [True, False]
    assert (first.image, second.image) == ("a.nii.gz", "b/a.nii.gz")
    assert (first.where, second.where) == ("line 2", "line 5")
    avoid = second.wanted[0].prompts[1]
    assert isinstance(avoid, MaskFile)
    assert (avoid.kind, avoid.path, avoid.numbers) == ("avoid", HERE / "done.nii.gz", (3, 5))


def test_further_columns_are_read_and_may_come_in_any_order() -> None:
    """In whatever letters; an object without a name gets one."""
    text = 'FRAME,Series,kind,one_by_one,object,coordinates,image\nvoxel,2,box,1,,"1,2,3,4,5,6",a\n'
    (one,) = drafts(text)
    assert (one.frame, one.series) == ("voxel", "2")
    assert (one.wanted[0].name, one.wanted[0].one_by_one) == ("object", True)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("last", ["", "{d}{d}{d}"])
def test_tables_of_spreadsheets_are_read(end: str, delimiter: str, last: str) -> None:
    """With semicolons or tabs, with the ends of lines of Windows, with empty rows behind."""
    rows = [HEAD.split(","), ["a.nii.gz", "x", "point", '"1,2,3"']]
    lines = [*(delimiter.join(row) for row in rows), last.replace("{d}", delimiter)]
    (one,) = drafts(end.join(lines) + end)
    assert len(one.wanted[0].prompts) == 1


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("point", "12,5 -40,2 33,1"),
        ("point", "12,5,-40,2,33,1"),
        ("point", "12,5;-40,2"),
        ("box", "1,5 2,5 3,5 4,5 5,5 6,5"),
    ],
)
def test_decimal_commas_are_refused_in_words(kind: str, text: str) -> None:
    """A comma cannot be both; nothing is guessed."""
    with pytest.raises(ConfigError, match=r"line 2: .* write decimals with a point"):
        drafts(f'{HEAD}\na,x,{kind},"{text}"\n')


@given(st.lists(st.integers(-99, 99), min_size=6, max_size=6))
def test_whole_numbers_are_not_taken_for_decimal_commas(numbers: list[int]) -> None:
    """A box of six of them is a box."""
    text = ",".join(map(str, numbers))
    (one,) = drafts(f'{HEAD}\na,x,box,"{text}"\n')
    prompt = one.wanted[0].prompts[0]
    assert isinstance(prompt, Typed)
    assert [*prompt.points[0], *prompt.points[1]] == numbers


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: the table needs the columns"),
        ("image,kind\n", "line 1: the table needs the columns"),
        (f"{HEAD},colour\n", "line 1: the table needs the columns"),
        (f"{HEAD},image\n", "each of them once"),
        (TABLE.replace("12,-40,33", "12;x"), "line 2 needs numbers separated by commas"),
        (TABLE.replace(",1\n", ",maybe\n"), "line 2: positive must be 1 or 0, got 'maybe'"),
        (TABLE.replace(",box,", ",ring,"), "line 4: a prompt is one of"),
        (TABLE.replace("done.nii.gz 3,5", ""), "line 6: avoid needs a path"),
        (f"{HEAD}\na.nii.gz,x,point\n", "line 2: has more or fewer"),
        (f"{HEAD}\na.nii.gz,x,point,1,2,3\n", "line 2: has more or fewer"),
        (f'{HEAD}\na,x,point,"1,2,3" 4\n', "is not CSV"),
        (f'{HEAD},frame\na,x,point,"1,2",mm\na,y,point,"1,2",voxel\n', "line 3: frame must be"),
        (f'{HEAD},one_by_one\na,x,point,"1,2",1\na,x,point,"3,2",0\n', "line 3: one_by_one must"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, message: str) -> None:
    """As an editor counts them."""
    with pytest.raises(ConfigError) as refused:
        drafts(text)
    assert message in str(refused.value)
    assert "a problem" in str(refused.value)
