"""Steps that are refused, and what else must not change what others see."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from tests.server.serving import blocks, bright_app, save_nifti
from vesal.server.limits import Limits

INSIDE, FAR = (5, 7, 5), (10_000.0, 0.0, 0.0)
AFFINE = np.diag([2.0, 1.5, 3.0, 1.0])


def mm(voxel: tuple[int, ...]) -> list[float]:
    """Where a voxel is."""
    return list((AFFINE @ [*voxel, 1])[:3])


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    """A server of one scan, also for the oldest clients."""
    save_nifti(tmp_path / "blocks.nii.gz", blocks(), AFFINE)
    app = bright_app(tmp_path, legacy=True)
    with TestClient(app, base_url="http://127.0.0.1") as served:
        yield served


@pytest.fixture
def session(client: TestClient) -> str:
    """A session with two objects, the second in hand, and a click on the first."""
    scan = client.get("/api/scans").json()["scans"][0]["id"]
    address = f"/api/sessions/{client.post('/api/sessions', json={'scan': scan}).json()['id']}"
    said = {"object": 1, "prompts": [{"point": mm(INSIDE)}]}
    assert client.post(f"{address}/prompts", json=said).status_code == 200
    assert client.post(f"{address}/objects", json={}).status_code == 200
    return address


def plain(state: dict[str, Any]) -> dict[str, Any]:
    """A state without what is only counted."""
    return {k: v for k, v in state.items() if k not in ("revision", "can_undo", "can_redo")}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/prompts", {"object": 1, "prompts": [{"point": FAR}]}, 422),
        ("PATCH", "/objects/2", {"name": "renamed", "accepted": True}, 409),
        ("PATCH", "/objects/1", {"current": True, "name": "\n"}, 400),
        ("PATCH", "", {"model": "other", "overlap": "bogus"}, 422),
        ("PATCH", "", {"model": "nosuch", "overlap": "later"}, 404),
    ],
)
def test_what_is_refused_changes_nothing(
    client: TestClient, session: str, method: str, path: str, body: dict[str, Any], status: int
) -> None:
    """Of several steps in one request none is taken."""
    before = client.get(session).json()
    answer = client.request(method, session + path, json=body)
    assert answer.status_code == status, answer.text
    assert plain(client.get(session).json()) == plain(before)


def test_a_broken_image_leaves_the_shared_one(client: TestClient) -> None:
    """Users before 1.0 of the extension share an image; one's bad file is not all others' loss."""
    file = io.BytesIO()
    np.save(file, blocks())
    good = {"file": ("volume.npy", file.getvalue(), "application/octet-stream")}
    assert client.post("/upload_image", files=good).json() == {"status": "ok"}
    bad = {"file": ("volume.npy", b"not an array", "application/octet-stream")}
    assert client.post("/upload_image", files=bad).json() != {"status": "ok"}
    answer = client.post(
        "/add_point_interaction", json={"voxel_coord": list(INSIDE), "positive_click": True}
    )
    assert answer.status_code == 200


def test_links_out_of_a_series_are_not_followed(tmp_path: Path) -> None:
    """A folder of DICOM with links in it shows its own slices alone."""
    from tests.dicom_series import write_series

    series = write_series(tmp_path / "root" / "series", slices=6)
    other = write_series(tmp_path / "other", slices=9, uid=series.uid, prefix="X")
    for file in other.files[6:]:
        (series.folder / file.name).symlink_to(file)
    with TestClient(bright_app(tmp_path / "root"), base_url="http://127.0.0.1") as client:
        scan = client.get("/api/scans").json()["scans"][0]["id"]
        opened = client.post("/api/sessions", json={"scan": scan})
        assert opened.json()["image"]["shape"][2] == 6


def test_a_folder_is_looked_at_no_further_than_agreed(tmp_path: Path) -> None:
    """What is no image counts too, or a million of other files would be walked each time."""
    for number in range(30):
        (tmp_path / f"a{number:02}.txt").write_text("hello")
        save_nifti(tmp_path / f"b{number:02}.nii", blocks())
    app = bright_app(tmp_path, limits=Limits(listed=20))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        assert 0 < len(client.get("/api/scans").json()["scans"]) < 20
