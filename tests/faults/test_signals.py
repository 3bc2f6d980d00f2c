"""Commands that are interrupted or ended at random moments: one sentence, a code, no half file."""

import random
import signal
from pathlib import Path

import httpx
import pytest

from tests.cli.test_serve import running
from tests.cohort.many import small_cohort, small_model
from tests.faults.disks import all_of
from tests.faults.moments import codes_at_moments, seconds_of, signal_after
from tests.session.small import PLACES
from tests.training.test_train import own_data
from tests.volumes import ball_volume, tiny_recipe
from vesal.cli.main import main
from vesal.training.recipes import RECIPES

Captured = pytest.CaptureFixture[str]

# Hypothesis listens to Python's collector of garbage; a signal may come just there.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
POINT = ",".join(map(str, PLACES[0]))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_segmentation_that_is_stopped_leaves_what_was_there(
    number: signal.Signals, code: int, tmp_path: Path, capsys: Captured
) -> None:
    """All files are the old ones, or all are whole."""
    small_cohort(tmp_path, 1)
    model, out = small_model(tmp_path), tmp_path / "out"
    out.mkdir()
    files = ["-o", str(out / "m.nii.gz"), "--save", str(out / "s.zip")]
    given = ["segment", str(tmp_path / "scan000.nii.gz"), "--voxel", "--point", POINT]
    seen: dict[str, bytes] = {}

    def look(ended: int) -> None:
        error = capsys.readouterr().err
        assert ended in (0, code)
        assert error.count("\n") == (ended != 0)
        assert error == "" or error.startswith("error: interrupted; nothing was left half written")
        assert set(all_of(out)) == {"m.nii.gz", "s.zip"}
        assert all_of(out)["m.nii.gz"] == seen.setdefault("m", all_of(out)["m.nii.gz"])

    assert code in codes_at_moments([*given, *files, "--model", str(model)], number, 8, look)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_training_that_is_stopped_again_and_again_ends_at_the_same_bits(
    number: signal.Signals,
    code: int,
    tmp_path: Path,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same command goes on; no half file lies in the folder at any time."""
    ball_volume("body").save(tmp_path / "body.npz")
    own_data(tmp_path, monkeypatch)
    monkeypatch.setitem(RECIPES, "mini", tiny_recipe(steps=6, save_every_s=0.0))
    words = ["train", "mini", "--workers", "0", "--accelerator", "cpu", "--run"]
    whole = seconds_of([*words, str(tmp_path / "whole")])
    chance = random.Random(int(number))  # noqa: S311
    capsys.readouterr()
    codes = []
    for _ in range(5):
        with signal_after(chance.uniform(0.1, 0.6) * whole, number):
            codes.append(main([*words, str(tmp_path / "run")]))
        assert list((tmp_path / "run").rglob(".vesal-*")) == []
    error = capsys.readouterr().err
    assert code in codes
    assert set(codes) <= {0, code}, error
    assert error.count("error: interrupted; nothing was left half written") == codes.count(code)
    assert main([*words, str(tmp_path / "run")]) == 0
    ends = [(tmp_path / name / "last.safetensors").read_bytes() for name in ("whole", "run")]
    assert ends[0] == ends[1]


def test_a_server_that_is_ended_by_the_system_leaves_nothing(tmp_path: Path) -> None:
    """As systemd and containers end it: that is no error."""
    with running(TMPDIR=str(tmp_path)) as (address, process):
        assert httpx.get(f"{address}/healthz").status_code == 200
        process.send_signal(signal.SIGTERM)
        out, error = process.communicate(timeout=20)
    assert (process.returncode, error) == (0, "")
    assert "Traceback" not in out
    assert list(tmp_path.iterdir()) == []
