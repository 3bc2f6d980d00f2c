"""A server whose disk or memory is used up: one sentence for that request, and it goes on."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient

from tests.fakes import BrightModel
from tests.faults.disks import all_of, room_for
from tests.server.serving import blocks, bright_app, bright_models, save_nifti
from vesal.models.promptable import Embedding
from vesal.models.shapes import Images
from vesal.server.app import build_app
from vesal.server.settings import Settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Scans, of which one does not pack well."""
    (tmp_path / "scans").mkdir()
    save_nifti(tmp_path / "scans" / "blocks.nii.gz", blocks())
    noise = np.random.default_rng(0).integers(0, 2**15, (120, 100, 90)).astype(np.int16)
    save_nifti(tmp_path / "noise.nii.gz", noise)
    return tmp_path / "scans"


@pytest.fixture
def client(folder: Path, tmp_path: Path) -> Iterator[TestClient]:
    """A server that keeps what is sent."""
    app = bright_app(folder, work=tmp_path / "work")
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as served:
        yield served


@pytest.mark.parametrize("name", ["scans/blocks.nii.gz", "noise.nii.gz"])
def test_an_upload_without_room_is_refused_and_the_next_one_is_taken(
    name: str, client: TestClient, tmp_path: Path
) -> None:
    """A small one, which waits in memory, and a large one, which waits on the disk."""
    path = tmp_path / name
    before = all_of(tmp_path / "work")
    files = {"files": (path.name, path.read_bytes())}
    with room_for(1000):
        refused = client.post("/api/scans", files=files)
        assert client.get("/healthz").status_code == 200
    assert refused.status_code == 507
    assert "(File too large); " in refused.json()["detail"]
    assert all_of(tmp_path / "work") == before
    assert client.post("/api/scans", files=files).status_code == 201


def test_a_label_without_room_leaves_the_one_before(client: TestClient, folder: Path) -> None:
    """MONAI Label's users save over and over."""
    paths = [save_nifti(folder.parent / f"{n}.nii.gz", blocks() * n) for n in (1, 2)]
    sent = [{"label": ("l.nii.gz", path.read_bytes())} for path in paths]
    where = "/datastore/label?image=blocks&tag=final"
    assert client.put(where, files=sent[0]).status_code == 200
    kept = all_of(folder / "labels")
    with room_for(1000):
        refused = client.put(where, files=sent[1])
    assert refused.status_code == 507
    assert "\n" not in refused.json()["detail"]
    assert all_of(folder / "labels") == kept
    assert client.put(where, files=sent[1]).status_code == 200
    assert all_of(folder / "labels") != kept


class Hungry(BrightModel):
    """A model that wants more memory than there is, as long as it is told so."""

    lacks = True

    def __init__(self, more: Callable[[int], object]) -> None:
        super().__init__()
        self.more = more

    def encode(self, image: Images) -> Embedding:
        """Encode, or not."""
        if self.lacks:
            self.more(2**50)
        return super().encode(image)


@pytest.mark.parametrize("more", [bytearray, torch.empty], ids=["python", "torch"])
def test_a_request_that_lacks_memory_is_refused_and_the_server_goes_on(
    more: Callable[[int], object], folder: Path
) -> None:
    """The same click is answered when there is memory again."""
    model = Hungry(more)
    app = build_app(Settings(root=folder), bright_models(model))
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        scan = client.get("/api/scans").json()["scans"][0]["id"]
        session = client.post("/api/sessions", json={"scan": scan}).json()["id"]
        steps = f"/api/sessions/{session}/prompts"
        click = {"object": 1, "prompts": [{"point": [6, 8, 6]}]}
        refused = client.post(steps, json=click)
        assert (refused.status_code, refused.json()["detail"]) == (
            507,
            "the server lacks memory for this now; try again later, or send less",
        )
        assert client.get("/healthz").status_code == 200
        model.lacks = False
        assert client.post(steps, json=click).status_code == 200
