"""Our own API: every route, and every way in which it refuses."""

import base64
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray

from tests.dicom_series import write_series
from tests.fakes import BrightModel
from tests.grids import rotation
from tests.server.serving import blocks, bright_app, save_nifti
from vesal.images import open_image
from vesal.labels import open_labels
from vesal.server.limits import Limits
from vesal.session import Session

KEY = "0123456789abcdef0123"


def oblique() -> NDArray[np.float64]:
    """Flipped, permuted and turned."""
    affine = np.eye(4)
    affine[:3, :3] = rotation(8, -11, 14) @ np.diag([-2.0, -1.5, 3.0])[:, [1, 0, 2]]
    affine[:3, 3] = (30, -20, 100)
    return affine


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an oblique volume."""
    save_nifti(tmp_path / "blocks.nii.gz", blocks(), oblique())
    return tmp_path


@pytest.fixture
def client(folder: Path) -> Iterator[TestClient]:
    """A server of that folder."""
    with TestClient(bright_app(folder), base_url="http://127.0.0.1") as served:
        yield served


def opened(client: TestClient, name: str = "blocks.nii.gz") -> dict[str, Any]:
    """The state of a new session on a scan."""
    scans = client.get("/api/scans").json()["scans"]
    scan = next(one["id"] for one in scans if one["name"] == name)
    answer = client.post("/api/sessions", json={"scan": scan})
    assert answer.status_code == 201
    state: dict[str, Any] = answer.json()
    return state


def mm(voxel: tuple[int, ...]) -> list[float]:
    """Where a voxel is in the world."""
    return list((oblique() @ [*voxel, 1])[:3])


def say(client: TestClient, session: str, *prompts: dict[str, Any], number: int = 1) -> Any:
    """Say something of an object."""
    body = {"object": number, "prompts": list(prompts)}
    return client.post(f"/api/sessions/{session}/prompts", json=body)


def labels_of(client: TestClient, session: str) -> NDArray[Any]:
    """The label map, as the page gets it."""
    return painted(client.get(f"/api/sessions/{session}/labels").json())


def painted(patch: dict[str, Any]) -> NDArray[Any]:
    """The numbers in a patch."""
    dtype = np.dtype({1: "u1", 2: "<u2"}[patch["bytes"]])
    numbers = np.frombuffer(zlib.decompress(base64.b64decode(patch["labels"])), dtype)
    array: NDArray[Any] = numbers.reshape(patch["shape"], order="F")
    return array


def test_each_kind_of_prompt_gives_the_mask_of_python(client: TestClient, folder: Path) -> None:
    """On an oblique, flipped and permuted grid, voxel for voxel."""
    image = open_image(folder / "blocks.nii.gz")
    session = Session(image, BrightModel())
    name = opened(client)["id"]
    inside, away = mm((5, 7, 5)), mm((17, 2, 2))
    line = [mm((14, j, 9)) for j in (15, 17, 19)]
    around = [mm(v) for v in ((3, 4, 5), (8, 4, 5), (8, 11, 5), (3, 11, 5))]
    steps: list[tuple[dict[str, Any], Any]] = [
        ({"point": inside}, lambda: session.click(tuple(inside))),
        (
            {"point": away, "positive": False},
            lambda: session.click(tuple(away), positive=False),
        ),
        ({"scribble": line}, lambda: session.scribble([tuple(p) for p in line])),
        ({"lasso": around}, lambda: session.lasso([tuple(p) for p in around])),
    ]
    for prompt, step in steps:
        answer = say(client, name, prompt)
        assert answer.status_code == 200
        assert np.array_equal(labels_of(client, name) > 0, step().array)


def test_a_box_in_voxels_lies_along_the_images_axes(client: TestClient, folder: Path) -> None:
    """Corners in any order, both included; one voxel thick is a slice."""
    image = open_image(folder / "blocks.nii.gz")
    name = opened(client)["id"]
    answer = say(client, name, {"voxel_box": [[8, 4, 5], [3, 11, 5]]})
    prompt = answer.json()["state"]["objects"][0]["prompts"][0]
    low, high = np.array(prompt["box"])
    assert np.count_nonzero(np.abs(high - low) < 1e-9) == 1
    session = Session(image, BrightModel())
    from vesal.server.interactions import voxel_box

    box = voxel_box(image.grid, (3, 4, 5), (8, 11, 5), positive=True)
    assert np.array_equal(labels_of(client, name) > 0, session.add(box).array)


def test_a_step_tells_the_part_of_the_label_map_that_changed(client: TestClient) -> None:
    """Old map with the patch laid over it is the new one; through all kinds of steps."""
    name = opened(client)["id"]
    known = labels_of(client, name).copy()
    revision = 0
    path = f"/api/sessions/{name}"
    for step in (
        lambda: say(client, name, {"point": mm((5, 7, 5))}),
        lambda: client.post(f"{path}/objects", json={"name": "kidney"}),
        lambda: say(client, name, {"point": mm((14, 16, 9))}, number=2),
        lambda: client.post(f"{path}/undo"),
        lambda: client.post(f"{path}/redo"),
        lambda: client.delete(f"{path}/objects/1"),
        lambda: client.post(f"{path}/undo"),
    ):
        answer = step()
        change = answer.json()
        assert answer.status_code == 200
        assert change["from"] == revision
        revision = change["state"]["revision"]
        patch = change["patch"]
        if patch is not None:
            part = tuple(
                slice(a, a + n) for a, n in zip(patch["start"], patch["shape"], strict=True)
            )
            known[part] = painted(patch)
        assert np.array_equal(known, labels_of(client, name))
    assert set(np.unique(known)) == {0, 1, 2}


def test_objects_are_described(client: TestClient) -> None:
    """Name, colour, lock, acceptance, current; what is refused changes nothing."""
    name = opened(client)["id"]
    say(client, name, {"point": mm((5, 7, 5))})
    path = f"/api/sessions/{name}/objects"
    client.post(path, json={})
    one = client.patch(f"{path}/1", json={"name": "spleen", "colour": [1, 2, 3], "locked": True})
    first = one.json()["state"]["objects"][0]
    assert (first["name"], first["colour"], first["locked"]) == ("spleen", [1, 2, 3], True)
    assert client.patch(f"{path}/1", json={"current": True}).json()["state"]["current"] == 1
    assert client.patch(f"{path}/1", json={"accepted": True}).json()["state"]["objects"][0][
        "accepted"
    ]
    assert client.patch(f"{path}/2", json={"name": "spleen"}).status_code == 409
    assert client.patch(f"{path}/2", json={"accepted": True}).status_code == 409
    assert client.patch(f"{path}/9", json={"name": "x"}).status_code == 400
    assert say(client, name, {"point": mm((5, 7, 5))}).status_code == 409  # it is locked
    state = client.get(f"/api/sessions/{name}").json()
    assert [one["name"] for one in state["objects"]] == ["spleen", "object 2"]


def test_volume_and_box_are_those_of_the_mask(client: TestClient) -> None:
    """In ml, and in voxels, half open."""
    name = opened(client)["id"]
    state = say(client, name, {"point": mm((5, 7, 5))}).json()["state"]
    held = np.argwhere(labels_of(client, name))
    one = state["objects"][0]
    assert one["voxels"] == len(held)
    assert np.isclose(one["volume_ml"], len(held) * 9 / 1000)
    assert one["box"] == [held.min(0).tolist(), (held.max(0) + 1).tolist()]


def test_the_image_comes_as_nifti_with_the_same_affine(client: TestClient) -> None:
    """What the page shows is what was opened."""
    name = opened(client)["id"]
    shown = nib.Nifti1Image.from_bytes(client.get(f"/api/sessions/{name}/image").content)
    assert np.array_equal(np.asarray(shown.dataobj), blocks())
    assert np.allclose(shown.affine, oblique(), atol=1e-4)


@pytest.mark.parametrize("suffix", ["nii.gz", "nrrd", "seg.nrrd", "mha"])
def test_downloads_open_in_other_programs_form(
    client: TestClient, tmp_path: Path, suffix: str
) -> None:
    """Each format holds the label map on the image's grid."""
    name = opened(client)["id"]
    say(client, name, {"point": mm((5, 7, 5))})
    answer = client.get(f"/api/sessions/{name}/download", params={"format": suffix})
    assert answer.status_code == 200
    assert f"blocks-labels.{suffix}" in answer.headers["content-disposition"]
    path = tmp_path / f"got.{suffix}"
    path.write_bytes(answer.content)
    labels = open_labels(path)
    assert np.array_equal(labels.array, labels_of(client, name))
    assert np.allclose(labels.grid.affine, oblique(), atol=1e-4)


