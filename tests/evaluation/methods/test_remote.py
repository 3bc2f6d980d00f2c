"""A model behind nnInteractive's protocol: our own server, and things that are none."""

import gc
import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tests.fakes import BrightModel
from tests.grids import RASTERS, grid_of, rotation
from tests.server.serving import blocks, bright_app, served
from vesal.errors import PromptError, ResourceError, SessionError
from vesal.evaluation.method import Method, Trial
from vesal.evaluation.methods.choose import method
from vesal.evaluation.methods.own import OwnMethod
from vesal.evaluation.methods.remote import RemoteMethod
from vesal.evaluation.methods.wire_order import WireOrder
from vesal.geometry import Grid
from vesal.geometry.patch import Patch
from vesal.images import Image, Source
from vesal.prompts import Click, MaskPrompt, Prompt
from vesal.prompts.place import box_on, click_on, lasso_on, scribble_on

pytest.importorskip("nnInteractive.inference.remote", reason="needs nninteractive-client")

SHAPE = (20, 24, 16)
INSIDE, OTHER = (5, 7, 5), (14, 16, 9)
TURNED = grid_of(SHAPE, np.eye(3)[::-1], (3.0, 1.5, 2.0), (0, 0, 0))
"""Its first axis is the world's last: what the server makes of the axes on the wire."""
KEY = "0123456789abcdef0123"


@pytest.fixture(autouse=True, scope="module")
def _no_proxy() -> None:
    os.environ["NO_PROXY"] = "127.0.0.1,localhost"


@pytest.fixture(autouse=True, scope="module")
def _settled() -> None:
    """What other tests left is not looked through again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _swept() -> Iterator[None]:
    """What the client leaves open when it is refused is closed within its own test."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server with a fast model."""
    with served(bright_app()) as url:
        yield url


def image_on(grid: Grid, **source: Any) -> Image:
    """Two bright blocks."""
    return Image(array=blocks(grid.shape), grid=grid, source=Source(**source))


def test_masks_are_those_of_our_own_method_voxel_for_voxel(address: str) -> None:
    """Clicks in and out, a box on a slice, a scribble, a lasso, two in one round, a new object.

    The grid has permuted axes and three spacings. Directions are lost on the wire, and models look
    at cubes along the axes that they know of: on an oblique grid the two see other cubes.
    """
    image = image_on(TURNED)
    remote, own = method(f"far=nninteractive:{address}"), OwnMethod(BrightModel())
    assert isinstance(remote, Method)
    assert remote.name == "far"
    assert address in remote.identity
    assert "vesal" in remote.identity
    assert remote.prompts == own.prompts
    outline = [(14, 14.5, 7.5), (14, 18.5, 7.5), (14, 18.5, 11.5), (14, 14.5, 11.5)]
    rounds: list[list[Prompt]] = [
        [click_on(TURNED, INSIDE, positive=True)],
        [click_on(TURNED, (17, 2, 2), positive=False), click_on(TURNED, OTHER, positive=True)],
        [box_on(TURNED, ((5, 3, 2), (6, 13, 10)))],
        [scribble_on(TURNED, [(14, 16, 10), (14, 17, 10)], positive=True)],
        [lasso_on(TURNED, outline)],
        [scribble_on(TURNED, [(5, 7, 8), (5, 8, 8)], positive=False)],
    ]
    masks = []
    for said in (rounds, rounds[1:2]):
        far, near = remote.begin(image), own.begin(image)
        assert isinstance(far, Trial)
        assert far.stability is None
        for prompts in said:
            masks.append(far.add(prompts))
            assert np.array_equal(masks[-1], near.add(prompts))
            assert masks[-1].any()
    assert all(mask.shape == SHAPE for mask in masks)
    changes = [not np.array_equal(a, b) for a, b in pairwise(masks)]
    assert sum(changes) >= 4  # the prompts do say something


def test_a_mask_to_begin_with_is_itself_until_more_is_said(address: str) -> None:
    """As in a session; after it a click refines it, and nothing can be said before it."""
    image = image_on(TURNED)
    start = np.zeros(SHAPE, np.bool_)
    start[2:9, 4:12, 3:9] = True
    mask = MaskPrompt(patch=Patch.of(start))
    far, near = RemoteMethod(address, "far").begin(image), OwnMethod(BrightModel()).begin(image)
    assert np.array_equal(far.add([mask]), start)
    click = [click_on(TURNED, OTHER, positive=True)]
    near.add([mask])
    assert np.array_equal(far.add(click), near.add(click))
    with pytest.raises(PromptError, match="must be said first"):
        far.add([mask])
    with pytest.raises(PromptError, match="no mask to stay out of"):
        far.add([MaskPrompt(patch=Patch.of(start), positive=False)])


