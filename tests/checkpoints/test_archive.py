"""Tests of vesal.checkpoints.archive and the formats behind it: what lies in a file."""

import argparse
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor

from vesal.checkpoints.archive import Archive, open_archive
from vesal.errors import CheckpointError

on_one_file = settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
FORMATS = ("zip", "legacy")


def saved(path: Path, content: object, form: str = "zip") -> Path:
    """A file of torch.save in either format."""
    torch.save(content, path, _use_new_zipfile_serialization=form == "zip")
    return path


def values(archive: Archive) -> dict[str, Tensor]:
    """All tensors of an archive."""
    return {
        name: torch.from_numpy(raw).view(getattr(torch, archive.tensors[name].kind))
        for name, raw in archive.read()
    }


def equal(read: dict[str, Tensor], given: dict[str, Tensor]) -> bool:
    """The same names, types, shapes and values."""
    return read.keys() == given.keys() and all(
        read[name].dtype == given[name].dtype and torch.equal(read[name], given[name])
        for name in given
    )


def tensors() -> dict[str, Tensor]:
    """Tensors of several types and layouts, two of them in one storage."""
    grid = torch.arange(24.0).reshape(2, 3, 4)
    return {
        "plain": grid,
        "turned": grid.permute(2, 0, 1),
        "part": grid[1, :, 1:3],
        "half": grid.half() / 3,
        "bfloat": grid.bfloat16() / 3,
        "double": grid.double() / 3,
        "count": torch.tensor(7),
        "flags": torch.tensor([True, False]),
        "bytes": torch.arange(5, dtype=torch.uint8),
        "none": torch.zeros(0, 3),
    }


@pytest.mark.parametrize("form", FORMATS)
def test_tensors_of_any_layout_come_back_exactly(form: str, tmp_path: Path) -> None:
    """Transposed, parts of a shared storage, empty, single numbers, all types of weights."""
    read = values(open_archive(saved(tmp_path / "w.pth", tensors(), form)))
    assert equal(read, tensors())


@pytest.mark.parametrize("form", FORMATS)
def test_parameters_and_marked_tensors_are_tensors(form: str, tmp_path: Path) -> None:
    """Whoever saved a parameter, or gave a tensor an attribute, still saved its values."""
    marked = torch.arange(3.0)
    marked.note = argparse.Namespace(lr=1)  # type: ignore[attr-defined]
    content = {"parameter": torch.nn.Parameter(torch.ones(2)), "marked": marked}
    read = values(open_archive(saved(tmp_path / "w.pth", content, form)))
    assert equal(read, {"parameter": torch.ones(2), "marked": torch.arange(3.0)})


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("container", "key"),
    [("model_state_dict", "a"), ("model", "b"), ("state_dict", "c"), ("bare", None)],
)
def test_the_weights_are_found_in_each_usual_container(
    form: str, container: str, key: str | None, tmp_path: Path
) -> None:
    """With an optimiser, arguments and losses beside them, and the prefix of parallel training."""
    layer = torch.nn.Linear(3, 2)
    optimiser = torch.optim.Adam(layer.parameters())
    layer(torch.ones(1, 3)).sum().backward()
    optimiser.step()
    state = {f"module.{name}": tensor for name, tensor in layer.state_dict().items()}
    beside = {
        "optimizer": optimiser,
        "optimizer_state_dict": optimiser.state_dict(),
        "args": argparse.Namespace(lr=0.1, names=["a"]),
        "losses": [np.float64(0.5)],
        "epoch": 3,
        "used_datas": None,
    }
    content = state if key is None else {container: state, **beside}
    archive = open_archive(saved(tmp_path / "w.pth", content, form))
    assert archive.container == container
    assert equal(values(archive), layer.state_dict())


def test_the_model_comes_before_a_state_of_another_name(tmp_path: Path) -> None:
    """SAM-Med3D's key is the surest."""
    content = {"model": {"a": torch.zeros(1)}, "model_state_dict": {"b": torch.ones(1)}}
    assert set(open_archive(saved(tmp_path / "w.pth", content)).tensors) == {"b"}


def test_a_file_without_checksums_is_read_too(tmp_path: Path) -> None:
    """torch.save can leave them out, and writes zeros then."""
    torch.serialization.set_crc32_options(False)
    try:
        path = saved(tmp_path / "w.pth", tensors())
    finally:
        torch.serialization.set_crc32_options(True)
    assert equal(values(open_archive(path)), tensors())


