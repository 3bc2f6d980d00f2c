"""Two who write to one place at once: one of them is refused, or the last whole file stays."""

import threading
from pathlib import Path

import pytest

from tests.cohort.many import small_cohort
from tests.fakes import BrightModel
from tests.faults.disks import all_of
from tests.grids import UGLY, speckle
from tests.training.test_train import own_data
from tests.volumes import ball_volume, tiny_recipe
from vesal.cli.main import main
from vesal.cohort.journal import opened
from vesal.cohort.prompt_file import read_cases
from vesal.cohort.run import run
from vesal.cohort.settings import Settings
from vesal.errors import ConfigError
from vesal.images import Mask
from vesal.lock import LOCK, alone
from vesal.training.train import train

GRID = UGLY["oblique"]


def test_one_of_two_masks_is_there_whole_at_any_time(tmp_path: Path) -> None:
    """Never a mixture, never none, and nothing beside it in the end."""
    path = tmp_path / "m.nii.gz"
    masks = [Mask(array=speckle(GRID.shape, seed=seed), grid=GRID) for seed in (1, 2)]
    wholes = [mask.save(path).read_bytes() for mask in masks]

    def write(mask: Mask) -> None:
        for _ in range(10):
            mask.save(path)

    threads = [threading.Thread(target=write, args=(mask,)) for mask in masks]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert path.read_bytes() in wholes
    assert list(all_of(tmp_path)) == ["m.nii.gz"]


def test_a_second_run_into_one_folder_is_refused(tmp_path: Path) -> None:
    """And changes nothing there."""
    cases = read_cases(small_cohort(tmp_path, 1))
    given = Settings(model=BrightModel(), identity="bright")
    (tmp_path / "out").mkdir()
    with opened(tmp_path / "out"):
        with pytest.raises(ConfigError, match="another run is at work in"):
            run(cases, tmp_path / "out", given)
        assert set(all_of(tmp_path / "out")) == {"journal.jsonl", LOCK}


def test_a_second_training_in_one_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is written."""
    ball_volume("body").save(tmp_path / "body.npz")
    own_data(tmp_path, monkeypatch)
    with alone(tmp_path / "run"):
        with pytest.raises(ConfigError, match="another run is at work in"):
            train(tiny_recipe(steps=1), tmp_path / "run", cache=tmp_path, workers=0)
        assert set(all_of(tmp_path / "run")) <= {LOCK}


def test_a_second_evaluation_into_one_folder_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Their reports would be of both."""
    for name in ("images", "labels"):
        (tmp_path / "data" / name).mkdir(parents=True)
        mask = Mask(array=speckle(GRID.shape), grid=GRID)
        mask.save(tmp_path / "data" / name / "case.nii.gz")
    (tmp_path / "report").mkdir()
    words = ["evaluate", str(tmp_path / "data"), "--model", "vesal-mini"]
    with alone(tmp_path / "report" / "results"):
        assert main([*words, "-o", str(tmp_path / "report")]) == 2
    error = capsys.readouterr().err
    assert "another run is at work in" in error
    assert error.count("\n") == 1
    assert set(all_of(tmp_path / "report")) <= {f"results/{LOCK}"}
