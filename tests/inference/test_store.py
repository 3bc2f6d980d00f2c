"""Embeddings on disk: found again, bounded, healed, and never in the way of an answer."""

import logging
import multiprocessing
import os
import random
import time
from pathlib import Path

import pytest
import torch

from vesal.inference.store import Shelf, Store
from vesal.inference.stored_embedding import packed
from vesal.models.promptable import Embedding


def key_of(number: int) -> str:
    """A key."""
    return f"{number:064x}"


def embedding_of(number: int) -> Embedding:
    """An embedding that is told apart by its number."""
    return Embedding(levels=(torch.full((1, 4, 8, 8), float(number)),))


SIZE_BYTES = len(packed(embedding_of(0), key_of(0)))


def number_in(embedding: Embedding | None) -> float | None:
    """The number of an embedding that was found."""
    return None if embedding is None else float(embedding.levels[0][0, 0, 0, 0])


def names(folder: Path) -> list[str]:
    """The files in a folder."""
    return sorted(path.name for path in folder.iterdir())


def used(folder: Path, number: int, seconds_ago: float) -> None:
    """Say when an embedding was used last."""
    then = time.time() - seconds_ago
    os.utime(folder / f"{key_of(number)}.safetensors", (then, then))


def test_what_was_written_is_found_by_another_store(tmp_path: Path) -> None:
    """In a folder that is made, for its owner alone; nothing else is found, nothing else left."""
    folder = tmp_path / "a" / "cache"
    Store(folder).write(key_of(1), embedding_of(1))
    assert number_in(Store(folder).read(key_of(1))) == 1
    assert Store(folder).read(key_of(2)) is None
    assert names(folder) == [f"{key_of(1)}.safetensors"]
    assert folder.stat().st_mode & 0o077 == 0


def test_the_bound_is_kept_and_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    """Reading is use."""
    store = Store(tmp_path, limit_bytes=3 * SIZE_BYTES + 10)
    for number in range(3):
        store.write(key_of(number), embedding_of(number))
        used(tmp_path, number, 100 - number)
    store.read(key_of(0))
    store.write(key_of(3), embedding_of(3))
    assert [number_in(store.read(key_of(n))) for n in range(4)] == [0, None, 2, 3]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 3 * SIZE_BYTES + 10


def test_an_embedding_that_alone_is_too_large_is_not_written(tmp_path: Path) -> None:
    """Nor does it drive others out."""
    store = Store(tmp_path, limit_bytes=SIZE_BYTES)
    store.write(key_of(1), embedding_of(1))
    store.write(key_of(2), Embedding(levels=(torch.zeros(1, 8, 8, 8),)))
    assert names(tmp_path) == [f"{key_of(1)}.safetensors"]


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    """Whatever folder somebody gives; but what a killed process of ours left goes after an hour."""
    for name in ("thesis.txt", "model.safetensors", ".vesal-0123456789ab.nii.gz"):
        (tmp_path / name).write_bytes(bytes(1000))
    (tmp_path / "folder").mkdir()
    for name, seconds_ago in ((".vesal-0123456789ab", 7200), (".vesal-ba9876543210", 60)):
        left = tmp_path / f"{name}.safetensors"
        left.touch()
        os.utime(left, (time.time() - seconds_ago,) * 2)
    before = set(names(tmp_path))
    store = Store(tmp_path, limit_bytes=SIZE_BYTES)
    for number in range(3):
        store.write(key_of(number), embedding_of(number))
    kept = set(names(tmp_path))
    assert before - kept == {".vesal-0123456789ab.safetensors"}
    assert kept - before == {f"{key_of(2)}.safetensors"}