def test_safetensors_are_read_with_their_header(tmp_path: Path) -> None:
    """Whatever the first bytes, which are only a length, look like."""
    given = {n: t.contiguous().clone() for n, t in tensors().items()}
    for padding in range(0, 256, 8):
        save_file(given, tmp_path / "w.pth", metadata={"note": "x" * (3000 + padding)})
        archive = open_archive(tmp_path / "w.pth")
        assert archive.container == "safetensors"
        assert archive.metadata["note"].startswith("xxx")
    assert equal(values(archive), given)


def _without(path: Path, name: str) -> None:
    """The zip without one entry."""
    with zipfile.ZipFile(path) as source:
        entries = {e.filename: source.read(e) for e in source.infolist() if e.filename != name}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as target:
        for entry, content in entries.items():
            target.writestr(entry, content)


def _packed(path: Path) -> None:
    with zipfile.ZipFile(path) as source:
        entries = {e.filename: source.read(e) for e in source.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for entry, content in entries.items():
            target.writestr(entry, content)


def _big_endian(path: Path) -> None:
    with zipfile.ZipFile(path) as source:
        entries = {e.filename: source.read(e) for e in source.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as target:
        for entry, content in entries.items():
            target.writestr(entry, b"big" if entry.endswith("byteorder") else content)


def _scripted(path: Path) -> None:
    with zipfile.ZipFile(path, "a", zipfile.ZIP_STORED) as target:
        target.writestr("w/constants.pkl", b"")  # where torch.jit keeps a program's numbers


def _other_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("readme.txt", "hello")


def _old_big_endian(path: Path) -> None:
    saved(path, {"a": torch.ones(2)}, "legacy")
    content = path.read_bytes()
    little = b"little_endianq\x02\x88"  # the name, a mark of the pickle, true
    assert content.count(little) == 1
    path.write_bytes(content.replace(little, little[:-1] + b"\x89"))


def _long_contents(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as target, target.open("w/data.pkl", "w") as entry:
        entry.write(bytes(100_000_001))


def _long_entry(path: Path) -> None:
    """The size in the table of contents, which comes after its name's length and two others."""
    content = path.read_bytes()
    entry = content.rindex(b"w/data/0") - 46  # bytes of a central header before the name
    size = entry + 24
    assert content[entry : entry + 4] == b"PK\x01\x02"
    path.write_bytes(content[:size] + (2**31).to_bytes(4, "little") + content[size + 4 :])


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda p: p.write_bytes(b""), "it is empty"),
    "pointer": (
        lambda p: p.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\n"),
        "pointer of Git LFS",
    ),
    "page": (lambda p: p.write_text("\n<!DOCTYPE html><html>Sign in</html>"), "web page"),
    "page with a mark": (lambda p: p.write_bytes(b"\xef\xbb\xbf<html lang=en>"), "web page"),
    "text": (lambda p: p.write_text("not weights at all, but a note"), "header"),
    "other zip": (_other_zip, "zip file, but not one of torch.save"),
    "empty zip": (lambda p: zipfile.ZipFile(p, "w").close(), "zip file, but not one"),
    "script": (_scripted, "TorchScript program"),
    "packed": (_packed, "damaged or packed"),
    "big endian": (_big_endian, "big-endian"),
    "lost storage": (lambda p: _without(p, "w/data/0"), "values of weight are missing"),
    "lost contents": (lambda p: _without(p, "w/data.pkl"), "zip file, but not one"),
    "bare pickle": (lambda p: p.write_bytes(pickle.dumps([1, 2], 2)), "weights: "),
    "another number": (lambda p: p.write_bytes(pickle.dumps(5, 2) * 3), "not one of torch.save"),
    "module": (lambda p: saved(p, torch.nn.Linear(1, 1)), "no tensors by name"),
    "tensor": (lambda p: saved(p, torch.ones(3)), "no tensors by name"),
    "list": (lambda p: saved(p, {"model": [torch.ones(3)], "epoch": 1}), "keys: 'model', 'epoch'"),
    "names": (lambda p: saved(p, {"a\n\ud800": torch.ones(3)}), "unprintable names"),
    "long entry": (_long_entry, "w/data/0 is longer than the file"),
    "old big endian": (_old_big_endian, "big-endian"),
    "long contents": (_long_contents, "table of contents takes 100000001 bytes"),
    "odd type": (
        lambda p: save_file({"a": torch.ones(2, dtype=torch.uint16)}, p),
        "a is of the type U16",
    ),
    "folder": (_folder, "Is a directory"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_holds_no_weights_is_refused_in_one_sentence(case: str, tmp_path: Path) -> None:
    """It says what was found instead, and the file by name."""
    path = saved(tmp_path / "w.pth", {"weight": torch.ones(2)})
    make, words = BAD[case]
    make(path)
    with pytest.raises(CheckpointError, match=words) as caught:
        open_archive(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_a_checkpoint_error(tmp_path: Path) -> None:
    """As is every other reason why nothing can be read."""
    with pytest.raises(CheckpointError, match="No such file"):
        open_archive(tmp_path / "w.pth")


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_that_was_cut_is_refused_wherever_it_ends(form: str, tmp_path: Path) -> None:
    """At the latest when the tensor that the cut went through is read."""
    path = saved(tmp_path / "w.pth", {"model": tensors(), "epoch": 1}, form)
    content = path.read_bytes()
    for end in range(0, len(content), 7):
        path.write_bytes(content[:end])
        with pytest.raises(CheckpointError):
            values(open_archive(path))


@on_one_file
@given(data=st.data())
def test_a_changed_byte_is_noticed_or_harmless(tmp_path: Path, data: st.DataObject) -> None:
    """Each entry has a checksum: weights come out as they went in, or not at all."""
    path = saved(tmp_path / "w.pth", {"model": tensors(), "epoch": 1})
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    try:
        read = values(open_archive(path))
    except CheckpointError:
        return
    assert equal(read, tensors())


@on_one_file
@given(data=st.data())
def test_a_changed_byte_of_an_old_file_ends_in_tensors_or_one_kind_of_error(
    tmp_path: Path, data: st.DataObject
) -> None:
    """Its format has no checksums, so values may differ; nothing else may happen."""
    path = saved(tmp_path / "w.pth", {"model": tensors(), "epoch": 1}, "legacy")
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        read = values(open_archive(path))
    except CheckpointError:
        return
    assert sum(tensor.nbytes for tensor in read.values()) < 100 * len(content)


@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("storage", "first", "shape", "strides"),
    [
        (4, 0, (5,), (1,)),
        (4, 1, (4,), (1,)),
        (4, -1, (2,), (1,)),
        (4, 0, (2,), (-1,)),
        (4, 0, (-2,), (1,)),
        (4, 0, (10**12,), (0,)),
        (4, 0, (2, 2), (1,)),
        (4, 0, (2, 2), (10**30, 1)),
    ],
)
def test_a_tensor_cannot_ask_for_more_than_its_storage(
    form: str,
    storage: int,
    first: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    tmp_path: Path,
) -> None:
    """No memory is taken for what a file claims but does not hold."""

    class Claiming:
        def __reduce__(self) -> tuple[Any, ...]:
            data = torch.ones(storage).storage()  # type: ignore[no-untyped-call]
            return torch._utils._rebuild_tensor_v2, (data, first, shape, strides, False, {})

    path = saved(tmp_path / "w.pth", {"weight": Claiming()}, form)
    with pytest.raises(CheckpointError, match=r"impossible shape|does not fit its"):
        open_archive(path)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_weights_that_are_no_numbers_are_refused_by_name(
    bad: float, kind: torch.dtype, tmp_path: Path
) -> None:
    """A single one is enough."""
    weight = torch.ones(3, 4, dtype=kind)
    weight[1, 2] = bad
    archive = open_archive(saved(tmp_path / "w.pth", {"good": torch.ones(2), "weight": weight}))
    with pytest.raises(CheckpointError, match="weight holds NaN or infinite"):
        values(archive)


class Hostile:
    """Runs a command where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("form", FORMATS)
def test_hostile_company_of_good_weights_runs_nothing(form: str, tmp_path: Path) -> None:
    """The weights are read, and only they."""
    mark = tmp_path / "executed"
    content = {"model": {"weight": torch.ones(2)}, "optimizer": Hostile(mark)}
    path = saved(tmp_path / "w.pth", content, form)
    torch.load(path, weights_only=False)
    mark.rmdir()
    assert equal(values(open_archive(path)), content["model"])  # type: ignore[arg-type]
    assert not mark.exists()
