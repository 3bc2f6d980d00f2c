"""`vesal serve`: what it prints, how it ends, and what it refuses to begin."""

import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from tests.server.serving import bright_app
from tests.server.tls import certificate
from vesal.cli.main import main

Captured = pytest.CaptureFixture[str]
KEY = "0123456789abcdef0123"


def error_of(capsys: Captured) -> str:
    """The single line on stderr; nothing may be on stdout."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return err


@contextmanager
def running(*words: str, **environment: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """The address that the installed command prints, and its process."""
    command = [str(Path(sys.executable).with_name("vesal")), "serve", "--port", "0", *words]
    around = {**os.environ, **environment}
    around.pop("PYTHONUNBUFFERED", None)  # it is a pipe here, as in a log of systemd
    process = subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=around
    )
    try:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], 60)[0], "no address was printed"
        line = process.stdout.readline()
        found = re.search(r"https?://\S+", line)
        assert found, (line, process.stderr.read() if process.stderr else "")
        yield found[0], process
    finally:
        process.kill()
        process.communicate()


def test_it_serves_at_the_printed_address_until_it_is_interrupted(scans: Path) -> None:
    """Ctrl+C is the way to end it: status 0, and no traceback."""
    with running(str(scans)) as (address, process):
        assert address.startswith("http://127.0.0.1:")
        names = [scan["name"] for scan in httpx.get(f"{address}/api/scans").json()["scans"]]
        assert "example_ct.nii.gz" in names
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Traceback" not in out + err


def test_a_key_opens_the_network_and_a_certificate_makes_it_https(tmp_path: Path) -> None:
    """The key comes from the environment, and is printed nowhere."""
    made, key = certificate(tmp_path)
    words = ("--host", "0.0.0.0", "--certificate", str(made), "--certificate-key", str(key))  # noqa: S104
    with running(*words, VESAL_KEY=KEY) as (address, process):
        url = address.replace("0.0.0.0", "127.0.0.1")  # noqa: S104
        assert url.startswith("https://")
        assert httpx.get(f"{url}/api/scans", verify=False).status_code == 401
        head = {"Authorization": f"Bearer {KEY}"}
        assert httpx.get(f"{url}/api/scans", headers=head, verify=False).status_code == 200
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert KEY not in out + err


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--host", "0.0.0.0"], "key"),  # noqa: S104
        (["--key", "short"], "16"),
        (["--port", "70000"], "70000"),
        (["--waiting", "0"], "waiting"),
        (["--memory", "nan"], "--memory"),
        (["--memory", "inf"], "--memory"),
        (["--idle", "inf"], "idle"),
        (["--dicomweb", "nowhere"], "nowhere"),
        (["--key", " 0123456789abcdef"], "blank"),
        (["no/such/folder"], "no/such/folder"),
        (["--model", "nosuch"], "nosuch"),
        (["--certificate-key", "key.pem"], "--certificate"),
        (["--certificate", "nosuch.pem"], "certificate"),
    ],
)
def test_what_cannot_be_served_is_told_in_a_sentence(
    words: list[str], named: str, capsys: Captured
) -> None:
    """Before anything is opened to anybody."""
    assert main(["serve", "--port", "0", *words]) != 0
    assert named in error_of(capsys)


def test_a_certificate_that_is_none_is_told(tmp_path: Path, capsys: Captured) -> None:
    """Not a traceback of SSL."""
    path = tmp_path / "certificate.pem"
    path.write_text("not a certificate")
    assert main(["serve", "--port", "0", "--certificate", str(path)]) == 2
    assert "PEM" in error_of(capsys)


def test_a_port_that_is_taken_is_told(capsys: Captured) -> None:
    """With what to do about it."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 5
    assert "choose another --port" in error_of(capsys)


def test_two_servers_do_not_work_in_one_folder(tmp_path: Path, capsys: Captured) -> None:
    """Each would write over the other's steps; the folder is free when the first has ended."""
    with TestClient(bright_app(work=tmp_path)):
        assert main(["serve", "--port", "0", "--work", str(tmp_path)]) == 2
        assert "another server is at work in" in error_of(capsys)
    with TestClient(bright_app(work=tmp_path), base_url="http://127.0.0.1") as client:
        assert client.get("/healthz").status_code == 200


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="needs a system with terminals")
@pytest.mark.skipif(
    signal.getsignal(signal.SIGHUP) is signal.SIG_IGN,
    reason="under nohup a server lives on when the terminal is closed, as it should",
)
def test_nothing_is_left_when_the_terminal_is_closed(tmp_path: Path) -> None:
    """The folder of what was sent goes, as after Ctrl+C."""
    with running(TMPDIR=str(tmp_path)) as (_, process):
        assert len(list(tmp_path.glob("vesal-serve-*"))) == 1
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=20)
    assert list(tmp_path.glob("vesal-serve-*")) == []


def test_without_the_extra_it_is_told_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """The core installs without a server."""
    monkeypatch.delitem(sys.modules, "vesal.server.run", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert main(["serve"]) == 5
    assert "pip install 'vesal[server]'" in error_of(capsys)
