"""What is checked of every request before any route sees it."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.server.serving import blocks, bright_app, save_nifti


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    """A server with a scan, and a route that fails."""
    save_nifti(tmp_path / "blocks.nii.gz", blocks())
    app = bright_app(tmp_path)

    @app.get("/broken")
    async def broken() -> None:
        raise OSError(5, "it went wrong", "mueller_hans.nii.gz")

    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as served:
        yield served


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "["}, 404),
        ({"Host": "a]b"}, 404),
        ({"Host": ""}, 404),
        ({"Origin": "http://["}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:99"}, 403),
    ],
)
def test_odd_hosts_and_origins_are_refused(
    client: TestClient, headers: dict[str, str], status: int
) -> None:
    """Addresses that are none, and pages that are not ours."""
    answer = client.get("/api/scans", headers=headers)
    assert answer.status_code == status
    assert isinstance(answer.json()["detail"], str)


def test_a_bug_is_told_without_what_it_was_about(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    """One sentence for the user; for the log the kind and the place, and no name of a file."""
    with caplog.at_level(logging.INFO, "vesal.server"):
        answer = client.get("/broken")
    assert answer.status_code == 500
    assert "bug in vesal" in answer.json()["detail"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "OSError test_guard.py:" in caplog.text
    assert "mueller" not in caplog.text
    assert 'route="/broken",status="500"' in client.get("/metrics").text


def test_invented_methods_do_not_fill_the_metrics(client: TestClient) -> None:
    """They are counted together."""
    for number in range(5):
        client.request(f"MADEUP{number}", "/healthz")
    text = client.get("/metrics").text
    assert "MADEUP" not in text
    assert 'method="other"' in text