@pytest.mark.parametrize(
    "grid",
    [
        grid_of(SHAPE, rotation(20, -35, 50), (0.9, 1.2, 2.2), (-33, 21, 64)),
        grid_of(SHAPE, np.diag([-1.0, -1, 1]), (0.7, 0.8, 2.5), (100, 120, -300)),
    ],
    ids=["oblique", "LPS"],
)
def test_masks_come_back_to_the_images_own_axes(address: str, grid: Grid) -> None:
    """The block that was clicked on is found, and the other is not, whatever the directions."""
    image = image_on(grid)
    bright = image.array > 400
    trial = RemoteMethod(address, "far").begin(image)
    found = trial.add([click_on(grid, INSIDE, positive=True)])
    first = np.zeros(SHAPE, np.bool_)
    first[:10, :13, :11] = True
    assert found[INSIDE]
    overlap = 2 * (found & bright & first).sum() / (found.sum() + (bright & first).sum())
    assert overlap > 0.8


@pytest.mark.parametrize("colour", [False, True])
def test_a_raster_is_a_volume_of_one_slice(address: str, colour: bool) -> None:
    """Grey or in colour, with a box and a lasso on it."""
    grid = Grid(shape=(30, 40), affine=RASTERS["mirrored"].affine)
    array = np.full((30, 40), 20, np.uint8)
    array[8:20, 10:25] = 220
    array[0, 0] = 0
    values = np.repeat(array[..., None], 3, axis=2) if colour else array
    image = Image(array=values, grid=grid, source=Source(spacing_known=False))
    trial = RemoteMethod(address, "far").begin(image)
    mask = trial.add([click_on(grid, (12, 14), positive=True)])
    assert mask.shape == (30, 40)
    assert 2 * (mask & (array > 100)).sum() / (mask.sum() + (array > 100).sum()) > 0.8
    boxed = trial.add([box_on(grid, ((8, 10), (15, 25)))])
    assert not boxed[15:].any()
    assert boxed[12, 14]


@pytest.mark.parametrize("ndim", [2, 3])
def test_the_way_to_the_wire_and_back_changes_nothing(ndim: int) -> None:
    """Of arrays and places, in any order of bytes."""
    order = WireOrder(ndim=ndim)
    shape = (2, 3, 4)[:ndim]
    array = np.arange(np.prod(shape), dtype=">i2").reshape(shape)
    sent = order.sent(array)
    assert sent.ndim == 3
    assert sent.dtype.isnative
    assert sent.flags.c_contiguous
    assert np.array_equal(order.received(sent), array)
    for voxel in np.ndindex(shape):
        assert sent[tuple(order.index(voxel))] == array[voxel]
    assert order.buffer(shape).shape == sent.shape


def test_what_cannot_be_said_or_makes_no_sense_is_refused(address: str) -> None:
    """By us where we know it, else in the server's own words; the next object works."""
    image, other = image_on(TURNED), image_on(TURNED)
    remote = RemoteMethod(address, "far")
    trial = remote.begin(image)
    with pytest.raises(PromptError, match="outside the image"):
        trial.add([Click(point_mm=(-500.0, 0.0, 0.0))])
    with pytest.raises(ResourceError, match="refused: "):
        trial.add([click_on(TURNED, INSIDE, positive=v) for v in (True, False)])
    with pytest.raises(SessionError, match="another one was begun"):
        trial.add([click_on(TURNED, INSIDE, positive=True)])
    later = remote.begin(other)
    assert later.add([click_on(TURNED, INSIDE, positive=True)]).any()
    flat = Image(array=np.zeros(SHAPE, np.float32), grid=TURNED)
    with pytest.raises(ResourceError, match="same value"):
        remote.begin(flat)
    assert remote.begin(image).add([click_on(TURNED, INSIDE, positive=True)]).any()


def test_a_place_that_was_taken_away_is_asked_for_again(address: str) -> None:
    """Between two objects of an image; in the middle of one the object is lost, in one sentence."""
    image = image_on(TURNED)
    remote = RemoteMethod(address, "far")
    click = [click_on(TURNED, INSIDE, positive=True)]
    mask = remote.begin(image).add(click)
    remote._client._http.headers["X-Lease-Token"] = "0" * 32
    trial = remote.begin(image)
    assert np.array_equal(trial.add(click), mask)
    remote._client._http.headers["X-Lease-Token"] = "0" * 32
    with pytest.raises(ResourceError, match="gave our place on it up"):
        trial.add(click)
    assert np.array_equal(remote.begin(image).add(click), mask)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the client's own
def test_a_method_that_is_not_used_any_more_gives_its_place_back() -> None:
    """Else the next one finds the server full."""
    with served(bright_app(places=1)) as url:
        for _ in range(2):
            remote = RemoteMethod(url, "far")
            with pytest.raises(ResourceError, match="no room"):
                RemoteMethod(url, "another")
            del remote
            gc.collect()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the client's own
