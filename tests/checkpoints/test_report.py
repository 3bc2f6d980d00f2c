"""Tests of vesal.checkpoints.report."""

import pytest

from vesal.checkpoints.report import Report, Wanted, compared
from vesal.checkpoints.stored import Place, Stored, contiguous

PLACE = Place(start=0, size_bytes=1000)
WANTED = {
    "a": Wanted(shape=(2,)),
    "b": Wanted(shape=(3,)),
    "n": Wanted(shape=(), whole_numbers=True),
}


def given(**changes: Stored | None) -> dict[str, Stored]:
    """Tensors that fit, but for the changes."""
    fitting = {
        "a": contiguous("float32", (2,), PLACE),
        "b": contiguous("float16", (3,), PLACE),
        "n": contiguous("int64", (), PLACE),
    }
    return {name: tensor for name, tensor in (fitting | changes).items() if tensor is not None}


def test_what_fits_has_nothing_to_report() -> None:
    """Floats of either width, and whole numbers."""
    assert compared(WANTED, given()) == Report(missing=(), extra=(), resized=(), odd=())
    assert compared(WANTED, given()).fits


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"a": None}, "1 tensors missing ['a'], 0 extra [], 0 of another shape []"),
        ({"c": contiguous("float32", (1,), PLACE)}, "0 tensors missing [], 1 extra ['c']"),
        ({"b": contiguous("float32", (4,), PLACE)}, "1 of another shape ['b']"),
        ({"a": contiguous("float64", (2,), PLACE)}, "got torch.float64 for ['a']"),
        ({"n": contiguous("float32", (), PLACE)}, "got torch.float32 for ['n']"),
    ],
)
def test_each_fault_is_named(changes: dict[str, Stored | None], words: str) -> None:
    """With the tensor that has it."""
    report = compared(WANTED, given(**changes))
    assert not report.fits
    assert words in report.sentence()


def test_a_sentence_names_three_tensors_and_counts_the_rest() -> None:
    """The report has all of them."""
    report = compared({name: Wanted(shape=()) for name in "edcba"}, {})
    assert report.missing == ("a", "b", "c", "d", "e")
    assert "5 tensors missing ['a', 'b', 'c']" in report.sentence()
