"""Tests of vesal.images.source."""

from pathlib import Path

from vesal.images import Source


def test_a_source_has_a_name_for_messages() -> None:
    """The file's own name without its folders, or a word where there is no file."""
    assert Source(path=Path("/data/jane/ct.nii.gz")).name == "ct.nii.gz"
    assert Source().name == "the image"
