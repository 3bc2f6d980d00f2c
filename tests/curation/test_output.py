"""Tests of vesal.curation.output (places that are refused: test_curate)."""

import json
from pathlib import Path

import pytest

from tests.curation.sets import settings
from tests.curation.test_catalogue import ROWS
from tests.datasets.trees import touch
from vesal.curation.output import sweep, write_settings
from vesal.errors import ResourceError


def test_only_images_that_no_row_names_are_swept(tmp_path: Path) -> None:
    """The report, the journal, and what is no image stay; empty folders go."""
    stay = ["i.nii.gz", "m.nii.gz", "report/p.png", ".curation/look/x.json", "a/notes.md"]
    go = ["a/b/old.nii.gz", "c/d/old.png", ".vesal-12.nii.gz", "a/.vesal-3.json"]
    touch(tmp_path, [*stay, *go])
    sweep(tmp_path, ROWS)
    left = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert left == set(stay)
    assert not (tmp_path / "c").exists()
    assert not (tmp_path / "a" / "b").exists()


def test_a_file_that_cannot_be_removed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence with its name."""

    def refused(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    touch(tmp_path, ["a/old.nii.gz"])
    monkeypatch.setattr(Path, "unlink", refused)
    with pytest.raises(ResourceError, match=r"old\.nii\.gz is of an earlier run"):
        sweep(tmp_path, ())


def test_settings_are_plain_json(tmp_path: Path) -> None:
    """Name, version, thresholds, checks, shares and seed."""
    write_settings(tmp_path, settings(least_share=0.5))
    record = json.loads((tmp_path / "settings.json").read_text(encoding="utf-8"))
    assert record["rules"] == "sam-med3d"
    assert record["thresholds"]["least_share"] == 0.5
    assert record["checks"]["most_spacing_mm"] == 50.0
    assert record["shares"] == {"train": 0.8, "validation": 0.1, "test": 0.1}
    assert record["vesal"]
