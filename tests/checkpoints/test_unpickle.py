"""Tests of vesal.checkpoints.unpickle: whatever a pickle asks for, nothing of it is run."""

import argparse
import copyreg
import importlib
import io
import os
import pickle
import subprocess
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vesal.checkpoints.unpickle import BROKEN, Inert, RestrictedUnpickler, Storage, View

MARK = "executed"


def restricted(content: bytes) -> object:
    """What comes out of a pickle."""
    return RestrictedUnpickler(io.BytesIO(content)).load()


class Reducing:
    """Pickles as a call, with a state to set afterwards if any is given."""

    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> Any:
        return self.call

    def __call__(self) -> None:
        """Let the pickler take it for a function."""


class Stateful:
    """Leaves a mark where its state is set."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __getstate__(self) -> dict[str, str]:
        return {"path": self.path}

    def __setstate__(self, state: dict[str, str]) -> None:
        Path(state["path"]).touch()


class WithArguments:
    """Leaves a mark where it is made; pickles by NEWOBJ_EX."""

    def __new__(cls, *, path: str) -> "WithArguments":
        """Leave the mark."""
        Path(path).touch()
        return super().__new__(cls)

    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, str]]:
        return (), {"path": str(Path.cwd() / MARK)}


def touch(path: str) -> str:
    """Python code that leaves a mark."""
    return f"__import__('pathlib').Path({path!r}).touch()"


ATTACKS: dict[str, Callable[[str], object]] = {
    "os.system": lambda path: Reducing(os.system, (f"touch {path}",)),
    "subprocess": lambda path: Reducing(subprocess.check_call, (["touch", path],)),
    "eval": lambda path: Reducing(eval, (touch(path),)),
    "exec": lambda path: Reducing(exec, (touch(path),)),
    "getattr": lambda path: Reducing(
        Reducing(getattr, (Reducing(importlib.import_module, ("os",)), "mkdir")), (path,)
    ),
    "nested": lambda path: [{"a": (Reducing(list, ([Reducing(os.mkdir, (path,))],)),)}],
    "state": Stateful,
    "state of a call": lambda path: Reducing(Stateful, (path,), {"path": path}),
    "torch.load": lambda path: Reducing(torch.load, (f"{path}.pth", "cpu", None)),
    "items": lambda path: Reducing(list, (), None, iter([Reducing(os.mkdir, (path,))])),
}


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("attack", sorted(ATTACKS))
def test_a_hostile_pickle_runs_nothing(attack: str, protocol: int, tmp_path: Path) -> None:
    """It does where Python unpickles it, so the attack is a real one."""
    mark = tmp_path / MARK
    torch.save({"inner": Reducing(os.mkdir, (str(mark),))}, f"{mark}.pth")
    content = pickle.dumps(ATTACKS[attack](str(mark)), protocol)
    if attack != "torch.load":  # which is safe on its own by now
        pickle.loads(content)  # noqa: S301
        assert mark.exists()
        mark.rmdir() if mark.is_dir() else mark.unlink()
    restricted(content)
    assert not mark.exists()


@pytest.mark.parametrize("protocol", [2, 4])
def test_an_object_is_not_made_by_its_own_class(
    protocol: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NEWOBJ and NEWOBJ_EX call a class's __new__: it is not there to be called."""
    monkeypatch.chdir(tmp_path)
    content = pickle.dumps(WithArguments(path=MARK), protocol)
    Path(MARK).unlink()
    pickle.loads(content)  # noqa: S301
    Path(MARK).unlink()
    assert isinstance(restricted(content), Inert)
    assert not Path(MARK).exists()


def test_what_pickles_reach_cannot_be_changed_by_them() -> None:
    """BUILD sets attributes of whatever is on the stack: of no function and class of ours."""
    spoil = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(N}X\x08\x00\x00\x00__call__K\x01stb."
    before = {name: vars(kind).copy() for name, kind in (("Inert", Inert), ("View", View))}
    restricted(spoil)
    restricted(spoil.replace(b"torch._utils\n_rebuild_tensor_v2", b"collections\nOrderedDict"))
    with pytest.raises(BROKEN):
        restricted(spoil.replace(b"torch._utils\n_rebuild_tensor_v2", b"os\nsystem"))
    assert {name: vars(kind) for name, kind in (("Inert", Inert), ("View", View))} == before
    assert restricted(pickle.dumps(OrderedDict(a=1))) == {"a": 1}


