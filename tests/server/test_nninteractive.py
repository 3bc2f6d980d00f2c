"""nnInteractive's protocol, spoken by its real client: what 3D Slicer and napari use."""

import gc
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.fakes import BrightModel
from tests.server.serving import blocks, bright_app, bright_models, served
from vesal.images import open_image
from vesal.models.promptable import Decoded, Embedding, PromptTensors
from vesal.prompts import Click, Scribble
from vesal.server import interactions
from vesal.server.app import build_app
from vesal.server.desk import array_image
from vesal.server.packed import pack
from vesal.server.settings import Settings
from vesal.session import Session

remote = pytest.importorskip("nnInteractive.inference.remote", reason="needs nninteractive-client")

SPACING = (3.0, 1.5, 2.0)
INSIDE, OTHER = (5, 7, 5), (14, 16, 9)
KEY = "0123456789abcdef0123"


@pytest.fixture(autouse=True, scope="module")
def _no_proxy() -> None:
    os.environ["NO_PROXY"] = "127.0.0.1,localhost"


@pytest.fixture
def _swept() -> Iterator[None]:
    """What the client leaves open when it is refused is closed within its own test."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server with a fast model."""
    with served(bright_app()) as url:
        yield url


@contextmanager
def connected(url: str, array: NDArray[Any] | None = None, **options: Any) -> Iterator[Any]:
    """The real client with an image and a buffer of zeros."""
    image = blocks() if array is None else array
    with remote.nnInteractiveRemoteInferenceSession(server_url=url, **options) as client:
        client.set_image(image[None], {"spacing": np.array(SPACING)})
        client.set_target_buffer(np.zeros(image.shape, np.uint8))
        yield client


def mm(voxel: tuple[float, ...]) -> tuple[float, ...]:
    """Where a voxel is on the grid that an array with a spacing has."""
    return tuple(float(i * s) for i, s in zip(voxel, SPACING, strict=True))


def python() -> Session:
    """The same in Python."""
    return Session(array_image(blocks(), SPACING), BrightModel())


def test_the_client_learns_what_it_may_offer(address: str) -> None:
    """Every button of every viewer works, and the lease is told with its clocks."""
    with remote.nnInteractiveRemoteInferenceSession(server_url=address) as client:
        assert all(client.supported_interactions.values())
        assert client.supports_undo
        assert len(client.preferred_scribble_thickness) == 3
        assert client.ping()
        assert 0 < client.heartbeat() <= 600
        assert client.lease_status()["idle_timeout_seconds"] == 600


def test_masks_are_those_of_python_voxel_for_voxel(address: str) -> None:
    """Points in and out, a box, a scribble whole and cropped, a lasso: one step after the other."""
    session = python()
    with connected(address) as client:
        buffer = client.target_buffer
        bounds = client.add_point_interaction(INSIDE, include_interaction=True)
        assert np.array_equal(buffer > 0, session.click(mm(INSIDE)).array)
        outside = np.ones(buffer.shape, np.bool_)
        outside[tuple(slice(a, b) for a, b in bounds)] = False
        assert not buffer[outside].any()

        client.add_point_interaction((17, 2, 2), include_interaction=False)
        assert np.array_equal(buffer > 0, session.click(mm((17, 2, 2)), positive=False).array)

        client.add_bbox_interaction([[5, 6], [3, 13], [2, 10]], include_interaction=True)
        low, high = (5 * 3.0, 2.5 * 1.5, 1.5 * 2.0), (5 * 3.0, 12.5 * 1.5, 9.5 * 2.0)
        assert np.array_equal(buffer > 0, session.box(low, high).array)

        drawn = np.zeros((1, 4, 4), np.uint8)
        drawn[0, 1:3, 2] = 1
        place = [[14, 15], [15, 19], [8, 12]]
        client.add_scribble_interaction(drawn, True, interaction_bbox=place)
        points = tuple(mm((14, j, 10)) for j in (16, 17))
        assert np.array_equal(
            buffer > 0, session.add(Scribble(points_mm=points, joined=False)).array
        )
        whole = np.zeros(buffer.shape, np.uint8)
        whole[14, 15:19, 8:12] = 1
        client.add_lasso_interaction(whole, True)
        edges = [(14, 14.5, 7.5), (14, 18.5, 7.5), (14, 18.5, 11.5), (14, 14.5, 11.5)]
        outline = tuple(mm(corner) for corner in edges)
        assert np.array_equal(buffer > 0, session.lasso(outline).array)


