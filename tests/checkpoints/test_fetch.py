"""Tests of vesal.checkpoints.fetch against a hub on this very machine."""

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from vesal.checkpoints.fetch import fetch
from vesal.checkpoints.sources import SOURCES
from vesal.errors import CheckpointError, ConfigError, ResourceError
from vesal.models.zoo import PUBLISHED

NAME = "sam-med3d-turbo"
FILE = "sam_med3d_turbo.pth"
CONTENT = bytes(range(256)) * 40
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass(slots=True)
class Hub:
    """A hub with one file, and what it was asked for."""

    endpoint: str = ""
    content: bytes = CONTENT
    etag: str = SHA256
    cuts: int = 0
    """How many answers still break in their middle."""
    status: int = 200
    ranges: list[str | None] = field(default_factory=list)
    """Of each download."""


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Print nothing."""

        def do_HEAD(self) -> None:
            self._answer(hub.content)

        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            hub.ranges.append(wanted)
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
            self._answer(hub.content[start:], start)
            half = len(hub.content[start:]) // 2 if hub.cuts else len(hub.content)
            hub.cuts = max(hub.cuts - 1, 0)
            self.wfile.write(hub.content[start:][:half])

        def _answer(self, body: bytes, start: int = 0) -> None:
            right = self.path == f"/blueyo0/SAM-Med3D/resolve/main/{FILE}"
            self.send_response(206 if start else hub.status if right else 404)
            self.send_header("X-Repo-Commit", "0" * 40)
            self.send_header("ETag", f'"{hub.etag}"')
            self.send_header("Content-Length", str(len(body)))
            if start:
                end = len(hub.content)
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{end}")
            self.end_headers()

    return Handler


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that serves the file of SAM-Med3D turbo."""
    pytest.importorskip("huggingface_hub")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda _seconds: None)
    state = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(state))
    state.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_file_is_fetched_and_its_digest_remembered(hub: Hub, tmp_path: Path) -> None:
    """Into a folder that is made for it; nothing else stays there."""
    folder = tmp_path / "new" / "weights"
    fetched = fetch(NAME, folder, endpoint=hub.endpoint)
    assert fetched.path == folder / FILE
    assert fetched.path.read_bytes() == CONTENT
    assert (fetched.sha256, fetched.downloaded, fetched.known) == (SHA256, True, False)
    assert (folder / f"{FILE}.sha256").read_text() == f"{SHA256}  {FILE}\n"
    assert {path.name for path in folder.iterdir()} == {FILE, f"{FILE}.sha256"}


def test_a_file_that_is_there_is_checked_and_not_fetched_again(hub: Hub, tmp_path: Path) -> None:
    """Against the digest that was remembered."""
    fetch(NAME, tmp_path, endpoint=hub.endpoint)
    again = fetch(NAME, tmp_path, endpoint=hub.endpoint)
    assert (again.downloaded, again.known) == (False, True)
    assert len(hub.ranges) == 1
    (tmp_path / FILE).write_bytes(CONTENT + b"!")
    with pytest.raises(CheckpointError, match=f"not {SHA256}; delete it"):
        fetch(NAME, tmp_path, endpoint=hub.endpoint)


@pytest.mark.parametrize("cuts", [1, 3])
def test_a_connection_that_breaks_is_taken_up_again(hub: Hub, tmp_path: Path, cuts: int) -> None:
    """Without the user's doing."""
    hub.cuts = cuts
    assert fetch(NAME, tmp_path, endpoint=hub.endpoint).path.read_bytes() == CONTENT
    assert len(hub.ranges) == cuts + 1


def test_a_download_that_was_given_up_goes_on_where_it_stopped(hub: Hub, tmp_path: Path) -> None:
    """Days later, too: the bytes so far are in the folder."""
    part = tmp_path / f".{FILE}.{SHA256[:16]}.part"
    part.write_bytes(CONTENT[:1000])
    assert fetch(NAME, tmp_path, endpoint=hub.endpoint).path.read_bytes() == CONTENT
    assert hub.ranges == ["bytes=1000-"]
    assert not part.exists()