def test_a_dicom_folder_is_sent_segmented_and_taken_home_as_seg(
    client: TestClient, tmp_path: Path
) -> None:
    """All files of a series at once, or a zip of them; DICOM SEG refers to the slices."""
    pytest.importorskip("highdicom", reason="needs highdicom: pip install 'vesal[dicom]'")
    made = write_series(tmp_path / "series")
    parts = [("files", (f"s/{file.name}", file.read_bytes())) for file in made.files]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file in made.files:
            archive.write(file, f"deep/er/{file.name}")
    for files in (parts, [("files", ("series.zip", packed.getvalue()))]):
        scan = client.post("/api/scans", files=files)
        assert scan.status_code == 201
        listed = client.get(f"/api/scans/{scan.json()['id']}/series").json()["series"]
        assert [one["uid"] for one in listed] == [made.uid]
        body = {"scan": scan.json()["id"], "series": made.uid}
        state = client.post("/api/sessions", json=body).json()
        assert state["image"]["modality"] == "CT"
        assert state["windows"][0]["name"] == "Soft tissue"
        middle = (made.affine_ras @ [4, 5, 5, 1])[:3].tolist()
        assert say(client, state["id"], {"point": middle}).status_code == 200
        path = f"/api/sessions/{state['id']}/download"
        seg = client.get(path, params={"format": "seg.dcm"})
        assert seg.status_code == 200
        assert seg.content[128:132] == b"DICM"
        assert client.delete(f"/api/scans/{scan.json()['id']}").status_code == 204


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ({"point": [1e9, 0, 0]}, "outside"),
        ({"point": [0, 0]}, "3 coordinates"),
        ({"point": ["a", 0, 0]}, "number"),
        ({"pint": [0, 0, 0]}, "point"),
        ({"lasso": [[0, 0, 0], [1, 1, 1], [2, 2, 2]]}, "line"),
        ({"voxel_box": [[90, 1, 1], [95, 9, 9]]}, "no voxel"),
        ({"point": [0, 0, 0], "positive": "yes"}, "bool"),
    ],
)
def test_a_prompt_that_makes_no_sense_is_refused_with_a_sentence(
    client: TestClient, prompt: dict[str, Any], words: str
) -> None:
    """422, and the session is as it was."""
    name = opened(client)["id"]
    answer = say(client, name, prompt)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert client.get(f"/api/sessions/{name}").json()["revision"] == 0


