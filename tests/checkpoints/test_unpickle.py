"""Tests of vesal.checkpoints.unpickle: where tensors lie, and nothing of the file is run."""

import argparse
import io
import os
import pickle
from collections import OrderedDict, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from vesal.checkpoints.unpickle import RestrictedUnpickler, Storage, View
from vesal.pickles import BROKEN, Inert


def restricted(content: bytes) -> object:
    """What comes out of a pickle."""
    return RestrictedUnpickler(io.BytesIO(content)).load()


class Calling:
    """Pickles as a call."""

    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_a_hostile_pickle_runs_nothing(protocol: int, tmp_path: Path) -> None:
    """Neither by a function of the system nor by torch's own loader."""
    mark = tmp_path / "executed"
    torch.save({"inner": Calling(os.mkdir, (str(mark),))}, f"{mark}.pth")
    loader = Calling(torch.load, (f"{mark}.pth", "cpu", None))
    restricted(pickle.dumps([loader, Calling(os.mkdir, (str(mark),))], protocol))
    assert not mark.exists()


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