@pytest.mark.parametrize("kind", [np.int16, np.uint8, np.float16, np.float64])
def test_every_type_of_image_and_buffer_is_taken(address: str, kind: type[np.generic]) -> None:
    """The mask is that of Python, in the buffer's own type."""
    image = (blocks() // 4).clip(0, 255).astype(kind)
    session = Session(array_image(image.astype(np.float32), None), BrightModel())
    expected = session.click(tuple(map(float, INSIDE))).array
    assert expected.any()
    with remote.nnInteractiveRemoteInferenceSession(server_url=address) as client:
        client.set_image(image[None], {})
        for dtype in (np.bool_, np.uint8, np.int32):
            client.set_target_buffer(np.zeros(image.shape, dtype))
            client.reset_interactions()
            client.add_point_interaction(INSIDE, True)
            assert client.target_buffer.dtype == dtype
            assert np.array_equal(client.target_buffer > 0, expected)


def test_the_last_interaction_is_taken_back_once(address: str) -> None:
    """The second undo finds nothing, as the clients expect."""
    with connected(address) as client:
        client.add_point_interaction(INSIDE, True)
        first = client.target_buffer.copy()
        client.add_point_interaction(OTHER, True)
        assert not np.array_equal(client.target_buffer, first)
        assert client.undo()
        assert np.array_equal(client.target_buffer, first)
        assert not client.undo()


def test_what_is_added_without_an_answer_is_answered_with_the_next(address: str) -> None:
    """Two silent points and one predict are one step of both; nothing queued predicts nothing."""
    session = python()
    with connected(address) as client:
        client.add_point_interaction(INSIDE, True, run_prediction=False)
        client.add_point_interaction(OTHER, True, run_prediction=False)
        assert not client.target_buffer.any()
        client._predict()
        expected = session.add(Click(point_mm=mm(INSIDE)), Click(point_mm=mm(OTHER)))
        assert np.array_equal(client.target_buffer > 0, expected.array)
        before = client.target_buffer.copy()
        client._predict()
        assert np.array_equal(client.target_buffer, before)


def test_a_mask_to_begin_with_replaces_all_and_can_be_taken_back(address: str) -> None:
    """After it a point refines the mask; undo of the mask brings back what was before."""
    start = np.zeros(blocks().shape, np.uint8)
    start[2:9, 4:12, 3:9] = 1
    with connected(address) as client:
        client.add_point_interaction(OTHER, True)
        before = client.target_buffer.copy()
        client.add_initial_seg_interaction(start)
        assert np.array_equal(client.target_buffer, start)
        assert client.undo()
        assert np.array_equal(client.target_buffer, before)
        client.add_initial_seg_interaction(start, run_prediction=True)
        assert np.array_equal(client.target_buffer, start)
        session = python()
        session.start(start > 0)
        client.add_point_interaction(INSIDE, True)
        assert np.array_equal(client.target_buffer > 0, session.click(mm(INSIDE)).array)
        client.reset_interactions()
        assert not client.target_buffer.any()
        assert not client.undo()


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda c: c.add_point_interaction((99, 1, 1), True), "outside"),
        (lambda c: c.add_bbox_interaction([[1, 1], [2, 5], [2, 5]], True), "extent"),
        (
            lambda c: c.add_scribble_interaction(
                np.ones((1, 2, 2), np.uint8), True, interaction_bbox=[[1, 3], [2, 4], [2, 4]]
            ),
            "shape",
        ),
        (lambda c: c.add_scribble_interaction(np.zeros(blocks().shape, np.uint8), True), "empty"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    address: str, act: Any, words: str
) -> None:
    """400 with one sentence; the next interaction works."""
    with connected(address) as client:
        try:
            with pytest.raises(Exception, match="400") as told:
                act(client)
            response = getattr(told.value, "response", None)
            assert response is None or words in response.text
        finally:
            client.add_point_interaction(INSIDE, True)
        assert client.target_buffer.any()


def test_an_image_in_which_all_is_equal_is_refused(address: str) -> None:
    """There is nothing to find in it, and the client hears so."""
    with remote.nnInteractiveRemoteInferenceSession(server_url=address) as client:
        with pytest.raises(httpx.HTTPStatusError, match="400") as told:
            client.set_image(np.zeros((1, 8, 8, 8), np.float32), {})
        assert "same value" in told.value.response.text


def test_a_lease_that_is_unknown_or_over_is_gone(address: str) -> None:
    """410, which the client knows as an expired session."""
    with connected(address) as client:
        client._http.headers["X-Lease-Token"] = "0" * 32
        with pytest.raises(remote.SessionExpiredError):
            client.add_point_interaction(INSIDE, True)
    assert httpx.post(f"{address}/heartbeat").status_code == 410
    body = {"coordinates": [1, 2, 3], "include_interaction": True}
    assert httpx.post(f"{address}/add_point_interaction", json=body).status_code == 410


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the client's own
@pytest.mark.usefixtures("_swept")
def test_a_full_server_says_so_and_has_room_after_a_release() -> None:
    """503 with Retry-After, which the client knows as a full server."""
    with served(bright_app(places=1)) as url:
        with remote.nnInteractiveRemoteInferenceSession(server_url=url):
            with pytest.raises(remote.ServerAtCapacityError):
                remote.nnInteractiveRemoteInferenceSession(server_url=url)
            refused = httpx.post(f"{url}/claim")
            assert (refused.status_code, refused.headers["Retry-After"]) == (503, "10")
        with remote.nnInteractiveRemoteInferenceSession(server_url=url) as client:
            assert client.ping()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the client's own