def test_numbers_that_json_should_not_hold_are_refused(client: TestClient) -> None:
    """NaN and infinity, which Python's own reader takes."""
    name = opened(client)["id"]
    for text in ("NaN", "Infinity", "1e999"):
        body = f'{{"object": 1, "prompts": [{{"point": [{text}, 0, 0]}}]}}'
        answer = client.post(f"/api/sessions/{name}/prompts", content=body)
        assert answer.status_code == 422
        assert isinstance(answer.json()["detail"], str)


def test_what_is_not_there_is_404(client: TestClient) -> None:
    """Scans, sessions, models, files of the page."""
    assert client.post("/api/sessions", json={"scan": "../../etc/passwd"}).status_code == 404
    assert client.get("/api/sessions/0123").status_code == 404
    scan = client.get("/api/scans").json()["scans"][0]["id"]
    body = {"scan": scan, "model": "nothing"}
    assert client.post("/api/sessions", json=body).status_code == 404
    for path in ("/viewer/..%2fguard.py", "/viewer/niivue.umd.js.gz", "/viewer/x.js"):
        assert client.get(path).status_code == 404


def test_a_session_that_was_closed_is_gone(client: TestClient) -> None:
    """With all that belongs to it."""
    name = opened(client)["id"]
    assert client.delete(f"/api/sessions/{name}").status_code == 204
    assert client.get(f"/api/sessions/{name}").status_code == 404


def test_undo_at_the_beginning_is_refused(client: TestClient) -> None:
    """409: the session cannot do it now."""
    name = opened(client)["id"]
    answer = client.post(f"/api/sessions/{name}/undo")
    assert (answer.status_code, answer.json()["detail"]) == (409, "there is nothing to undo")


