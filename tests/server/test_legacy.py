"""The oldest nnInteractive protocol: requests of SlicerNNInteractive before 1.0, replayed."""

import gzip
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray

from tests.fakes import BrightModel
from tests.server.serving import blocks, bright_app
from vesal.prompts import Click, Scribble
from vesal.server.desk import array_image
from vesal.session import Session

INSIDE = [5, 7, 5]
HEADS = {"Content-Encoding": "gzip"}  # that client says so of a form that is not


@pytest.fixture
def slicer() -> Iterator[TestClient]:
    """A server for the old extension."""
    with TestClient(bright_app(legacy=True), base_url="http://127.0.0.1") as client:
        yield client


def npy(array: NDArray[Any]) -> bytes:
    """An array as a file."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def upload(client: TestClient) -> None:
    """Send the image, and an empty segment."""
    parts = {"file": ("volume.npy", npy(blocks()), "application/octet-stream")}
    assert client.post("/upload_image", files=parts).json() == {"status": "ok"}
    send_segment(client, np.zeros(blocks().shape, np.bool_))


def send_segment(client: TestClient, mask: NDArray[Any]) -> None:
    """Send the segment as the user has it."""
    parts = {"file": ("volume.npy.gz", gzip.compress(npy(mask)), "application/octet-stream")}
    assert client.post("/upload_segment", files=parts, headers=HEADS).json() == {"status": "ok"}


def mask_of(answer: Any) -> NDArray[np.bool_]:
    """The mask of an answer, as the extension unpacks it."""
    assert answer.status_code == 200
    assert answer.headers["content-encoding"] == "gzip"
    bits = np.unpackbits(np.frombuffer(answer.content, np.uint8))
    return bits[: blocks().size].reshape(blocks().shape).astype(np.bool_)


def python() -> Session:
    """The same in Python: without a spacing, which that protocol does not send."""
    return Session(array_image(blocks(), None), BrightModel())


def point(client: TestClient, voxel: list[int], *, positive: bool = True) -> Any:
    """A click as the extension sends it."""
    body = {"voxel_coord": voxel, "positive_click": positive}
    return client.post("/add_point_interaction", json=body)


def test_clicks_give_the_mask_of_python(slicer: TestClient) -> None:
    """Positive, then negative; the whole mask comes as packed bits."""
    upload(slicer)
    session = python()
    expected = session.click((5.0, 7.0, 5.0)).array
    assert expected.any()
    assert np.array_equal(mask_of(point(slicer, INSIDE)), expected)
    expected = session.click((14.0, 16.0, 9.0), positive=False).array
    assert np.array_equal(mask_of(point(slicer, [14, 16, 9], positive=False)), expected)


def test_scribbles_and_lassos_come_as_masks_of_the_whole_image(slicer: TestClient) -> None:
    """With the misleading header, which is ignored."""
    upload(slicer)
    drawn = np.zeros(blocks().shape, np.uint8)
    drawn[5, 5:9, 5] = 1
    parts = {"file": ("volume.npy.gz", gzip.compress(npy(drawn)), "application/octet-stream")}
    given = {"positive_click": "True"}
    answer = slicer.post("/add_scribble_interaction", files=parts, data=given, headers=HEADS)
    points = tuple((5.0, float(j), 5.0) for j in range(5, 9))
    expected = python().add(Scribble(points_mm=points, joined=False)).array
    assert np.array_equal(mask_of(answer), expected)
    drawn[5, 4:10, 4:8] = 1
    parts = {"file": ("volume.npy.gz", gzip.compress(npy(drawn)), "application/octet-stream")}
    answer = slicer.post("/add_lasso_interaction", files=parts, data=given, headers=HEADS)
    assert mask_of(answer).any()


def test_a_box_is_flat_and_may_reach_beyond_the_image(slicer: TestClient) -> None:
    """Corners in any order; what lies outside is cut off."""
    upload(slicer)
    body = {
        "outer_point_one": [5, 13, 99],
        "outer_point_two": [5, -4, 2],
        "positive_click": True,
    }
    mask = mask_of(slicer.post("/add_bbox_interaction", json=body))
    expected = python().box((5.0, -0.5, 1.5), (5.0, 12.5, 15.5)).array
    assert np.array_equal(mask, expected)


def test_an_empty_segment_begins_anew_and_another_one_is_refined(slicer: TestClient) -> None:
    """What the extension does when its user edits a segment or chooses the next one."""
    upload(slicer)
    first = mask_of(point(slicer, [14, 16, 9]))
    send_segment(slicer, np.zeros(blocks().shape, np.bool_))
    assert not (mask_of(point(slicer, INSIDE)) & first).all()
    start = np.zeros(blocks().shape, np.bool_)
    start[12:17, 14:21, 6:13] = True
    send_segment(slicer, start)
    session = python()
    session.start(start)
    expected = session.add(Click(point_mm=(14.0, 16.0, 9.0))).array
    assert np.array_equal(mask_of(point(slicer, [14, 16, 9])), expected)


def test_without_an_image_the_words_make_the_client_send_it(slicer: TestClient) -> None:
    """These very words, with status 200."""
    problem = {"status": "error", "message": "No image uploaded"}
    assert point(slicer, INSIDE).json() == problem


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x93NUMPY\x01\x00",
        npy(np.zeros((4, 4))),
        npy(np.array([[["a"]]])),
        npy(np.zeros((3, 3, 3)))[:-5],
    ],
)
def test_what_is_no_volume_is_told(slicer: TestClient, body: bytes) -> None:
    """A sentence with status 200, as this protocol shows errors; nothing is unpickled."""
    parts = {"file": ("volume.npy", body, "application/octet-stream")}
    told = slicer.post("/upload_image", files=parts)
    assert told.status_code == 200
    assert told.json()["status"] == "error"


def test_a_pickle_is_never_loaded(slicer: TestClient) -> None:
    """An array of objects is refused by its type."""
    file = io.BytesIO()
    np.save(file, np.array([[[{}]]], dtype=object), allow_pickle=True)
    parts = {"file": ("volume.npy", file.getvalue(), "application/octet-stream")}
    assert slicer.post("/upload_image", files=parts).json()["status"] == "error"


def test_it_is_off_unless_it_was_asked_for() -> None:
    """All users would share one image: the answer says how to switch it on."""
    with TestClient(bright_app(), base_url="http://127.0.0.1") as client:
        told = point(client, INSIDE).json()
    assert told["status"] == "error"
    assert "--legacy" in told["message"]