@pytest.mark.usefixtures("_swept")
def test_a_key_is_needed_before_anything_but_health() -> None:
    """401 without it or with another one; with it the client works."""
    with served(bright_app(key=KEY)) as url:
        assert httpx.get(f"{url}/healthz").status_code == 200
        for wrong in (None, "1" * 20):
            with pytest.raises(httpx.HTTPStatusError, match="401") as told:
                remote.nnInteractiveRemoteInferenceSession(server_url=url, api_key=wrong)
            told.value.response.close()
        with connected(url, api_key=KEY) as client:
            client.add_point_interaction(INSIDE, True)
            assert client.target_buffer.any()


@pytest.mark.parametrize("clocks", [{"idle_s": 0.5}, {"liveness_s": 0.5}])
def test_both_clocks_end_a_lease_and_give_its_image_up(clocks: dict[str, Any]) -> None:
    """Without an action, and without a sign of life."""
    app = bright_app(**clocks)
    with served(app) as url:
        token = httpx.post(f"{url}/claim").json()["lease_token"]
        head = {"X-Lease-Token": token}
        assert httpx.get(f"{url}/lease_status", headers=head).status_code == 200
        time.sleep(0.8)
        assert httpx.get(f"{url}/lease_status", headers=head).status_code == 410
        ends_at = time.monotonic() + 10
        while len(app.state.office.leases) and time.monotonic() < ends_at:
            time.sleep(0.05)
        assert not len(app.state.office.leases)


class SlowModel(BrightModel):
    """Takes a second for each look."""

    def decode(self, embedding: Embedding, prompts: PromptTensors) -> Decoded:
        """Wait, then answer."""
        time.sleep(1.0)
        return super().decode(embedding, prompts)


def test_heartbeats_and_health_are_answered_while_the_model_works() -> None:
    """Neither waits for the prediction; the lease does not end meanwhile."""
    app = build_app(Settings(liveness_s=0.5, idle_s=0.5), bright_models(SlowModel()))
    with served(app) as url, connected(url) as client:
        done = threading.Event()

        def work() -> None:
            client.add_point_interaction(INSIDE, True)
            done.set()

        thread = threading.Thread(target=work)
        thread.start()
        beats = 0
        slowest = 0.0
        while not done.is_set() and beats < 400:
            started = time.monotonic()
            assert httpx.get(f"{url}/healthz").json() == {"ok": True}
            token = client._http.headers["X-Lease-Token"]
            beat = httpx.post(f"{url}/heartbeat", headers={"X-Lease-Token": token})
            assert beat.status_code == 200
            slowest = max(slowest, time.monotonic() - started)
            beats += 1
            time.sleep(0.05)
        thread.join(30)
        assert done.is_set()
        assert beats > 5
        assert slowest < 1.0  # a decode alone takes as long: neither waited for one


def test_a_real_ct_in_slicers_axis_order_is_outlined_as_in_python(scans: Path) -> None:
    """vesal-mini behind the wire gives the same bits as in this process."""
    array = np.ascontiguousarray(open_image(scans / "example_ct.nii.gz").array.T)
    with (
        served(build_app(Settings())) as url,
        remote.nnInteractiveRemoteInferenceSession(server_url=url) as client,
    ):
        client.set_image(array[None], {"spacing": np.array([3.0, 3.0, 3.0])})
        client.set_target_buffer(np.zeros(array.shape, np.uint8))
        client.add_point_interaction((90, 60, 60), True)
        session = Session(array_image(array, (3.0, 3.0, 3.0)))
        mask = session.click((270.0, 180.0, 180.0)).array
        assert mask.any()
        assert np.array_equal(client.target_buffer > 0, mask)


def test_a_client_that_leaves_while_its_image_is_read_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The image that comes too late is given up with its place."""
    read = interactions.image

    def slow(*arguments: Any) -> Any:
        time.sleep(0.5)
        return read(*arguments)

    monkeypatch.setattr(interactions, "image", slow)
    app = bright_app()
    with served(app) as url, ThreadPoolExecutor() as pool:
        head = {"X-Lease-Token": httpx.post(f"{url}/claim").json()["lease_token"]}
        sent = pool.submit(
            httpx.post, f"{url}/set_image", content=pack(blocks()[None]), headers=head, timeout=20
        )
        time.sleep(0.2)
        assert httpx.post(f"{url}/release", headers=head).json() == {"released": True}
        assert sent.result().status_code == 410
        assert len(app.state.office.desks) == 0
