"""Tests of vesal.training.finetune.data: what is learnt from, and what is kept to check on."""

from pathlib import Path

import pytest

from tests.networks import random_network, tiny_config, tiny_sam
from tests.training.scans import picture_folder, scan_folder
from vesal.checkpoints.tensors import empty
from vesal.errors import ConfigError
from vesal.models.promptable_unet import PromptableUNet
from vesal.models.zoo import ZOO
from vesal.training.finetune.data import TuningData, material


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One patient."""
    return scan_folder(tmp_path_factory.mktemp("one"))


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five patients."""
    return scan_folder(tmp_path_factory.mktemp("five"), 5)


@pytest.fixture(scope="module")
def network() -> PromptableUNet:
    """The tiny one."""
    return random_network(tiny_config())


def asked(what: TuningData) -> list[str]:
    """Names of what is checked."""
    return [target.name for _, target in what.checked.structures]


def test_one_patient_is_learnt_from_and_checked_on(one: Path, network: PromptableUNet) -> None:
    """Where nothing is said; it says so."""
    what = material(one, network)
    assert len(what.pairs) == 1
    assert what.labelled == len(what.structures) == len(asked(what)) >= 4
    assert what.checked.seen


def test_a_fifth_of_several_patients_is_held_out(five: Path, network: PromptableUNet) -> None:
    """At least one, and never all; nobody is on both sides."""
    what = material(five, network)
    assert 1 <= len(what.pairs) <= 4
    assert not what.checked.seen
    held = {image.source.name for image, _ in what.checked.structures}
    assert len(held) + len(what.pairs) == 5
    assert not held & {pair.image.name for pair in what.pairs}
    other = material(five, network, validation="0.5", seed=3)
    assert 1 <= len(other.pairs) <= 4


def test_structures_of_one_patient_can_be_held_out(one: Path, network: PromptableUNet) -> None:
    """None of them is learnt."""
    what = material(one, network, validation="0.4")
    assert not what.checked.seen
    assert not set(asked(what)) & set(what.structures)
    assert what.only == what.structures
    assert what.labelled == len(what.structures)


def test_another_data_set_can_be_checked_on(one: Path, five: Path, network: PromptableUNet) -> None:
    """All of the first is learnt from; at most eight structures are asked for."""
    what = material(one, network, validation=str(five))
    assert len(what.pairs) == 1
    assert len(asked(what)) == 8
    assert not what.checked.seen


def test_only_some_structures_are_learnt(five: Path, network: PromptableUNet) -> None:
    """By name or pattern."""
    what = material(five, network, only=["label 2", "LABEL 3*"])
    assert set(what.structures) == {"label 2", "label 3"}
    assert set(asked(what)) <= {"label 2", "label 3"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"only": ["liver"]}, "has no structure named liver"),
        ({"validation": "1"}, "above 0 and below 1, got 1"),
        ({"validation": "nan"}, "above 0 and below 1, got nan"),
        ({"validation": "nowhere"}, "nowhere is not there"),
        ({"validation": "0.5", "only": ["label 2"]}, "none can be held out"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    one: Path, network: PromptableUNet, words: dict[str, str], message: str
) -> None:
    """One sentence that says what would be right."""
    with pytest.raises(ConfigError, match=message):
        material(one, network, **words)  # type: ignore[arg-type]


def test_specks_alone_are_too_few_voxels(tmp_path: Path, network: PromptableUNet) -> None:
    """The largest of them is named by its size."""
    data = scan_folder(tmp_path, shape=(9, 8, 7))
    with pytest.raises(ConfigError, match=r"has 1?[0-9] voxels; at least 24"):
        material(data, network)


def test_pictures_are_refused_for_a_model_of_volumes(tmp_path: Path) -> None:
    """Before anything is learnt; vesal-mini takes both."""
    data = picture_folder(tmp_path)
    cubes = empty(ZOO["sam-med3d"])
    with pytest.raises(ConfigError, match="learns from volumes, but p is an image of 2 axes"):
        material(data, cubes)
    assert material(data, tiny_sam()).labelled > 2


def test_tests_are_left_alone_and_validation_is_checked_on(tmp_path: Path) -> None:
    """Where the data set says which cases are which."""
    folder = scan_folder(tmp_path / "scans", patients=4)
    lines = ["image,label,part"]
    for number, part in enumerate(("train", "validation", "test", "train")):
        image, label = (folder / kind / f"p{number}.nii.gz" for kind in ("images", "labels"))
        lines.append(f"{image},{label},{part}")
    table = tmp_path / "pairs.csv"
    table.write_text("\n".join(lines) + "\n")
    what = material(table, random_network(tiny_config()))
    assert {pair.image.name for pair in what.pairs} == {"p0.nii.gz", "p3.nii.gz"}
    assert not what.checked.seen
