"""One scan: what is read beside it, and what is told beside its mask."""

from pathlib import Path

import pytest

from vesal.checkpoints.locate import weights_path
from vesal.cli.main import main
from vesal.cli.segment_one import How, history_note

MINI = str(weights_path("vesal-mini"))


@pytest.mark.parametrize(
    ("model", "full_history", "told"),
    [
        ("vesal-mini", True, True),
        (MINI, True, True),
        ("medsam", True, True),
        ("sam-med3d", True, False),
        ("vesal-mini", False, False),
    ],
)
def test_that_the_full_history_changes_nothing_is_said(
    model: str, full_history: bool, told: bool
) -> None:
    """Where a model is told all clicks anyway, by its name or by its file."""
    notes = history_note(How(model=model, full_history=full_history, cache=None))
    assert [name for name, _ in notes] == ["note"] * told
    assert all("--full-history changes nothing" in note for _, note in notes)


def test_a_mask_of_another_scan_is_refused_by_its_name(
    scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Several may have been given."""
    words = ["--point", "98,161,397", "--start", str(scans / "example_seg_mr.nii.gz")]
    scan, mask = str(scans / "example_ct.nii.gz"), str(tmp_path / "m.nii")
    assert main(["segment", scan, *words, "-o", mask]) == 2
    assert "example_seg_mr.nii.gz: a mask must have the image's shape" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
