"""A model behind nnInteractive's protocol, version 2: nnInteractive itself, or anything like it."""

import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from vesal.arrays import MaskArray, WireVoxels
from vesal.errors import PromptError, ResourceError, SessionError
from vesal.evaluation.methods.indices import voxel_of, voxels_of
from vesal.evaluation.methods.wire_order import WireOrder
from vesal.geometry.grid import Grid
from vesal.images import Image
from vesal.inference.drawn import lassoed, scribbled
from vesal.prompts import Box, Click, Lasso, MaskPrompt, Prompt, Scribble

_Act = Callable[[Any], None]
"""What is done with the client of the server."""

_READ_S = 600.0  # a model on a CPU may think for minutes; the client's own limit is one
_UNAUTHORISED = 401


class RemoteMethod:
    """A server, asked through the client that 3D Slicer and napari use.

    The image and a place on the server are kept for the next object. The server's key is read by
    the client from NN_INTERACTIVE_API_KEY.

    Args:
        url: of the server, such as "http://127.0.0.1:1527".
        name: how tables call it.

    Raises:
        ResourceError: nninteractive-client is not installed, or the server not reached.
    """

    def __init__(self, url: str, name: str) -> None:
        self._url, self._name = url, name
        self._client: Any = None
        self._close: Callable[[], object] = _nothing
        self._image: Image | None = None
        self._trial: RemoteTrial | None = None
        client = self._connect()
        known = client.supported_interactions
        self._kinds = tuple(kind for kind, keys in _KINDS.items() if any(map(known.get, keys)))
        if client.supports_initial_label:
            self._kinds = (*self._kinds, "mask")
        self._identity = f"nninteractive {url} {client.INFERENCE_SESSION_VERSION}"

    @property
    def name(self) -> str:
        """How tables call it."""
        return self._name

    @property
    def identity(self) -> str:
        """Where it is, and what it says it is; its weights cannot be told from outside."""
        return self._identity

    @property
    def prompts(self) -> tuple[str, ...]:
        """What the server says it takes."""
        return self._kinds

    def begin(self, image: Image) -> "RemoteTrial":
        """A trial of a new object. The server holds one: trials that take turns are said anew.

        Raises:
            ResourceError: the server is away, full, or refuses the image.
        """
        if self._client is not None and self._image is image:
            try:
                with _one_sentence(self._url):
                    self._client.reset_interactions()
            except ResourceError:  # its place was taken away while others were evaluated
                self._drop()
        if self._client is None:
            self._connect()
        if self._image is not image:
            self._send(image)
        self._trial = RemoteTrial(self, image)
        return self._trial

    def say(self, trial: "RemoteTrial", acts: Sequence[_Act]) -> MaskArray:
        """The mask after all that was ever done for an object, of which the last is new.

        Raises:
            SessionError: a trial of another image was begun since.
            ResourceError: the server is lost, or refuses.
        """
        if self._client is None or trial.image is not self._image:
            msg = f"{self._name} holds one image at a time, and another one was begun"
            raise SessionError(msg)
        try:
            with _one_sentence(self._url):
                if trial is not self._trial:
                    self._client.reset_interactions()
                    for act in acts[:-1]:
                        act(self._client)
                acts[-1](self._client)
        except ResourceError:
            self._drop()
            raise
        self._trial = trial
        return trial.order.mask(self._client.target_buffer)

    def _connect(self) -> Any:  # noqa: ANN401  # of a package that may be missing
        """A new place on the server; raises ResourceError."""
        try:
            from nnInteractive.inference.remote import nnInteractiveRemoteInferenceSession
        except ImportError as error:
            msg = f"{self._url} needs the client: pip install nninteractive-client"
            raise ResourceError(msg) from error
        with _one_sentence(self._url):
            client = nnInteractiveRemoteInferenceSession(self._url, read_timeout=_READ_S)
        self._client = client
        # The client's own thread keeps it alive, so nobody else would give its place back.
        self._close = weakref.finalize(self, client.close)
        return client

    def _send(self, image: Image) -> None:
        order = WireOrder(ndim=image.grid.ndim)
        array = order.sent(image.intensities)
        spacing, buffer = order.spacing_mm(image), order.buffer(image.grid.shape)
        self._image = None
        try:
            with _one_sentence(self._url):
                properties = {} if spacing is None else {"spacing": spacing}
                self._client.set_image(array[None], properties)
                self._client.set_target_buffer(buffer)
        except ResourceError:
            self._drop()
            raise
        self._image = image

    def _drop(self) -> None:
        """Give the place on the server back; the next trial begins with a new one."""
        self._close()
        self._client, self._image, self._trial = None, None, None


