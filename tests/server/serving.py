"""Servers for tests: in this process, or on a port of this machine in a thread."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import uvicorn
from fastapi import FastAPI
from numpy.typing import NDArray

from tests.fakes import BrightModel
from vesal.server.app import build_app
from vesal.server.models import Models, Offer
from vesal.server.settings import Settings

_LONGEST_S = 20.0  # that a server may take to start or to end


def bright_models(model: BrightModel | None = None) -> Models:
    """A model that takes what is bright, under two names."""
    known = model or BrightModel()
    offers = [
        Offer(name=name, title=name, prompts=("point",), ndims=(2, 3), weights=name)
        for name in ("bright", "other")
    ]
    return Models("bright", offers, {"bright": known, "other": known})


@contextmanager
def served(
    app: FastAPI,
    certificate: Path | None = None,
    key: Path | None = None,
    http: Any = "auto",
) -> Iterator[str]:
    """The address of an app while it is served, by https if there is a certificate."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        http=http,
        log_level="error",
        access_log=False,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    server = uvicorn.Server(config)
    app.state.ending = lambda: server.should_exit
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        ends_at = time.monotonic() + _LONGEST_S
        while not server.started and time.monotonic() < ends_at:
            time.sleep(0.01)
        assert server.started
        scheme = "https" if certificate else "http"
        yield f"{scheme}://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(_LONGEST_S)
        listening.close()


def bright_app(root: Path | None = None, **settings: Any) -> FastAPI:
    """An app that asks the model of what is bright."""
    return build_app(Settings(root=root, **settings), bright_models())


def blocks(shape: tuple[int, ...] = (20, 24, 16)) -> NDArray[np.int16]:
    """A dark volume with noise, and two bright blocks that do not touch."""
    array = np.random.default_rng(5).integers(0, 30, shape).astype(np.int16)
    array[3:9, 4:12, 3:9] += 800
    array[12:17, 14:21, 6:13] += 800
    return array


def save_nifti(path: Path, array: NDArray[Any], affine: NDArray[np.float64] | None = None) -> Path:
    """A NIfTI file of an array."""
    kind: Any = nib.Nifti1Image
    image = kind(array, np.diag([2.0, 1.5, 3.0, 1.0]) if affine is None else affine)
    image.to_filename(path)
    return path
