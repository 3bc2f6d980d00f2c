"""Tests of vesal.curation.sam_med2d_names: file names of SA-Med2D-20M."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesal.curation.sam_med2d_names import (
    case_word,
    dataset_word,
    image_stem,
    mask_stem,
    modality_tag,
)
from vesal.datasets import Pair
from vesal.datasets.modality import modality_of

MODALITIES = (
    "CT", "MR", "PET", "US", "XR", "MG", "OCT", "ENDOSCOPY", "DERMOSCOPY", "FUNDUS", "MICROSCOPY",
    "",
)  # fmt: skip


def test_names_are_those_of_the_release() -> None:
    """As the files of AMOS2022 are named there."""
    pair = Pair(name="amos_0004", image=Path("x"), modality="CT", dataset="AMOS2022")
    stem = image_stem(pair, "z_0090")
    assert stem == "ct_00--AMOS2022--amos_0004--z_0090"
    assert mask_stem(stem, 2, 1) == "ct_00--AMOS2022--amos_0004--z_0090--0002_001"


@pytest.mark.parametrize("modality", MODALITIES)
def test_tags_say_the_modality(modality: str) -> None:
    """The reader of the layout finds the way back."""
    assert modality_of(modality_tag(modality)) == modality


@given(st.text(max_size=12), st.text(min_size=1, max_size=12))
def test_data_set_and_case_are_told_apart_again(dataset: str, case: str) -> None:
    """Whatever letters they are of: the name splits at "--" as that of the release does."""
    pair = Pair(name=case, image=Path("x"), modality="MR", dataset=dataset)
    parts = image_stem(pair, "x_0001").split("--")
    assert parts[:2] == ["mr_00", dataset_word(dataset)]
    assert ("--".join(parts[2:-1]), parts[-1]) == (case_word(case), "x_0001")
    assert "/" not in image_stem(pair, "x_0001")


def test_words_keep_what_can_stay() -> None:
    """Nothing is a name too."""
    assert dataset_word("--My--Set-") == "My-Set"
    assert dataset_word("") == dataset_word("--") == "unnamed"
    assert (case_word("a--b"), case_word("a-")) == ("a--b", "a_")
