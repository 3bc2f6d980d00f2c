"""Tests of vesal.training.own_volumes, and of vesal-mini's recipe on a user's own scans."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.networks import tiny_config
from tests.training.pairs import ct_pair, mr_pair, picture_pairs
from tests.volumes import tiny_recipe
from vesal.datasets import open_pair
from vesal.errors import ConfigError
from vesal.models.promptable_unet import PromptableUNet
from vesal.progress import silent
from vesal.training.division import divided
from vesal.training.own_volumes import volumes_of
from vesal.training.sources.windows import Windows
from vesal.training.volume import LabelledVolume


def test_every_structure_is_a_label_of_a_volume(tmp_path: Path) -> None:
    """Also where one lies on another: then there are two label maps. Voxels are about 3 mm here."""
    pair = ct_pair()
    names, notes = volumes_of([pair], tmp_path)
    assert notes == []
    volume = LabelledVolume.load(tmp_path / f"{names['ct']}.npz")
    drawn = [p for p in volume.partitions if p.learnt]
    assert [len(p.ids) for p in drawn] == [3, 1]  # kidneys are the right one and another one
    sizes = sorted(int((p.labels == n).sum()) for p in drawn for n in p.ids)
    opened = open_pair(pair)
    assert sizes == sorted(target.patch.count for target in opened.targets)
    assert volume.modality == "CT"
    assert volume.spacing == pytest.approx(opened.image.grid.spacing_mm)


def test_a_volume_is_made_once_and_anew_when_its_meaning_changes(tmp_path: Path) -> None:
    """Another structure of the same file is another volume."""
    first, _ = volumes_of([mr_pair()], tmp_path)
    stamp = (tmp_path / f"{first['mr']}.npz").stat().st_mtime_ns
    again, _ = volumes_of([mr_pair()], tmp_path)
    assert again == first
    assert (tmp_path / f"{first['mr']}.npz").stat().st_mtime_ns == stamp
    label = mr_pair().labels[0]
    other = replace(label, structures=(replace(label.structures[0], values=(1,)),))
    assert volumes_of([replace(mr_pair(), labels=(other,))], tmp_path)[0] != first


def test_pictures_are_slices_and_what_cannot_be_read_is_a_note(tmp_path: Path) -> None:
    """Colour becomes grey; nothing at all is refused."""
    pairs = picture_pairs(tmp_path / "raw")
    broken = replace(pairs[0], name="broken", image=tmp_path / "nowhere.png")
    names, notes = volumes_of([pairs[1], broken], tmp_path / "made")
    assert list(names) == [pairs[1].name]
    assert len(notes) == 1
    assert notes[0].startswith("broken is left out: ")
    volume = LabelledVolume.load(tmp_path / "made" / f"{names[pairs[1].name]}.npz")
    assert volume.partitions[0].labels.shape[2] == 1
    with pytest.raises(ConfigError, match="got none in 1 pairs: broken is left out"):
        volumes_of([broken], tmp_path / "made")
    with pytest.raises(ConfigError, match="it has no structure"):
        volumes_of([replace(pairs[0], labels=())], tmp_path / "made")


def test_the_recipe_of_vesal_mini_takes_own_scans(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One patient is kept for validation, here in few windows, under the name of the case."""
    monkeypatch.setattr("vesal.training.sources.windows._VALIDATION_EACH", 2)
    monkeypatch.setattr("vesal.training.sources.windows._VALIDATION_SIDE", 24)
    table = tmp_path / "pairs.csv"
    lines = ["image,label,patient"]
    lines += [f"{p.image},{p.labels[0].path},{p.name}" for p in (ct_pair(), mr_pair())]
    table.write_text("\n".join(lines) + "\n")
    data = tiny_recipe(synthetic_volumes=0).data
    assert isinstance(data, Windows)
    model = PromptableUNet(tiny_config())
    made = data.material(table, tmp_path / "cache", model, 5, silent)
    batch = made.source.batch(0)
    assert np.isfinite(batch.images).all()
    assert batch.targets.any(axis=(2, 3, 4)).all()
    assert made.validation is not None
    names = made.validation.scores(model.eval(), None).scores
    assert {name.split("@")[0] for name in names} in ({"example_ct"}, {"example_mr_sm"})


def test_patients_are_divided_as_the_data_say_or_by_share() -> None:
    """At least one is kept where there are two; tests are never learnt from."""
    pairs = [replace(ct_pair(), name=f"c{n}", patient=f"p{n}") for n in range(20)]
    mine, kept = divided(pairs, 0.2, seed=1)
    assert len(mine) + len(kept) == 20
    assert 1 <= len(kept) <= 8
    assert divided(pairs, 0.2, seed=1) == (mine, kept)
    assert divided(pairs, 0.0, seed=1) == (pairs, [])
    assert [len(part) for part in divided(pairs[:2], 0.1, seed=0)] == [1, 1]
    assert divided(pairs[:1], 0.5, seed=0) == (pairs[:1], [])
    parts = ["train", "validation", "test", ""]
    said = [replace(p, part=part) for p, part in zip(pairs, parts, strict=False)]
    assert divided(said, 0.3, seed=0) == ([said[0], said[3]], [said[1]])
    with pytest.raises(ConfigError, match="no case to learn from"):
        divided([said[1], said[2]], 0.3, seed=0)
    with pytest.raises(ConfigError, match=r"0 to 0\.5, got 0\.9"):
        divided(pairs, 0.9, seed=0)
    twice = [said[0], replace(said[1], patient="p0")]
    with pytest.raises(ConfigError, match="more than one part"):
        divided(twice, 0.1, seed=0)
