"""Tests of vesal.pickles: whatever a pickle asks for, nothing of it is run."""

import copyreg
import importlib
import io
import os
import pickle
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesal.pickles import BROKEN, Inert, InertUnpickler

MARK = "executed"


def restricted(content: bytes) -> object:
    """What comes out of a pickle."""
    return InertUnpickler(io.BytesIO(content)).load()


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
    "items": lambda path: Reducing(list, (), None, iter([Reducing(os.mkdir, (path,))])),
}


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("attack", sorted(ATTACKS))
def test_a_hostile_pickle_runs_nothing(attack: str, protocol: int, tmp_path: Path) -> None:
    """It does where Python unpickles it, so the attack is a real one."""
    mark = tmp_path / MARK
    content = pickle.dumps(ATTACKS[attack](str(mark)), protocol)
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


@given(content=st.binary(max_size=200))
def test_noise_raises_what_its_readers_expect_or_gives_something(content: bytes) -> None:
    """No other error, and no other end."""
    try:
        restricted(content)
    except BROKEN:
        return
