"""Weights in each container, sessions, and arrays as the clients of nnInteractive send them."""

import io
import pickle
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch

from tests.checkpoints.test_archive import tensors
from tests.damaged.kind import Kind, Whole, whole
from tests.images.foreign import values
from tests.inference.test_stored_embedding import DATA, KEY, SMALL, same
from tests.networks import random_network, tiny_config
from tests.session.test_file import HEADER, SOME
from vesal.checkpoints.archive import open_archive
from vesal.checkpoints.load import load_model, save_model
from vesal.checkpoints.summary import Summary, summarised
from vesal.inference.stored_embedding import unpacked
from vesal.models.build import Model
from vesal.server.packed import pack, unpack
from vesal.session.file import Saved, read_session, save_zip
from vesal.session.objects import beginning
from vesal.training.state import load_state

_LIMIT_BYTES = 2**28


def repacked(
    content: bytes, name: str, method: int = zipfile.ZIP_STORED
) -> tuple[bytes, Callable[[bytes], bytes]]:
    """A file inside a zip file, and how to put another one in its place; checksums are right."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    (full,) = [one for one in files if one.endswith(name)]

    def wrap(core: bytes) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for one, old in files.items():
                archive.writestr(zipfile.ZipInfo(one), core if one == full else old, method)
        return stream.getvalue()

    return files[full], wrap


def _inside(path: Path, name: str, method: int = zipfile.ZIP_STORED) -> Whole:
    core, wrap = repacked(path.read_bytes(), name, method)
    return Whole(path=path, core=core, wrap=wrap)


def _pth(folder: Path, *, zipped: bool = True) -> Path:
    """Small tensors of all types."""
    torch.save({"model": tensors()}, folder / "a.pth", _use_new_zipfile_serialization=zipped)
    return folder / "a.pth"


def _safetensors(folder: Path) -> Whole:
    """Only the head is damaged, and its length is told anew."""
    save_model(random_network(tiny_config()), folder / "a.safetensors")
    content = (folder / "a.safetensors").read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")

    def wrap(core: bytes) -> bytes:
        return len(core).to_bytes(8, "little") + core + content[end:]

    return Whole(path=folder / "a.safetensors", core=content[8:end], wrap=wrap)


def _model_file(folder: Path) -> Whole:
    return whole(_safetensors(folder).path)


def _read_tensors(path: Path) -> None:
    archive = open_archive(path)
    assert archive.tensors
    for name, raw in archive.read():
        assert raw.shape == archive.tensors[name].shape


def _read_summary(path: Path) -> None:
    summary = summarised(path)
    assert isinstance(summary, Summary)
    assert summary.parameters > 0


def _read_model(path: Path) -> None:
    model = load_model(path)
    assert isinstance(model, Model)
    assert all(bool(torch.isfinite(one).all()) for one in model.parameters())


def _state(folder: Path) -> Path:
    torch.save({"step": 3, "model": {"w": torch.ones(3)}, "rng": [1, 2]}, folder / "state.pt")
    return folder / "state.pt"


def _read_state(path: Path) -> None:
    assert isinstance(load_state(path), dict)


def _session(folder: Path) -> Path:
    save_zip(folder / "a.vesal", HEADER, SOME)
    return folder / "a.vesal"


def _session_folder(folder: Path, name: str) -> Whole:
    with zipfile.ZipFile(_session(folder)) as archive:
        for entry in archive.infolist():
            place = folder / "session" / entry.filename
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(archive.read(entry))
    if name == "mask":
        name = next(one.name for one in (folder / "session" / "masks").iterdir())
        return whole(folder / "session" / "masks" / name, opened=folder / "session")
    return whole(folder / "session" / name, opened=folder / "session")


def _read_session(path: Path) -> None:
    saved = read_session(path, beginning())
    assert isinstance(saved, Saved)
    assert 0 <= saved.history.position <= len(saved.history.actions)
    for one in saved.history.now.every:
        assert one.outline is None or one.outline.patch.array().dtype == np.bool_


def _packed(folder: Path) -> Whole:
    (folder / "a.nnia").write_bytes(pack(values((6, 5, 4)), chunk_bytes=100))
    return whole(folder / "a.nnia")


def _read_packed(path: Path) -> None:
    assert unpack(path.read_bytes(), ndim=3, limit_bytes=_LIMIT_BYTES).ndim == 3


def _embedding(folder: Path) -> Whole:
    (folder / "a.safetensors").write_bytes(DATA)
    return whole(folder / "a.safetensors")


def _read_embedding(path: Path) -> None:
    found = unpacked(path.read_bytes(), KEY)
    assert found is None or same(found, SMALL)


def _pickle(folder: Path) -> Whole:
    (folder / "a.pth").write_bytes(pickle.dumps({"a": [1.5, "b", (2, None)]}, 2))
    return whole(folder / "a.pth")


DEFLATED = zipfile.ZIP_DEFLATED
WEIGHT_KINDS: dict[str, Kind] = {
    "pth": Kind(count=430, make=lambda folder: whole(_pth(folder)), read=_read_tensors),
    "pth, its pickle": Kind(
        count=490, make=lambda folder: _inside(_pth(folder), "data.pkl"), read=_read_tensors
    ),
    "pth before torch 1.6": Kind(
        count=490, make=lambda folder: whole(_pth(folder, zipped=False)), read=_read_tensors
    ),
    "pickle": Kind(count=120, make=_pickle, read=_read_tensors, is_taken=False),
    "safetensors": Kind(count=180, make=_model_file, read=_read_summary),
    "safetensors, its head": Kind(count=240, make=_safetensors, read=_read_summary),
    "safetensors, loaded": Kind(count=90, make=_safetensors, read=_read_model),
    "checkpoint of a run": Kind(
        count=90, make=lambda folder: whole(_state(folder)), read=_read_state
    ),
    "embedding on the disk": Kind(count=180, make=_embedding, read=_read_embedding, refuses=False),
    "session": Kind(count=370, make=lambda folder: whole(_session(folder)), read=_read_session),
    "session, its journal": Kind(
        count=490,
        make=lambda folder: _inside(_session(folder), "journal.jsonl"),
        read=_read_session,
    ),
    "session, its head": Kind(
        count=180,
        make=lambda folder: _inside(_session(folder), "session.json", DEFLATED),
        read=_read_session,
    ),
    "session folder, its journal": Kind(
        count=240, make=partial(_session_folder, name="journal.jsonl"), read=_read_session
    ),
    "session folder, a mask": Kind(
        count=120, make=partial(_session_folder, name="mask"), read=_read_session
    ),
    "NNIA": Kind(count=490, make=_packed, read=_read_packed, tells_name=False),
}
