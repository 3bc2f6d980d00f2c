"""The DICOMweb server behind this one: its password is sent to it, and stands nowhere else."""

import base64
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from fastapi.testclient import TestClient

from tests.server.serving import bright_app
from vesal.server.settings import Settings

USER, PASSWORD = "reader", "swordfish/17"
SERIES = "1.2.3.4.5"
NAME = "SECRET^PATIENT"


@contextmanager
def refusing(logins: list[str]) -> Iterator[str]:
    """The address of a server that notes who comes, and answers 401."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            logins.append(self.headers.get("Authorization", ""))
            self.send_response(401)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}/dicom-web"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_password_goes_to_that_server_and_nowhere_else(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not into answers, nor into logs of any level; nor does a name that was searched for."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    caplog.set_level(logging.DEBUG)
    logins: list[str] = []
    with refusing(logins) as place:
        app = bright_app(dicomweb=f"http://{USER}:swordfish%2F17@{place}")
        with TestClient(app, base_url="http://127.0.0.1") as client:
            said = {"params": (None, '{"foreground": [[1, 2, 3]]}')}
            ours = client.post("/infer/bright", params={"image": SERIES}, files=said)
            passed = client.get("/proxy/dicom/qido/studies", params={"PatientName": NAME})
    assert ours.status_code == 502
    assert passed.status_code == 401
    expected = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    assert logins == [f"Basic {expected}"] * 2
    # httpx2 is the client of this test, which writes of its own requests.
    logged = [one.getMessage() for one in caplog.records if one.name != "httpx2"]
    assert any("GET /proxy/dicom/{path:path} 401" in line for line in logged)
    written = "\n".join([ours.text, *logged])
    for secret in ("swordfish", expected, NAME, "SECRET"):
        assert secret not in written


def test_settings_show_no_secret() -> None:
    """Whoever prints them."""
    shown = repr(Settings(key="0123456789abcdef", dicomweb=f"http://{USER}:{PASSWORD}@127.0.0.1"))
    assert "0123456789abcdef" not in shown
    assert "swordfish" not in shown