def test_the_model_and_the_rule_are_changed(client: TestClient) -> None:
    """Both by the same route; an unknown rule is refused."""
    name = opened(client)["id"]
    path = f"/api/sessions/{name}"
    assert client.patch(path, json={"model": "other"}).json()["state"]["model"] == "other"
    rule = client.patch(path, json={"overlap": "later"})
    assert rule.json()["state"]["overlap"] == "later"
    assert client.patch(path, json={"overlap": "whatever"}).status_code == 422


def test_a_picture_has_two_axes(client: TestClient, folder: Path) -> None:
    """World is x right and y down; no volume in ml."""
    from PIL import Image as Pillow

    pixels = np.full((30, 40), 10, np.uint8)
    pixels[5:12, 20:33] = 200
    Pillow.fromarray(pixels).save(folder / "cells.png")
    state = opened(client, "cells.png")
    answer = say(client, state["id"], {"point": [25, 8]})
    assert answer.status_code == 200
    assert answer.json()["state"]["objects"][0]["volume_ml"] is None
    assert np.array_equal(labels_of(client, state["id"]) > 0, pixels > 100)


def test_pages_of_other_hosts_and_other_names_are_kept_out(client: TestClient) -> None:
    """Without a key: only loopback's names, only our own page, no CORS."""
    assert client.get("/api/scans", headers={"Host": "evil.example"}).status_code == 404
    foreign = {"Origin": "http://evil.example"}
    assert client.get("/api/scans", headers=foreign).status_code == 403
    answer = client.get("/api/scans", headers={"Origin": "http://127.0.0.1"})
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


def test_a_page_that_was_allowed_may_call(folder: Path) -> None:
    """--allow-origin: CORS for that page and no other."""
    app = bright_app(folder, origins=("http://ohif.example",))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        answer = client.get("/api/scans", headers={"Origin": "http://ohif.example"})
        assert answer.headers["access-control-allow-origin"] == "http://ohif.example"
        assert client.get("/api/scans", headers={"Origin": "http://b.example"}).status_code == 403


def test_with_a_key_everything_but_health_and_the_page_needs_it(folder: Path) -> None:
    """And the description of the API, which a browser asks for without a key."""
    with TestClient(bright_app(folder, key=KEY), base_url="http://10.0.0.1") as client:
        for path in ("/", "/healthz", "/viewer/main.js", "/docs", "/openapi.json"):
            assert client.get(path).status_code == 200
        for path in ("/api/scans", "/api/server", "/metrics", "/info/"):
            assert client.get(path).status_code == 401
            head = {"Authorization": f"Bearer {KEY}"}
            assert client.get(path, headers=head).status_code == 200


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(folder: Path) -> None:
    """By what it says of itself, and by what comes."""
    app = bright_app(folder, limits=Limits(upload_bytes=1000))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        files = {"files": ("x.nii", b"0" * 2000)}
        assert client.post("/api/scans", files=files).status_code == 413

        def stream() -> Iterator[bytes]:
            for _ in range(100):
                yield b"0" * 100

        head = {"Content-Type": "multipart/form-data; boundary=x"}
        assert client.post("/api/scans", content=stream(), headers=head).status_code == 413
        assert client.get("/api/scans").json()["scans"] != []


def test_the_page_has_its_policy_and_answers_their_headers(client: TestClient) -> None:
    """No other host, nothing inline, no guessing of types, nothing kept by caches."""
    page = client.get("/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in page.text.replace("http-equiv", "")
    script = client.get("/viewer/niivue.umd.js")
    assert script.headers["content-encoding"] == "gzip"
    assert script.headers["content-type"].startswith("text/javascript")
    assert client.get("/api/scans").headers["x-content-type-options"] == "nosniff"
    assert client.get("/api/scans").headers["cache-control"] == "no-store"


def test_metrics_and_log_name_routes_and_never_scans(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    """A path may hold a patient's name; what is counted is the route."""
    with caplog.at_level("INFO", logger="vesal"):
        client.get("/datastore/label", params={"label": "Jane Doe"})
        client.get("/api/scans/Jane-Doe/series")
    text = client.get("/metrics").text
    assert 'route="/api/scans/{scan}/series"' in text
    assert "Doe" not in text
    assert "Doe" not in caplog.text
    assert "/api/scans/{scan}/series 404" in caplog.text


def test_the_api_describes_itself_without_another_host(client: TestClient) -> None:
    """/docs is whole from this server alone."""
    page = client.get("/docs").text
    assert "cdn" not in page
    assert "/api/sessions/{session}/prompts" in client.get("/openapi.json").json()["paths"]