def test_a_view_cannot_be_changed_after_it_was_checked() -> None:
    """Its shape is what was asked for when it was made."""
    tensor = RestrictedUnpickler(io.BytesIO(b"."))
    storage = tensor.persistent_load(("storage", "float32", "0", "cpu", 4))
    assert isinstance(storage, Storage)
    view = View(storage=storage, first=0, shape=(4,), strides=(1,))
    view.__setstate__([storage, 0, (10**9,), (1,)])
    storage.__setstate__(["1", "int64", 5])
    assert (view.shape, storage.key, storage.kind) == ((4,), "0", "float32")


def test_codes_of_the_extension_registry_are_refused() -> None:
    """They lead to classes without a name that could be looked up."""
    copyreg.add_extension("os", "system", 0x7E)
    try:
        with pytest.raises(BROKEN):
            restricted(b"\x80\x02\x82\x7eX\x04\x00\x00\x00true\x85R.")
    finally:
        copyreg.remove_extension("os", "system", 0x7E)


@pytest.mark.parametrize("key", [False, True])
def test_tuples_in_tuples_without_end_are_refused(key: bool) -> None:
    """Python itself would crash where it hashes them; other nesting does no harm."""
    deep = b"N" + b"\x85" * 100_000
    with pytest.raises(BROKEN, match="nests more deeply"):
        restricted(b"\x80\x02" + (b"}" + deep + b"Ns." if key else deep + b"."))
    with pytest.raises(BROKEN, match="nests more deeply"):
        restricted(b"\x80\x02" + b"(" * 100_000 + b"t" * 100_000 + b".")
    flat = restricted(b"\x80\x02(" + b"N\x85" * 1000 + b"t.")
    assert flat == ((None,),) * 1000
    assert isinstance(restricted(b"\x80\x02" + b"]" * 9_000 + b"a" * 8_999 + b"."), list)


@pytest.mark.parametrize(
    ("arguments", "size"), [((), ()), (((2, 3),), (2, 3)), (([4],), (4,)), (((("a"),),), None)]
)
def test_a_size_is_whole_numbers_or_inert(arguments: object, size: object) -> None:
    """torch.Size is among the few names that mean something."""
    content = pickle.dumps(arguments, 2)[2:-1]
    read = restricted(b"\x80\x02ctorch\nSize\n" + content + b"R.")
    assert read == size if size is not None else isinstance(read, Inert)


def test_a_tensor_of_another_storage_is_inert() -> None:
    """So are all arguments that no plain tensor has."""
    name = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n"
    for arguments in ((1, 2, (3,), (1,)), ("a", "b", "c", "d"), (None, 0, [1], [1])):
        assert isinstance(restricted(name + pickle.dumps(arguments, 2)[2:-1] + b"R."), Inert)


@pytest.mark.parametrize(
    "pid",
    [
        "os.system",
        ("storage",),
        ("module", "os", "file", "source", None),
        ("storage", "os.system", "0", "cpu", 4),
        ("storage", "float32", 7, "cpu", 4),
        ("storage", "float32", "0", "cpu", 4, ("1", "two", 3)),
    ],
)
def test_other_persistent_ids_than_storages_mean_nothing(pid: object) -> None:
    """No file is opened and no storage is made up."""
    assert isinstance(RestrictedUnpickler(io.BytesIO(b".")).persistent_load(pid), Inert)


def test_objects_of_other_classes_become_inert() -> None:
    """The arguments of a script, NumPy's numbers, dictionaries with a rule for what they lack."""
    things = {
        "args": argparse.Namespace(lr=0.1, nested=argparse.Namespace(a=1)),
        "best": np.float64(0.5),
        "state": defaultdict(list, {"a": [1]}),
        "named": OrderedDict(a=1),
        "numbers": [1, 2.5, None, True, "text", (1, 2)],
    }
    read = restricted(pickle.dumps(things, 2))
    assert isinstance(read, dict)
    assert all(isinstance(read[key], Inert) for key in ("args", "best", "state"))
    assert read["named"] == things["named"]
    assert read["numbers"] == things["numbers"]


@given(content=st.binary(max_size=200))
def test_noise_raises_what_its_readers_expect_or_gives_something(content: bytes) -> None:
    """No other error, and no other end."""
    try:
        restricted(content)
    except BROKEN:
        return
