"""Tests of vesal.images.suffix."""

import pytest

from vesal.images.suffix import stem_of, suffix_of


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("a.nii.gz", "a"), ("a.b.NII", "a.b"), ("a.seg.nrrd", "a.seg"), ("a.png", "a"),
        ("a.ZIP", "a"), ("a.txt", "a.txt"), (".nii.gz", ".nii.gz"), (".nii", ".nii"),
    ],
)  # fmt: skip
def test_a_stem_is_the_name_without_the_format(name: str, stem: str) -> None:
    """Both suffixes of .nii.gz; of another file, and of a bare suffix, it is the whole name."""
    assert stem_of(name) == stem
    assert suffix_of(name) == name[len(stem) :]