class RemoteTrial:
    """One object."""

    def __init__(self, method: RemoteMethod, image: Image) -> None:
        self._method, self._grid = method, image.grid
        self.image = image
        self.order = WireOrder(ndim=image.grid.ndim)
        self._acts: list[_Act] = []

    @property
    def stability(self) -> float | None:
        """None: the protocol has no word for it."""
        return None

    def add(self, prompts: Sequence[Prompt]) -> MaskArray:
        """The mask after these prompts too, answered once after the last of them.

        Raises:
            PromptError: what the protocol cannot say, or what lies outside the image.
            SessionError: a trial of another image was begun since.
            ResourceError: the server is lost, or refuses.
        """
        steps = [_step(prompt, self._grid, self.order) for prompt in prompts]
        if any(isinstance(p, MaskPrompt) for p in prompts[0 if self._acts else 1 :]):
            raise PromptError("a mask must be said first: the server forgets all before it")

        def act(client: Any) -> None:  # noqa: ANN401  # of a package that may be missing
            for step in steps[:-1]:
                step(client, False)
            for step in steps[-1:]:
                step(client, True)

        self._acts.append(act)
        return self._method.say(self, self._acts)


Step = Callable[[Any, bool], object]
"""Tells a client a prompt; whether to answer it now."""

_KINDS = {
    "point": ("points",),
    "box": ("bbox3d", "bbox2d"),
    "scribble": ("scribble",),
    "lasso": ("lasso",),
}  # how the protocol calls them


def _step(prompt: Prompt, grid: Grid, order: WireOrder) -> Step:
    """How to tell a client a prompt; raises PromptError."""
    sign = prompt.positive
    if isinstance(prompt, Click):
        place = order.index(voxel_of(prompt.point_mm, grid))
        return lambda client, run: client.add_point_interaction(place, sign, run_prediction=run)
    if isinstance(prompt, Box):
        low, high = voxels_of(prompt, grid)
        ends = zip(order.index(low), order.index(high), strict=True)
        pairs = [[first, last + 1] for first, last in ends]
        return lambda client, run: _say_box(client, pairs, sign, run)
    if isinstance(prompt, Scribble):
        drawn = _sent(scribbled(prompt, grid).full(), order)
        return lambda client, run: client.add_scribble_interaction(drawn, sign, run_prediction=run)
    if isinstance(prompt, Lasso):
        held = _sent(lassoed(prompt, grid)[0].full(), order)
        return lambda client, run: client.add_lasso_interaction(held, sign, run_prediction=run)
    if not sign:
        raise PromptError("nnInteractive's protocol knows no mask to stay out of; draw a scribble")
    start = _sent(prompt.patch.full(), order)
    # Not answered: a mask is itself until more is said, as in a session.
    return lambda client, _: client.add_initial_seg_interaction(start)


def _say_box(client: Any, pairs: list[list[int]], sign: bool, run: bool) -> None:  # noqa: ANN401
    solid = all(end - start > 1 for start, end in pairs)
    if solid and not client.supported_interactions.get("bbox3d"):
        extent = " x ".join(str(end - start) for start, end in pairs)
        msg = f"the server takes boxes on one slice only, got one of {extent} voxels"
        raise PromptError(msg)
    client.add_bbox_interaction(pairs, sign, run_prediction=run)


def _sent(mask: MaskArray, order: WireOrder) -> WireVoxels:
    return order.sent(mask).astype("uint8")


def _nothing() -> None:
    """What is done to close a client that never was."""


@contextmanager
def _one_sentence(url: str) -> Iterator[None]:
    """Every error of the client in one sentence; raises ResourceError."""
    import httpx
    from nnInteractive.inference.remote import ServerAtCapacityError, SessionExpiredError

    try:
        yield
    except httpx.HTTPStatusError as error:
        raise ResourceError(_refusal(url, error.response)) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        msg = f"{url} cannot be reached ({str(error) or type(error).__name__}): is a server there?"
        raise ResourceError(msg) from error
    except ServerAtCapacityError as error:
        msg = f"{url} has no room for another client ({error}): try again later"
        raise ResourceError(msg) from error
    except SessionExpiredError as error:
        msg = f"{url} gave our place on it up ({error}): was it started anew?"
        raise ResourceError(msg) from error
    except (KeyError, ValueError, TypeError) as error:
        if isinstance(error, PromptError):
            raise
        msg = f"{url} does not answer as nnInteractive's protocol, version 2, asks for: {error!r}"
        raise ResourceError(msg) from error


def _refusal(url: str, response: Any) -> str:  # noqa: ANN401  # of httpx, which may be missing
    if response.status_code == _UNAUTHORISED:
        return f"{url} wants its key: set NN_INTERACTIVE_API_KEY to it"
    try:
        said = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        said = f"status {response.status_code}"
    return f"{url} refused: {said}"