@pytest.mark.parametrize("size", [0, 7, 8, 100, SIZE_BYTES // 2, SIZE_BYTES - 1])
def test_a_damaged_file_is_deleted_with_one_warning_and_made_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, size: int
) -> None:
    """As if it had never been there."""
    store = Store(tmp_path)
    store.write(key_of(1), embedding_of(1))
    path = tmp_path / f"{key_of(1)}.safetensors"
    path.write_bytes(path.read_bytes()[:size])
    with caplog.at_level(logging.WARNING):
        assert store.read(key_of(1)) is None
        assert store.read(key_of(1)) is None
    assert [record.message for record in caplog.records] == [
        f"{path} is damaged; it is deleted, and made anew"
    ]
    assert names(tmp_path) == []
    store.write(key_of(1), embedding_of(1))
    assert number_in(store.read(key_of(1))) == 1


def test_a_file_larger_than_the_bound_is_not_read(tmp_path: Path) -> None:
    """It cannot be ours; it would take all memory."""
    path = tmp_path / f"{key_of(1)}.safetensors"
    with path.open("wb") as file:
        file.truncate(2**40)  # takes no room on the disk
    assert Store(tmp_path).read(key_of(1)) is None
    assert names(tmp_path) == []


def test_a_file_under_the_name_of_another_is_refused(tmp_path: Path) -> None:
    """As after somebody renamed files."""
    store = Store(tmp_path)
    store.write(key_of(1), embedding_of(1))
    (tmp_path / f"{key_of(1)}.safetensors").rename(tmp_path / f"{key_of(2)}.safetensors")
    assert store.read(key_of(2)) is None


def refused(folder: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """Make a folder refuse to be written to."""
    if how == "a file":
        folder.write_text("no folder")
        return
    folder.mkdir()

    def full(path: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    def forbidden(path: Path, data: bytes) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_bytes", full if how == "full" else forbidden)


@pytest.mark.parametrize("how", ["a file", "full", "read only"])
def test_a_disk_that_refuses_switches_writing_off_with_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """No error reaches the user, and nothing half written is left."""
    folder = tmp_path / "cache"
    refused(folder, monkeypatch, how)
    store = Store(folder)
    with caplog.at_level(logging.WARNING):
        for number in range(3):
            store.write(key_of(number), embedding_of(number))
            assert store.read(key_of(number)) is None
    assert len(caplog.records) == 1
    assert caplog.records[0].message.startswith(f"nothing more is kept in the cache {folder}: ")
    assert names(tmp_path) == ["cache"]
    assert how == "a file" or names(folder) == []


def test_a_folder_that_may_only_be_read_is_still_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One that an administrator filled for all."""
    Store(tmp_path).write(key_of(1), embedding_of(1))

    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "utime", forbidden)
    assert number_in(Store(tmp_path).read(key_of(1))) == 1
    assert caplog.records == []


def test_files_may_vanish_at_any_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While old ones are looked for another process may delete them."""
    store = Store(tmp_path, limit_bytes=SIZE_BYTES)
    store.write(key_of(1), embedding_of(1))
    unlink = os.unlink

    def twice(path: str) -> None:
        unlink(path)
        unlink(path)

    monkeypatch.setattr(os, "unlink", twice)
    store.write(key_of(2), embedding_of(2))
    assert number_in(store.read(key_of(2))) == 2
    assert names(tmp_path) == [f"{key_of(2)}.safetensors"]
    store.write(key_of(3), embedding_of(3))  # it is still switched on
    assert number_in(store.read(key_of(3))) == 3


def _busy(folder: Path, seed: int) -> list[str]:
    """What goes wrong while a process reads and writes for a while."""
    said: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    store = Store(folder, limit_bytes=3 * SIZE_BYTES)
    chance = random.Random(seed)  # noqa: S311
    for _ in range(300):
        number = chance.randrange(6)
        found = number_in(store.read(key_of(number)))
        if found is None:
            store.write(key_of(number), embedding_of(number))
        elif found != number:
            said.append(f"{found} under the key of {number}")
    return said


def test_two_processes_share_a_folder(tmp_path: Path) -> None:
    """Both read, write and delete the same few files; neither finds a damaged or a wrong one."""
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.starmap(_busy, [(tmp_path, 1), (tmp_path, 2)], chunksize=1) == [[], []]
    assert len(names(tmp_path)) <= 3 + 1  # one may have been added while the other counted
    assert all(name.endswith(".safetensors") and name[0] != "." for name in names(tmp_path))


def test_another_image_model_or_place_is_another_embedding(tmp_path: Path) -> None:
    """Each alone; what is equal is found, whichever object says it."""
    store = Store(tmp_path)
    Shelf(store=store, image="a", weights="b").write((1, 2.5), embedding_of(1))
    same = Shelf(store=Store(tmp_path), image="a", weights="b")
    assert number_in(same.read((1, 2.5))) == 1
    for image, weights, place in (
        ("c", "b", (1, 2.5)),
        ("a", "c", (1, 2.5)),
        ("a", "b", (1, 2.75)),
        ("a", "b", 1),
        ("ab", "", (1, 2.5)),
    ):
        assert Shelf(store=store, image=image, weights=weights).read(place) is None
