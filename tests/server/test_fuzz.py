"""Whatever is sent: never a 500, never an exception out of the app, no growth without end."""

import json
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server.serving import blocks, bright_app, save_nifti
from vesal.server.limits import Limits
from vesal.server.packed import pack

LIMITS = Limits(upload_bytes=2**22, unpacked_bytes=2**22, image_bytes=2**22)
MOST_GROWTH_KIB = 300_000  # of the process, in a module: caches of libraries and of the model
FUZZ = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([1e308, -1, 2**63, "../x", "\0"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one scan."""
    folder = tmp_path_factory.mktemp("fuzz")
    save_nifti(folder / "blocks.nii.gz", blocks())
    return folder


@pytest.fixture(scope="module")
def client(root: Path) -> Iterator[TestClient]:
    """A server; exceptions out of it are raised here."""
    app = bright_app(root, limits=LIMITS, legacy=True, places=10_000)
    with TestClient(app, base_url="http://127.0.0.1") as served:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        yield served
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown < MOST_GROWTH_KIB


@pytest.fixture(scope="module")
def lease(client: TestClient) -> dict[str, str]:
    """A client of nnInteractive with an image."""
    token = client.post("/claim").json()["lease_token"]
    head = {"X-Lease-Token": token}
    body = pack(blocks()[None])
    assert client.post("/set_image", content=body, headers=head).status_code == 200
    shape = {"shape": list(blocks().shape), "dtype": "uint8"}
    assert client.post("/set_target_buffer", json=shape, headers=head).status_code == 200
    return head


@pytest.fixture(scope="module")
def session(client: TestClient) -> str:
    """A session of our own API."""
    scan = client.get("/api/scans").json()["scans"][0]["id"]
    return str(client.post("/api/sessions", json={"scan": scan}).json()["id"])


def fine(answer: Any) -> None:
    """An answer that a client can work with."""
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert isinstance(answer.json()["detail"], str)


def damaged(data: st.DataObject, whole: bytes) -> bytes:
    """Bytes with a few changes: cut, or other values."""
    changed = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 5))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    return bytes(changed[: data.draw(st.integers(0, len(changed)))])


@FUZZ
@given(data=st.data())
def test_packed_arrays(client: TestClient, lease: dict[str, str], data: st.DataObject) -> None:
    """Masks and images that were damaged on the way, with any head."""
    small = np.zeros(blocks().shape, np.uint8)
    small[5, 6:9, 5] = 1
    path = data.draw(
        st.sampled_from(
            ["/add_scribble_interaction", "/add_lasso_interaction", "/add_initial_seg_interaction"]
        )
    )
    head = {"include_interaction": True, "interaction_bbox": data.draw(st.none() | JUNK)}
    meta = data.draw(
        st.just(json.dumps(head, ensure_ascii=True)) | st.text('{}[]:,"a1', max_size=20)
    )
    body = data.draw(st.just(pack(small)) | st.just(damaged(data, pack(small))))
    fine(client.post(path, content=body, headers={**lease, "X-Meta": meta}))


@FUZZ
@given(values=JUNK, flag=JUNK, path=st.sampled_from(["point", "bbox"]))
def test_interactions_in_json(
    client: TestClient, lease: dict[str, str], values: Any, flag: Any, path: str
) -> None:
    """Coordinates and flags of any kind, to the new protocol and the old one."""
    for body, head in (
        ({"coordinates": values, "bbox_coords": values, "include_interaction": flag}, lease),
        ({"coordinates": values, "bbox_coords": values, "include_interaction": True}, lease),
        ({"voxel_coord": values, "outer_point_one": values, "positive_click": flag}, {}),
        (values, lease),
    ):
        text = json.dumps(body)
        answer = client.post(f"/add_{path}_interaction", content=text, headers=head)
        assert answer.status_code < 500, answer.text


@FUZZ
@given(image=JUNK, shape=JUNK, dtype=JUNK)
def test_images_and_buffers(client: TestClient, image: Any, shape: Any, dtype: Any) -> None:
    """Properties of any kind; a server that refuses them goes on."""
    token = client.post("/claim").json()["lease_token"]
    head = {"X-Lease-Token": token}
    meta = json.dumps({"image_properties": {"spacing": image}})
    body = pack(blocks((6, 7, 8))[None])
    fine(client.post("/set_image", content=body, headers={**head, "X-Meta": meta}))
    text = json.dumps({"shape": shape, "dtype": dtype})
    fine(client.post("/set_target_buffer", content=text, headers=head))
    client.post("/release", headers=head)


@FUZZ
@given(data=st.data())
def test_files_that_are_sent(client: TestClient, root: Path, data: st.DataObject) -> None:
    """A NIfTI that was changed anywhere, under any name; what is taken may be opened."""
    whole = save_nifti(root.parent / "whole.nii", blocks((5, 6, 7))).read_bytes()
    body = damaged(data, whole) if data.draw(st.booleans()) else damaged(data, whole[:352]) + whole
    name = data.draw(st.text(max_size=20)) + data.draw(st.sampled_from([".nii", ".zip", ""]))
    answer = client.post("/api/scans", files={"files": (name, body)})
    fine(answer)
    if answer.status_code == 201:
        scan = answer.json()["id"]
        fine(client.get(f"/api/scans/{scan}/series"))
        opened = client.post("/api/sessions", json={"scan": scan})
        fine(opened)
        if opened.status_code == 201:
            client.delete(f"/api/sessions/{opened.json()['id']}")
        client.delete(f"/api/scans/{scan}")


@FUZZ
@given(params=JUNK, label=st.none() | st.binary(max_size=200), points=JUNK)
def test_monai_label_requests(
    client: TestClient, params: Any, label: bytes | None, points: Any
) -> None:
    """Parameters of any kind, with and without a drawing."""
    for sent in (params, {"foreground": points, "roi": params, "label": points}):
        files: dict[str, Any] = {"params": (None, json.dumps(sent))}
        if label is not None:
            files["label"] = ("label.bin", label)
        fine(client.post("/infer/bright", params={"image": "blocks"}, files=files))
    files = {"params": (None, json.dumps(params)), "label": ("x.nii", label or b"")}
    fine(client.put("/datastore/label", params={"image": "blocks", "tag": "f"}, files=files))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Starlette's files
@FUZZ
@given(body=st.binary(max_size=300), kind=st.sampled_from(["multipart/form-data; boundary=x", ""]))
def test_bodies_that_are_no_forms(client: TestClient, body: bytes, kind: str) -> None:
    """Broken multipart, or none, wherever a form is expected."""
    head = {"Content-Type": kind}
    parts = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n' + body
    for one in (body, parts):
        for method, path in (
            ("POST", "/api/scans"),
            ("PUT", "/session/"),
            ("PUT", "/datastore/"),
            ("POST", "/infer/bright"),
        ):
            fine(client.request(method, path, content=one, headers=head))
        assert client.post("/upload_image", content=one, headers=head).status_code < 500


@FUZZ
@given(prompts=JUNK, number=JUNK)
def test_prompts_of_our_own_api(
    client: TestClient, session: str, prompts: Any, number: Any
) -> None:
    """Any JSON; the session goes on."""
    body = json.dumps({"object": number, "prompts": prompts})
    fine(client.post(f"/api/sessions/{session}/prompts", content=body))
    body = json.dumps({"object": 1, "prompts": [{"point": prompts}]})
    fine(client.post(f"/api/sessions/{session}/prompts", content=body))
    assert client.get(f"/api/sessions/{session}").status_code == 200
