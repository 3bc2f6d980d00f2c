"""What MONAI Label's clients may send wrongly, and what must not stay of it."""

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from tests.server.serving import blocks, bright_app, save_nifti
from vesal.errors import ResourceError
from vesal.server.monai.label_store import LabelStore
from vesal.server.scans import Scans

INSIDE = [5, 7, 5]
DEEP = "[" * 400 + "]" * 400
WRONG = ("5", '"a"', "true", "[[1]]", "[5]", '{"a": [1]}', DEEP, f"[{DEEP}]")
DRAWN = (blocks() > 400).astype(np.uint8).tobytes(order="F")


def client_of(root: Path | None = None, **settings: Any) -> TestClient:
    """A client of a server of a folder."""
    return TestClient(bright_app(root, **settings), base_url="http://localhost")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one image."""
    made = tmp_path_factory.mktemp("served")
    save_nifti(made / "plain.nii.gz", blocks())
    return made


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[TestClient]:
    """A client of a server of that folder."""
    with client_of(folder) as client:
        yield client


@pytest.mark.parametrize(
    ("key", "right"),
    [
        ("client_id", '"a"'),
        ("label", '"a"'),
        ("reset_state", "true"),
        ("result_extension", None),
        ("label_info", None),
        ("roi", None),
        ("foreground", None),
        ("background", None),
    ],
)
def test_a_parameter_of_a_wrong_type_is_refused_in_a_sentence(
    client: TestClient, key: str, right: str | None
) -> None:
    """Each of them, with a drawing for which label_info is needed; never an error of ours."""
    for value in WRONG:
        if value == right:
            continue
        good = "" if key == "foreground" else f', "foreground": [{INSIDE}]'
        answer = client.post(
            "/infer/bright?image=plain",
            files={"params": (None, f'{{"{key}": {value}{good}}}'), "label": ("drawn.bin", DRAWN)},
        )
        assert 400 <= answer.status_code < 500, (value[:20], answer.text)
        assert isinstance(answer.json()["detail"], str)


@pytest.mark.parametrize("value", [5, "a", [5], {"name": "x"}])
def test_a_label_with_a_wrong_label_info_is_refused(client: TestClient, value: Any) -> None:
    """Nothing is kept then."""
    files: dict[str, Any] = {
        "params": (None, json.dumps({"label_info": value})),
        "label": ("drawn.bin", DRAWN),
    }
    url = "/datastore/label?image=plain&tag=wrong"
    answer = client.put(url, files=files)
    assert answer.status_code == 400, answer.text
    assert "label_info" in answer.json()["detail"]


def test_what_ohif_does_not_have_is_not_found(folder: Path, tmp_path: Path) -> None:
    """Names that no disk takes too; of any other path it shows its page."""
    (tmp_path / "index.html").write_text("the page")
    with client_of(folder, ohif=tmp_path, dicomweb="http://127.0.0.1:9/x") as client:
        for path in ("ohif/%00", f"ohif/{300 * 'a'}", "proxy/dicom/studies%00"):
            answer = client.get(f"/{path}")
            assert answer.status_code == 404, (path, answer.text)
            assert isinstance(answer.json()["detail"], str)
        assert client.get("/ohif/viewer").text == "the page"


def test_nothing_stays_of_an_image_that_came_with_a_refused_request(
    client: TestClient, folder: Path
) -> None:
    """Whatever of the request is wrong, and wherever that is found out."""
    before = client.get("/api/scans").json()
    data = (folder / "plain.nii.gz").read_bytes()
    for params, label in (
        ({"client_id": []}, b""),
        ({"foreground": 5}, b""),
        ({"label_info": 5}, DRAWN),
        ({"foreground": [INSIDE], "result_extension": ".exe"}, b""),
    ):
        files: dict[str, Any] = {
            "params": (None, json.dumps(params)),
            "file": ("sent.nii.gz", data),
        }
        if label:
            files["label"] = ("drawn.bin", label)
        answer = client.post("/infer/bright", files=files)
        assert 400 <= answer.status_code < 500
    assert client.get("/api/scans").json() == before


def test_nothing_stays_of_an_image_whose_drawing_cannot_be_stored(
    client: TestClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The image was taken by then."""
    before = client.get("/api/scans").json()

    async def full(*_: object) -> Path:
        raise ResourceError("the disk is full")

    monkeypatch.setattr("vesal.server.monai.infer.stored", full)
    files: dict[str, Any] = {
        "params": (None, "{}"),
        "file": ("sent.nii.gz", (folder / "plain.nii.gz").read_bytes()),
        "label": ("drawn.bin", b"\0"),
    }
    answer = client.post("/infer/bright", files=files)
    assert answer.status_code == 507
    assert client.get("/api/scans").json() == before


