"""Connections on which a request does not get on."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.server.serving import blocks, bright_app, save_nifti, served
from vesal.server import punctual
from vesal.server.punctual import Punctual

PATIENCE_S = 0.3
LONGEST_S = 10.0


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server of little patience."""
    monkeypatch.setattr(punctual, "HEAD_S", PATIENCE_S)
    save_nifti(tmp_path / "blocks.nii.gz", blocks())
    with served(bright_app(tmp_path), http=Punctual) as url:
        yield url


def said(address: str, *pieces: bytes) -> bytes:
    """All that comes back until the server hangs up."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=LONGEST_S) as connection:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(PATIENCE_S / 2)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


@pytest.mark.parametrize(
    "half",
    [
        b"",
        b"GET / HTTP/1.1\r\n",
        b"POST /api/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n\r\n{",
    ],
)
def test_half_a_request_is_not_waited_for(address: str, half: bytes) -> None:
    """Nothing, a head without an end, a body without an end: the connection is closed."""
    started = time.monotonic()
    assert b"HTTP/1.1 2" not in said(address, half)
    assert time.monotonic() - started < LONGEST_S / 2


def test_who_is_slow_but_gets_on_is_answered(address: str) -> None:
    """Every piece comes within the patience, all of them together do not."""
    body = b'{"scan": "0123456789abcdef"}'
    head = f"POST /api/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
    head += "Content-Type: application/json\r\nConnection: close\r\n\r\n"
    pieces = [head[:40].encode(), head[40:].encode(), body[:9], body[9:18], body[18:]]
    assert b"404 Not Found" in said(address, *pieces)


def test_an_answer_that_takes_long_is_waited_for(address: str) -> None:
    """The clock is that of requests: a stream of events goes on."""
    with httpx.Client(base_url=address, timeout=LONGEST_S) as client:
        scan = client.get("/api/scans").json()["scans"][0]["id"]
        session = client.post("/api/sessions", json={"scan": scan}).json()["id"]
        with client.stream("GET", f"/api/sessions/{session}/events") as stream:
            started = time.monotonic()
            lines = stream.iter_lines()
            assert next(lines).startswith("data:")
            httpx.delete(f"{address}/api/sessions/{session}", timeout=LONGEST_S)
            assert list(lines) == [""]  # ended with its session, and not by the clock
            assert time.monotonic() - started < LONGEST_S / 2