def test_more_bytes_than_the_file_has_are_thrown_away(hub: Hub, tmp_path: Path) -> None:
    """Two downloads at once can leave them."""
    (tmp_path / f".{FILE}.{SHA256[:16]}.part").write_bytes(CONTENT * 2)
    assert fetch(NAME, tmp_path, endpoint=hub.endpoint).path.read_bytes() == CONTENT
    assert hub.ranges == [None]


def test_the_bytes_so_far_are_kept_where_the_network_goes(hub: Hub, tmp_path: Path) -> None:
    """The sentence says what else can be done."""
    part = tmp_path / f".{FILE}.{SHA256[:16]}.part"
    part.write_bytes(CONTENT[:1000])
    hub.cuts = 99
    with pytest.raises(ResourceError, match=f"fetched whole .*put it at {tmp_path / FILE}"):
        fetch(NAME, tmp_path, endpoint=hub.endpoint)
    assert part.read_bytes() == CONTENT[: len(part.read_bytes())]
    assert not (tmp_path / FILE).exists()


def test_other_bytes_than_the_hub_announced_are_thrown_away(hub: Hub, tmp_path: Path) -> None:
    """Half of an older file, say, which another one was put behind."""
    part = tmp_path / f".{FILE}.{SHA256[:16]}.part"
    part.write_bytes(b"x" * 1000)
    with pytest.raises(CheckpointError, match="other bytes than the hub announced"):
        fetch(NAME, tmp_path, endpoint=hub.endpoint)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_hub_that_refuses_is_said_in_a_sentence(hub: Hub, status: int, tmp_path: Path) -> None:
    """With the folder in which the file belongs."""
    hub.status = status
    with pytest.raises(ResourceError, match=f"put it at {tmp_path / FILE}") as caught:
        fetch(NAME, tmp_path, endpoint=hub.endpoint)
    assert "\n" not in str(caught.value)


def test_without_a_network_the_sentence_names_address_and_folder(tmp_path: Path) -> None:
    """So that the file can come by another way."""
    pytest.importorskip("huggingface_hub")
    with pytest.raises(ResourceError) as caught:
        fetch(NAME, tmp_path, endpoint="http://127.0.0.1:9")  # the port that discards
    assert "https://huggingface.co/blueyo0/SAM-Med3D/resolve/main" in str(caught.value)
    assert str(tmp_path / FILE) in str(caught.value)


def test_without_huggingface_hub_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not needed for anything else."""
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ResourceError, match=r"pip install 'vesal\[hub\]'"):
        fetch(NAME, tmp_path)


@pytest.mark.parametrize("name", [n for n, source in SOURCES.items() if not source.repository])
def test_what_no_hub_has_is_said_where_to_get(name: str, tmp_path: Path) -> None:
    """And where to put it."""
    with pytest.raises(ResourceError, match=f"cannot fetch {name}: .*{tmp_path}"):
        fetch(name, tmp_path)


def test_a_file_from_elsewhere_is_checked_by_its_published_digest(tmp_path: Path) -> None:
    """SAM's are known."""
    (tmp_path / "sam_vit_b_01ec64.pth").write_bytes(b"something else")
    with pytest.raises(CheckpointError, match="not ec2df62732614e57411cdcf32a23ffdf"):
        fetch("sam-vit-b", tmp_path)


@pytest.mark.parametrize("name", ["vesal-mini", "sam3"])
def test_only_published_models_can_be_fetched(name: str, tmp_path: Path) -> None:
    """Ours is part of the package."""
    with pytest.raises(ConfigError, match=r"known: .*sam-med3d-turbo"):
        fetch(name, tmp_path)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """With the variable that names another one."""
    (tmp_path / "file").touch()
    with pytest.raises(ResourceError, match="VESAL_WEIGHTS"):
        fetch(NAME, tmp_path / "file" / "weights")


def test_every_published_model_has_a_source() -> None:
    """So that `vesal weights get` knows each name of `vesal models`."""
    assert set(SOURCES) == set(PUBLISHED)
