"""Tests of vesal.datasets.modality: one spelling for what data sets write."""

import pytest

from vesal.datasets.modality import dataset_of, modality_of


@pytest.mark.parametrize(
    ("text", "modality"),
    [
        ("ct_WORD", "CT"), ("CT", "CT"), ("mr_flair_BraTS2021", "MR"), ("T1w", "MR"), ("MRI", "MR"),
        ("FLAIR", "MR"), ("us_CAMUS", "US"), ("x_ray", "XR"), ("X-ray", "XR"),
        ("ultrasound_00", "US"), ("fundus_photography", "FUNDUS"), ("noNorm", ""), ("", ""),
        ("CT_AbdomenAtlas_1", "CT"), ("cta_x", "CT"), ("pet_00", "PET"), ("ctwo", ""),
    ],
)  # fmt: skip
def test_a_modality_is_the_first_word(text: str, modality: str) -> None:
    """As nnU-Net, BIDS, SA-Med2D, SAM-Med3D and the challenge have it; "" if it is none."""
    assert modality_of(text) == modality


@pytest.mark.parametrize(
    ("text", "dataset"),
    [
        ("ct_WORD", "WORD"), ("mr_flair_BraTS2021", "BraTS2021"), ("mr_00_ACDC", "ACDC"),
        ("ct_MSD_Liver", "MSD_Liver"), ("WORD", "WORD"), ("ct", "ct"), ("x_ray_CXR", "CXR"),
        ("mr_t1", "t1"),
    ],
)  # fmt: skip
def test_a_data_set_is_what_follows_modality_and_sequence(text: str, dataset: str) -> None:
    """So that the sequences of a patient belong to one data set."""
    assert dataset_of(text) == dataset