def test_a_server_that_is_away_or_lost_is_said_in_one_sentence() -> None:
    """Before the first object, in the middle of one, and before the next."""
    image = image_on(TURNED)
    click = [click_on(TURNED, INSIDE, positive=True)]
    with served(bright_app()) as url:
        remote = RemoteMethod(url, "far")
        trial = remote.begin(image)
        assert trial.add(click).any()
    for act in (
        lambda: trial.add(click),
        lambda: remote.begin(image),
        lambda: RemoteMethod(url, "far"),
    ):
        with pytest.raises(ResourceError, match="cannot be reached") as told:
            act()
        assert url in str(told.value)
        assert "\n" not in str(told.value)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the client's own
@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:99999", "nowhere", "ftp://127.0.0.1", "http://[x"]
)
def test_an_address_that_is_none_is_said(url: str) -> None:
    """As a server that is not there."""
    with pytest.raises(ResourceError, match="cannot be reached"):
        RemoteMethod(url, "far")


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the client's own
def test_a_key_is_asked_for_where_the_server_wants_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read from the variable that the client knows."""
    with served(bright_app(key=KEY)) as url:
        with pytest.raises(ResourceError, match="NN_INTERACTIVE_API_KEY"):
            RemoteMethod(url, "far")
        monkeypatch.setenv("NN_INTERACTIVE_API_KEY", KEY)
        assert RemoteMethod(url, "far").name == "far"


def test_without_the_client_its_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """How to install it is part of the sentence."""
    monkeypatch.setitem(sys.modules, "nnInteractive.inference.remote", None)
    with pytest.raises(ResourceError, match="pip install nninteractive-client"):
        RemoteMethod("http://127.0.0.1:1527", "far")


@contextmanager
def answering(replies: dict[str, Any]) -> Iterator[str]:
    """A server that answers each path with a record, and others with 404."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            reply = replies.get(self.path)
            body = b"no" if reply is None else json.dumps(reply).encode()
            self.send_response(404 if reply is None else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


CAPABLE = {
    "supported_interactions": {"points": True, "bbox2d": True, "bbox3d": False, "lasso": False},
    "channel_mapping": {},
    "num_interaction_channels": 7,
    "supports_initial_label": False,
    "supports_zero_shot_label_refinement": False,
    "preferred_scribble_thickness": [2, 2, 2],
    "interaction_decay": None,
    "inference_session_version": "2.5",
}
PLACE = {"lease_token": "1", "idle_timeout_seconds": 600}


def test_a_server_offers_the_prompts_that_it_says_it_knows() -> None:
    """As nnInteractive's own model: no box but on one slice, so a solid one is not sent."""
    replies = {"/claim": PLACE, "/capabilities": CAPABLE, "/release": {}, "/set_target_buffer": {}}
    replies["/set_image"] = {"original_image_shape": [1, *SHAPE[::-1]]}
    replies["/add_bbox_interaction"] = {}
    with answering(replies) as url:
        remote = RemoteMethod(url, "far")
        assert remote.prompts == ("point", "box")
        trial = remote.begin(image_on(TURNED))
        with pytest.raises(PromptError, match="on one slice only, got one of 4 x 3 x 2 voxels"):
            trial.add([box_on(TURNED, ((1, 1, 1), (3, 4, 5)))])
        assert not trial.add([box_on(TURNED, ((1, 1, 1), (2, 4, 5)))]).any()
        del remote, trial
        gc.collect()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the client's own
@pytest.mark.parametrize(
    ("replies", "words"),
    [
        ({}, "refused: status 404"),
        ({"/claim": []}, "does not answer as"),
        ({"/claim": PLACE, "/capabilities": {}}, "does not answer as"),
    ],
)
def test_a_server_of_something_else_is_said(replies: dict[str, Any], words: str) -> None:
    """A page that is not there, or answers of another form."""
    with answering(replies) as url, pytest.raises(ResourceError, match=words):
        RemoteMethod(url, "far")
    gc.collect()


def test_objects_of_one_image_may_take_turns(address: str) -> None:
    """As in the challenge's loop: each is said anew when its turn comes, and none is mixed up."""
    image = image_on(TURNED)
    remote, own = RemoteMethod(address, "far"), OwnMethod(BrightModel())
    places = (INSIDE, OTHER)
    far, near = ([m.begin(image) for _ in places] for m in (remote, own))
    for negative in (None, (17, 2, 2)):
        for n, place in enumerate(places):
            at = place if negative is None else negative
            prompts = [click_on(TURNED, at, positive=negative is None)]
            mask = far[n].add(prompts)
            assert mask[place]
            assert np.array_equal(mask, near[n].add(prompts))