def test_images_of_sessions_do_not_outlive_the_server(folder: Path, tmp_path: Path) -> None:
    """What was sent to stay does; a session that is over leaves no note either."""
    data = (folder / "plain.nii.gz").read_bytes()
    with client_of(work=tmp_path) as client:
        kept = client.put("/datastore/", files={"file": ("kept.nii.gz", data)})
        assert kept.json() == {"image": "kept"}
        ids = [
            client.put("/session/", files={"files": ("passing.nii.gz", data)}).json()["session_id"]
            for _ in range(3)
        ]
        assert client.delete(f"/session/{ids[0]}").status_code == 200
        assert client.delete(f"/api/scans/{ids[1]}").status_code == 204
        assert client.delete(f"/session/{ids[1]}").status_code == 200
        assert len(client.get("/api/scans").json()["scans"]) == 2
    with client_of(work=tmp_path) as client:
        scans = client.get("/api/scans").json()["scans"]
        assert [one["name"] for one in scans] == ["kept.nii.gz"]
    assert not list((tmp_path / "visits").iterdir())
    assert len(list((tmp_path / "uploads").iterdir())) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/info/"),
        ("GET", "/datastore/"),
        ("GET", "/datastore/?output=all"),
        ("GET", "/datastore/?output=train"),
        ("GET", "/datastore/label?label=plain"),
        ("PUT", "/datastore/label/info?label=plain"),
        ("POST", "/activelearning/first"),
        ("PUT", "/datastore/label?image=plain"),
        ("POST", "/infer/bright?image=plain"),
        ("POST", "/infer/bright"),
        ("DELETE", "/datastore/label?id=plain"),
    ],
)
def test_the_disk_is_asked_in_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, path: str
) -> None:
    """Not on the event loop, where everybody would wait for it."""
    data = save_nifti(tmp_path / "plain.nii.gz", blocks()).read_bytes()
    LabelStore(tmp_path / "labels").save("plain", "final", ".nii.gz", tmp_path / "plain.nii.gz")
    seen: list[str] = []

    def watch(place: Any, name: str) -> None:
        real: Callable[..., Any] = getattr(place, name)

        def watched(*args: Any, **more: Any) -> Any:
            try:
                asyncio.get_running_loop()
                seen.append(name)
            except RuntimeError:
                pass
            return real(*args, **more)

        monkeypatch.setattr(place, name, watched)

    params = json.dumps({"foreground": [INSIDE]})
    files: dict[str, Any] = {"params": (None, params), "label": ("a.nii.gz", data)}
    if path == "/infer/bright":
        files["file"] = ("a.nii.gz", data)
    if path.startswith("/infer/"):
        del files["label"]
    with client_of(tmp_path) as client:
        for place, name in (
            (LabelStore, "_saved"),
            (Scans, "every"),
            (Scans, "discard"),
            (Path, "read_bytes"),
            (Path, "write_bytes"),
            (Path, "unlink"),
            (shutil, "copyfileobj"),
        ):
            watch(place, name)
        answer = client.request(method, path, files=files if method in ("PUT", "POST") else None)
        assert answer.status_code == 200, answer.text
    assert seen == []
