"""Cohorts without prompts: folders and lists."""

from pathlib import Path

import pytest

from tests.dicom_series import write_series
from vesal.cohort.scan_list import read_scans
from vesal.errors import ConfigError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two images of one name, a DICOM series, and what is no image."""
    (tmp_path / "b").mkdir()
    for name in ("ct.nii.gz", "b/ct.nii.gz", "notes.txt", "._ct.nii.gz"):
        (tmp_path / name).touch()
    write_series(tmp_path / "series")
    return tmp_path


def test_a_folder_holds_its_images_and_series(folder: Path) -> None:
    """In the order of their names, without what is hidden or deeper."""
    found = read_scans(folder)
    assert [(one.name, one.image) for one in found] == [
        ("ct", folder / "ct.nii.gz"),
        ("series", folder / "series"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "ct.nii.gz\n\nb/ct.nii.gz\n",
        "image\nct.nii.gz\nb/ct.nii.gz\n",
        "Patient;Image\n1;ct.nii.gz\n1;ct.nii.gz\n2;b/ct.nii.gz\n",
    ],
)
def test_a_list_names_images_from_its_folder(text: str, folder: Path) -> None:
    """Lines or a table; folders tell equal names apart; an image that stands twice is one."""
    (folder / "list.csv").write_text(text)
    found = read_scans(folder / "list.csv")
    assert [(one.name, one.image) for one in found] == [
        ("ct", folder / "ct.nii.gz"),
        ("b_ct", folder / "b" / "ct.nii.gz"),
    ]


def test_a_list_in_parquet(folder: Path) -> None:
    """Its column image."""
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pa.table({"image": ["ct.nii.gz", "series"], "age": [3, None]})
    parquet.write_table(table, folder / "list.parquet")
    assert [one.name for one in read_scans(folder / "list.parquet")] == ["ct", "series"]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("list.txt", b"lost.nii", r"names .*lost\.nii, which does not exist"),
        ("list.txt", b"", "holds no image"),
        ("list.txt", b"\xff\xfe\x00", "is not UTF-8 text"),
        ("empty/x", b"", "there is no"),
    ],
)
def test_what_is_no_cohort_is_told(name: str, content: bytes, told: str, tmp_path: Path) -> None:
    """In a sentence."""
    path = tmp_path / name
    if path.parent == tmp_path:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=told):
        read_scans(path)
