"""`vesal weights`: what people see of it."""

import json
from pathlib import Path

import pytest
import torch

from tests.checkpoints.files import family_file, small, weights_of
from tests.test_imports import after_command
from vesal.checkpoints.convert import Conversion
from vesal.checkpoints.fetch import Fetched
from vesal.cli.main import main

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def med3d(tmp_path: Path) -> Path:
    """A small SAM-Med3D as its training script saves it."""
    weights = weights_of(small("sam-med3d"))
    return family_file(tmp_path / "med3d.pth", "sam-med3d", weights, epoch=3)


def test_info_tells_family_sizes_and_digest(med3d: Path, capsys: Captured) -> None:
    """A line each."""
    assert main(["weights", "info", str(med3d)]) == 0
    page = capsys.readouterr().out
    for line in (
        "family     sam-med3d",
        "container  model_state_dict",
        "types      float32",
        "licence    Apache-2.0",
    ):
        assert line in page
    assert "image_size 64" in page
    assert "relative_positions sam-med3d" in page


def test_info_as_json_has_the_same_digest_for_each_form(med3d: Path, capsys: Captured) -> None:
    """For scripts that compare files."""
    ours = med3d.with_suffix(".safetensors")
    assert main(["weights", "convert", str(med3d), str(ours)]) == 0
    capsys.readouterr()
    facts = []
    for path in (med3d, ours):
        assert main(["weights", "info", str(path), "--json"]) == 0
        facts.append(json.loads(capsys.readouterr().out))
    assert facts[0]["sha256"] == facts[1]["sha256"]
    assert facts[0]["path"] == str(med3d)
    assert facts[0]["config"]["family"] == "sam-med3d"


def test_convert_says_what_it_wrote_and_what_it_changed(med3d: Path, capsys: Captured) -> None:
    """There, with another size, and back."""
    ours, theirs = med3d.with_suffix(".safetensors"), med3d.with_name("again.pth")
    assert main(["weights", "convert", str(med3d), str(ours), "--image-size", "96"]) == 0
    page = capsys.readouterr().out
    assert "note     positions resized from 8 to 12 tokens an axis" in page
    assert f"weights  {ours} (" in page
    assert main(["weights", "convert", str(ours), str(theirs)]) == 0
    assert set(torch.load(theirs, weights_only=True)) == {"model_state_dict"}


def test_the_family_can_be_said(tmp_path: Path, capsys: Captured) -> None:
    """MedSAM's files look like SAM's."""
    path = str(family_file(tmp_path / "a.pth", "medsam", weights_of(small())))
    for options, family in (([], "sam"), (["--family", "medsam"], "medsam")):
        assert main(["weights", "info", path, *options]) == 0
        assert f"family     {family}\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "Git LFS"),
        (b"<!doctype html><title>Too many downloads</title>", "web page"),
        (b"\x80\x02}.", "cannot be read"),
    ],
)
@pytest.mark.parametrize("command", ["info", "convert"])
def test_what_is_no_weights_file_gets_one_sentence(
    command: str, content: bytes, says: str, tmp_path: Path, capsys: Captured
) -> None:
    """And the exit code of a checkpoint that cannot be used; nothing is written."""
    path = tmp_path / "a.pth"
    path.write_bytes(content)
    output = [str(tmp_path / "b.safetensors")] if command == "convert" else []
    assert main(["weights", command, str(path), *output]) == 3
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert says in err
    assert [file.name for file in tmp_path.iterdir()] == ["a.pth"]


def test_get_tells_where_to_get_what_it_cannot_fetch(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And where to put it: in the folder of the variable."""
    monkeypatch.setenv("VESAL_WEIGHTS", str(tmp_path))
    assert main(["weights", "get", "sam-med2d"]) == 5
    err = capsys.readouterr().err
    assert "drive.google.com" in err
    assert str(tmp_path / "sam-med2d_b.pth") in err
    assert main(["weights", "get", "nothing"]) == 2


@pytest.mark.parametrize(
    ("downloaded", "known", "words"),
    [(True, False, ("fetched", "remembered")), (False, True, ("there before", "as known"))],
)
def test_get_tells_what_it_did(
    downloaded: bool,
    known: bool,
    words: tuple[str, str],
    tmp_path: Path,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whether the digest was known before, too."""

    def fetched(_name: str, folder: Path) -> Fetched:
        return Fetched(path=folder / "a.pth", sha256="00", downloaded=downloaded, known=known)

    monkeypatch.setenv("VESAL_WEIGHTS", str(tmp_path))
    monkeypatch.setattr("vesal.checkpoints.fetch.fetch", fetched)
    assert main(["weights", "get", "sam-med3d-turbo"]) == 0
    page = capsys.readouterr().out
    assert f"{tmp_path / 'a.pth'} ({words[0]})" in page
    assert f"00 ({words[1]})" in page


def test_assemble_needs_a_resnet(tmp_path: Path, capsys: Captured) -> None:
    """What it is given instead is named."""
    sam = family_file(
        tmp_path / "sam.pth", "sam", weights_of(small(depth=8, global_blocks=(1, 3, 5, 7)))
    )
    options = ["--sam", str(sam), "--resnet", str(sam), str(tmp_path / "a.safetensors")]
    assert main(["weights", "assemble", *options]) == 3
    assert "no ResNet-34 or -50" in capsys.readouterr().err


def test_assemble_says_what_it_put_together(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The words reach the function below; its notes reach the page."""

    def assembled(sam: Path, resnet: Path, target: Path, *, seed: int) -> Conversion:
        target.write_bytes(b"0" * 1_000_000)
        notes = (f"{sam.name} and {resnet.name} with seed {seed}",)
        return Conversion(config=small("sam-unet"), tensors=3, notes=notes)

    monkeypatch.setattr("vesal.checkpoints.assemble.assemble", assembled)
    out = str(tmp_path / "a.safetensors")
    options = ["--sam", "s.pth", "--resnet", "r.pth", "--seed", "7"]
    assert main(["weights", "assemble", out, *options]) == 0
    page = capsys.readouterr().out
    assert "s.pth and r.pth with seed 7" in page
    assert f"{out} (1.0 MB)" in page


def test_help_and_info_load_no_torch(med3d: Path) -> None:
    """Looking into a file needs no network to put it in."""
    assert "torch" not in after_command("weights", "--help")
    assert "torch" not in after_command("weights", "info", str(med3d))
