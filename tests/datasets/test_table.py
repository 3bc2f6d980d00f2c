"""Tests of vesal.datasets.table: what rows say, and what is wrong with them."""

from pathlib import Path

import pytest

from tests.datasets.trees import summary, touch
from vesal.datasets import Pair, Structure, find_pairs
from vesal.datasets.found import Found
from vesal.datasets.table import find_in_table
from vesal.errors import ConfigError

FILES = ["a/image.nii.gz", "b/image.nii.gz", "a/liver.nii.gz", "a/all.nii.gz", "b/liver.nii.gz"]


def read(folder: Path, text: str) -> Found:
    """The pairs of a table."""
    touch(folder, FILES)
    path = folder / "pairs.csv"
    path.write_text(text, encoding="utf-8")
    found = find_in_table(path)
    assert found is not None
    return found


def test_every_column_is_taken(tmp_path: Path) -> None:
    """Structures with values and without."""
    text = (
        "image,label,name,patient,modality,dataset,part,seen,structures\n"
        'a/image.nii.gz,a/all.nii.gz,one,p1,ct,D,test,yes,"liver=1; kidneys=2, 3; rest"\n'
    )
    (pair,) = read(tmp_path, text).pairs
    label = pair.labels[0]
    assert label.structures == (
        Structure(name="liver", values=(1,)),
        Structure(name="kidneys", values=(2, 3)),
        Structure(name="rest", values=()),
    )
    assert pair == Pair(
        name="one",
        image=tmp_path / "a/image.nii.gz",
        labels=(label,),
        patient="p1",
        modality="CT",
        dataset="D",
        seen=True,
        part="test",
    )


def test_rows_of_one_image_are_one_pair_unless_they_are_named_apart(tmp_path: Path) -> None:
    """With a file of labels from each row."""
    rows = ["a/image.nii.gz;a/liver.nii.gz;{}", "a/image.nii.gz;a/all.nii.gz;{}"]
    joined = read(tmp_path, "\n".join(["image;label;name", *(row.format("") for row in rows)]))
    assert summary(joined.pairs, tmp_path) == {
        "image": ("a/image.nii.gz", "a/liver.nii.gz", "a/all.nii.gz")
    }
    apart = read(tmp_path, "image;label;name\n" + rows[0].format("x") + "\n" + rows[1].format("y"))
    assert [p.name for p in apart.pairs] == ["x", "y"]


def test_files_of_one_name_are_named_by_their_folders(tmp_path: Path) -> None:
    """A folder for each case is common; an empty line is nothing."""
    text = "image,label\na/image.nii.gz,a/liver.nii.gz\n,\nb/image.nii.gz,b/liver.nii.gz\n"
    assert [p.name for p in read(tmp_path, text).pairs] == ["a-image", "b-image"]


def test_a_row_without_a_label_is_left_out(tmp_path: Path) -> None:
    """With a note."""
    found = read(tmp_path, "image,label\na/image.nii.gz,\nb/image.nii.gz,b/liver.nii.gz\n")
    assert [p.name for p in found.pairs] == ["image"]
    assert found.notes == ("1 rows have no label and is left out: a/image.nii.gz",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,label,colour,age\n", "unknown 'colour', 'age'"),
        ("image,name\n", "missing 'label'"),
        ("image,label,label\n", "repeated 'label'"),
        ("", "missing 'image', 'label'"),
        ("image,label\nx.nii,a/all.nii.gz\n", r"pairs\.csv, line 2: image 'x\.nii' is not there"),
        ("image,label\n,a/all.nii.gz\n", "line 2: image '' is not there"),
        ("image,label\na/image.nii.gz,x\n", "line 2: label 'x' is not there"),
        ("image,label\na,b,c\n", "more or fewer fields"),
        ("image,label\na\n", "more or fewer fields"),
        ('image,label\n"a\n', "is not CSV"),
        ("image,label,seen\na/image.nii.gz,a/all.nii.gz,perhaps\n", "seen must be 1, 0 or empty"),
    ],
)
def test_tables_that_make_no_sense_are_refused(text: str, message: str, tmp_path: Path) -> None:
    """With the line and the column."""
    with pytest.raises(ConfigError, match=message):
        read(tmp_path, text)


@pytest.mark.parametrize("said", ["liver=", "=1", "liver=0", "liver=a", "liver=1-3", "liver=99999"])
def test_structures_that_make_no_sense_are_refused(said: str, tmp_path: Path) -> None:
    """With an example of what does."""
    with pytest.raises(ConfigError, match=r'like "liver=1; kidneys=2,3", got'):
        read(tmp_path, f"image,label,structures\na/image.nii.gz,a/all.nii.gz,{said}\n")


def test_rows_of_one_pair_must_agree(tmp_path: Path) -> None:
    """On all but the label."""
    rows = "a/image.nii.gz,a/liver.nii.gz,1\na/image.nii.gz,a/all.nii.gz,2\n"
    with pytest.raises(ConfigError, match="line 3: all rows of 'image' must agree"):
        read(tmp_path, f"image,label,patient\n{rows}")


def test_one_name_for_two_images_is_refused(tmp_path: Path) -> None:
    """With both paths."""
    rows = "a/image.nii.gz,a/liver.nii.gz,x\nb/image.nii.gz,b/liver.nii.gz,x\n"
    with pytest.raises(ConfigError, match="two cases are named 'x'"):
        read(tmp_path, f"image,label,name\n{rows}")


def test_only_text_is_a_table(tmp_path: Path) -> None:
    """Of the right name and encoding."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"image,label\n\xff")
    with pytest.raises(ConfigError, match="cannot be read as text in UTF-8"):
        find_in_table(path)
    assert find_in_table(tmp_path) is None


def test_a_label_that_is_listed_twice_is_refused(tmp_path: Path) -> None:
    """Its objects would be counted twice."""
    for name in ("i.nii", "l.nii"):
        (tmp_path / name).touch()
    row = "i.nii,l.nii,a=1"
    (tmp_path / "t.csv").write_text(f"image,label,structures\n{row}\n{row}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="listed twice"):
        find_in_table(tmp_path / "t.csv")


def test_a_label_of_5000_digits_is_refused(tmp_path: Path) -> None:
    """It was a ValueError of Python's own."""
    for name in ("a.nii", "b.nii"):
        (tmp_path / name).touch()
    path = tmp_path / "t.csv"
    path.write_text(f"image,label,structures\na.nii,b.nii,liver={'9' * 5000}\n")
    with pytest.raises(ConfigError, match="structures must be like"):
        find_pairs(path)
