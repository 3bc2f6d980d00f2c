"""Tests of vesal.export.write: two right files, or none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import onnx
import pytest

from tests.export.tiny import ORIGIN, check_written, tiny
from vesal.errors import ConfigError, ResourceError
from vesal.export import write
from vesal.export.write import export

if TYPE_CHECKING:
    from tests.export.conftest import Files

# The other families: vesal-mini at full size by tests/cli/test_export.py, SAM-Med2D and SAM-Med3D
# where the example runs them, SAM's decoder against its golden; SAM's, MedSAM's and FT-SAM's graphs
# are SAM-Med2D's, with or without adapters.


def test_sam_unet_is_written_and_agrees_with_torch(files: Files) -> None:
    """For 1, 2 and 5 points, 1 and 3 prompt sets, and pictures of several sizes."""
    check_written(files("sam-unet"), "sam-unet")


def test_points_and_prompt_sets_vary(files: Files) -> None:
    """By names that a client can read; the picture's size is an input."""
    _, decoder = files("sam-unet")
    inputs = {
        value.name: [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
        for value in onnx.load(decoder.path).graph.input
    }
    assert inputs == {
        "image_embeddings": [1, 32, 4, 4],
        "image_detail": [1, 4, 16, 16],
        "point_coords": ["prompt_sets", "num_points", 2],
        "point_labels": ["prompt_sets", "num_points"],
        "mask_input": ["prompt_sets", 1, 16, 16],
        "has_mask_input": [1],
        "orig_im_size": [2],
    }


def test_a_file_that_disagrees_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither half is replaced, and nothing is left over."""

    def refuse(*_: object) -> float:
        raise ResourceError("other masks in onnxruntime than in torch")

    old = tmp_path / "mini-encoder.onnx"
    old.write_bytes(b"old")
    monkeypatch.setattr(write, "converted", lambda *_: None)
    monkeypatch.setattr(write, "save", lambda _, path, __: path.touch())
    monkeypatch.setattr(write, "check", refuse)
    with pytest.raises(ResourceError, match="other masks"):
        export(tiny("vesal-mini"), tmp_path, name="mini", origin=ORIGIN)
    assert [p.name for p in tmp_path.iterdir()] == [old.name]
    assert old.read_bytes() == b"old"


def test_the_steps_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Translating and checking of each half."""
    told: list[tuple[int, int, str]] = []
    monkeypatch.setattr(write, "converted", lambda *_: None)
    monkeypatch.setattr(write, "save", lambda _, path, __: path.touch())
    monkeypatch.setattr(write, "check", lambda *_: 0.0)
    export(
        tiny("sam"),
        tmp_path / "new" / "folder",
        name="sam",
        origin=ORIGIN,
        progress=lambda *words: told.append(words),
    )
    assert [step[:2] for step in told] == [(0, 4), (1, 4), (2, 4), (3, 4)]
    assert told[2][2] == "translating the decoder"


def test_weights_beside_a_file_go_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They count as a part of its size."""

    def save(_: object, path: Path, __: object) -> None:
        path.write_bytes(b"12")
        path.with_name(f"{path.name}.data").write_bytes(b"345")

    monkeypatch.setattr(write, "converted", lambda *_: None)
    monkeypatch.setattr(write, "save", save)
    monkeypatch.setattr(write, "check", lambda *_: 0.0)
    encoder, _ = export(tiny("sam"), tmp_path, name="sam", origin=ORIGIN)
    assert encoder.size_bytes == 5
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "sam-decoder.onnx",
        "sam-decoder.onnx.data",
        "sam-encoder.onnx",
        "sam-encoder.onnx.data",
    ]


def test_a_full_disk_is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one sentence, wherever the disk refuses."""

    def save(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(write, "converted", lambda *_: None)
    monkeypatch.setattr(write, "save", save)
    with pytest.raises(ResourceError, match="No space left on device"):
        export(tiny("sam"), tmp_path, name="sam", origin=ORIGIN)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "a/b", ".."])
def test_a_name_with_a_folder_is_refused(tmp_path: Path, name: str) -> None:
    """The folder is given on its own."""
    with pytest.raises(ConfigError, match="must be a plain word"):
        export(tiny("sam"), tmp_path, name=name, origin=ORIGIN)


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """Before anything is computed."""
    file = tmp_path / "file"
    file.touch()
    for folder in (file, file / "below"):
        with pytest.raises(ResourceError, match="cannot be written to"):
            export(tiny("sam"), folder, name="sam", origin=ORIGIN)
