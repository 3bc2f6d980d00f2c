"""What is told of one scan beside its mask."""

import pytest

from vesal.checkpoints.locate import weights_path
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
