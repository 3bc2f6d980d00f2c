"""What no case can be, whoever makes it."""

from pathlib import Path

import pytest

from vesal.cohort.case import Case, MaskFile, Wanted
from vesal.errors import ConfigError

START = MaskFile(where="here", kind="start", path=Path("mask.nii"))


def test_a_name_must_fit_into_a_file() -> None:
    """As that of any segment."""
    with pytest.raises(ConfigError, match="a name needs one line"):
        Wanted(name="two\nlines", prompts=(START,))


def test_names_and_rules_are_checked() -> None:
    """One name for each object; a rule that a session knows."""
    one = Wanted(name="one", prompts=(START,))
    with pytest.raises(ConfigError, match="'one' twice"):
        Case(name="a", image=Path("a.nii"), wanted=(one, one))
    with pytest.raises(ConfigError, match="overlap must be one of"):
        Case(name="a", image=Path("a.nii"), wanted=(one,), overlap="mine")


def test_all_that_is_read_for_a_case_is_named() -> None:
    """The image and the masks of its prompts."""
    case = Case(name="a", image=Path("a.nii"), wanted=(Wanted(name="one", prompts=(START,)),))
    assert case.files == (Path("a.nii"), Path("mask.nii"))
