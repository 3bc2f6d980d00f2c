"""Requests of MITK's MONAI Label tool, replayed: always https, the image sent with every click."""

import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813  # its usual name

from tests.fakes import BrightModel
from tests.server.serving import blocks, bright_app, save_nifti, served
from tests.server.tls import certificate
from vesal.images import open_image
from vesal.session import Session

INSIDE, OUTSIDE = [5, 7, 5], [17, 2, 2]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that speaks TLS."""
    files = certificate(tmp_path_factory.mktemp("tls"))
    with served(bright_app(), *files) as url:
        yield url


def parts_of(body: bytes, content_type: str) -> tuple[Any, bytes]:
    """JSON and file of an answer, cut out as MITK does it: by the boundary, not by a parser."""
    boundary = b"--" + content_type.split("boundary=", 1)[1].encode()
    about, image = [part for part in body.split(boundary) if part][:2]
    record = json.loads(about.split(b"Content-Type: application/json", 1)[1])
    return record, image.split(b"Content-Type: application/octet-stream", 1)[1].lstrip(b" \r\n")


def clicked(address: str, path: Path, inside: list[Any], outside: list[Any]) -> httpx.Response:
    """The answer to clicks."""
    first = len(inside) == 1 and not outside
    params = {"foreground": inside, "background": outside, "reset_state": first}
    form: dict[str, Any] = {
        "params": (None, json.dumps(params)),
        "file": ("post_from_mitk.nii.gz", path.read_bytes(), "application/octet-stream"),
    }
    return httpx.post(f"{address}/infer/bright", files=form, verify=False, timeout=60)


def test_it_finds_a_model_for_clicks(address: str) -> None:
    """Kinds of fields are as its parser wants them, which stops at any other."""
    info = httpx.get(f"{address}/info/", verify=False).json()
    assert isinstance(info["name"], str)
    assert isinstance(info["description"], str)
    assert all(isinstance(label, str) for label in info["labels"])
    for model in info["models"].values():
        assert all(isinstance(label, str) for label in model["labels"])
        assert isinstance(model["dimension"], int)
        assert isinstance(model["type"], str)
        assert isinstance(model["description"], str)
    assert info["models"]["bright"]["type"] == "deepgrow"


def test_clicks_are_answered_with_the_kind_of_file_that_was_sent(
    address: str, tmp_path: Path
) -> None:
    """It writes the answer to a .nii.gz, whatever it is; the mask is that of Python."""
    affine = np.diag([-2.0, -1.5, 3.0, 1.0])
    path = save_nifti(tmp_path / "scan.nii.gz", blocks(), affine)
    image = open_image(path)
    session = Session(image, BrightModel())
    for inside, outside in (([INSIDE], []), ([INSIDE], [OUTSIDE])):
        answer = clicked(address, path, inside, outside)
        assert answer.status_code == 200, answer.text
        _, data = parts_of(answer.content, answer.headers["content-type"])
        made = tmp_path / "result_000.nii.gz"
        made.write_bytes(data)
        mask = sitk.GetArrayFromImage(sitk.ReadImage(str(made))).T
        last = (outside or inside)[-1]
        mm = tuple(image.grid.to_world(np.array([last], float))[0].tolist())
        expected = session.click(mm, positive=not outside).array
        assert np.array_equal(mask > 0, expected)


def test_a_server_with_a_certificate_speaks_nothing_but_tls(address: str) -> None:
    """The certificate is the one it was given, and plain http is not answered."""
    host, port = address.removeprefix("https://").split(":")
    assert "BEGIN CERTIFICATE" in ssl.get_server_certificate((host, int(port)))
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://{host}:{port}/healthz")
