"""MONAI Label's protocol, spoken by its Python client, which 3D Slicer's extension shares."""

import gc
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import requests
import SimpleITK as sitk  # noqa: N813  # its usual name
from numpy.typing import NDArray

from tests.fakes import BrightModel
from tests.grids import rotation
from tests.server.serving import blocks, bright_app, save_nifti, served
from vesal.images import open_image
from vesal.prompts import Click, Scribble
from vesal.server.monai.info import LABELS, SCRIBBLES
from vesal.session import Session

module = pytest.importorskip("monailabel.client.client", reason="needs monailabel: make test")

# The client leaves its connections open.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
INSIDE, OUTSIDE = [5, 7, 5], [17, 2, 2]
KEY = "0123456789abcdef0123"


def affines() -> dict[str, NDArray[np.float64]]:
    """Grids as scanners make them, and worse."""
    found = {"plain": np.diag([2.0, 1.5, 3.0, 1.0])}
    flipped = np.diag([-2.0, -1.5, 3.0, 1.0])
    flipped[:3, 3] = (40, 30, -20)
    found["flipped"] = flipped
    oblique = np.eye(4)
    oblique[:3, :3] = rotation(20, -35, 50) @ np.diag([2.0, 1.5, 3.0])
    oblique[:3, 3] = (-7, 11, 200)
    found["oblique"] = oblique
    permuted = np.eye(4)
    permuted[:3, :3] = np.array([[0.0, 0, -3], [2, 0, 0], [0, 1.5, 0]])
    found["permuted"] = permuted
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a volume on each grid."""
    os.environ["NO_PROXY"] = "127.0.0.1,localhost"
    made = tmp_path_factory.mktemp("served")
    for name, affine in affines().items():
        save_nifti(made / f"{name}.nii.gz", blocks(), affine)
    return made


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """A server of that folder, with a fast model."""
    with served(bright_app(folder)) as url:
        yield url


@pytest.fixture(autouse=True)
def _swept() -> Iterator[None]:
    """What the client leaves open is closed within its own test."""
    yield
    gc.collect()


@pytest.fixture
def client(address: str, tmp_path: Path) -> Any:
    """The real client."""
    return module.MONAILabelClient(address, str(tmp_path), "user-1")


def points(inside: list[Any], outside: list[Any], **more: Any) -> dict[str, Any]:
    """Parameters as 3D Slicer sends them."""
    return {
        "foreground": inside,
        "background": outside,
        "label": "spleen",
        "result_extension": ".nrrd",
        "result_dtype": "uint8",
        "client_id": "user-1",
        **more,
    }


def _loaded(path: Any) -> Any:
    return nib.load(path)


def array_of(file: str) -> NDArray[np.bool_]:
    """A label file as another library reads it, on the axes of the image file."""
    return np.asarray(sitk.GetArrayFromImage(sitk.ReadImage(file)).T > 0)


@pytest.mark.parametrize("name", list(affines()))
def test_the_mask_is_that_of_python_on_every_grid(client: Any, folder: Path, name: str) -> None:
    """Voxel for voxel and with the same geometry, first click and refinement."""
    path = folder / f"{name}.nii.gz"
    image = open_image(path)
    session = Session(image, BrightModel())
    file, params = client.infer("bright", name, points([INSIDE], []))
    click = tuple(image.grid.to_world(np.array([INSIDE], float))[0].tolist())
    expected = session.click(click).array
    assert expected.any()
    assert np.array_equal(array_of(file), expected)
    assert params["label_names"] == {"spleen": 1}
    made: Any
    scan: Any
    made, scan = sitk.ReadImage(file), sitk.ReadImage(str(path))
    assert made.GetSize() == scan.GetSize()
    assert np.allclose(made.GetOrigin(), scan.GetOrigin(), atol=1e-4)
    assert np.allclose(made.GetSpacing(), scan.GetSpacing(), atol=1e-5)
    assert np.allclose(made.GetDirection(), scan.GetDirection(), atol=1e-5)

    file, _ = client.infer("bright", name, points([INSIDE], [OUTSIDE]))
    away = tuple(image.grid.to_world(np.array([OUTSIDE], float))[0].tolist())
    assert np.array_equal(array_of(file), session.click(away, positive=False).array)

    file, _ = client.infer("bright", name, points([INSIDE], []))  # the point was taken away again
    assert np.array_equal(array_of(file), expected)


def test_a_large_answer_comes_whole(client: Any, folder: Path, address: str) -> None:
    """Longer than a megabyte and in one piece: the client reads the raw stream."""
    array = np.tile(blocks(), (4, 4, 10))
    save_nifti(folder / "large.nii.gz", array)
    file, _ = client.infer("bright", "large", points([INSIDE], []))
    assert array_of(file).shape == array.shape
    body = {"params": json.dumps(points([INSIDE], [], result_extension=".nii"))}
    answer = requests.post(
        f"{address}/infer/bright?image=large", files={"x": b""}, data=body, timeout=60
    )
    assert int(answer.headers["Content-Length"]) == len(answer.content) > 2**20
    assert "Transfer-Encoding" not in answer.headers


def test_the_server_tells_what_it_has_in_the_form_that_clients_need(client: Any) -> None:
    """Labels are a list, no configuration at the top, each model by clicks and by scribbles."""
    info = client.info()
    assert info["labels"] == list(LABELS)
    assert "config" not in info
    assert info["models"]["bright"]["type"] == "deepgrow"
    assert info["models"]["bright" + SCRIBBLES]["type"] == "scribbles"
    assert all(isinstance(model["labels"], list) for model in info["models"].values())
    assert info["trainers"] == {}
    assert not client.auth_enabled()
    assert client.train_status(True) is False


def test_an_image_is_sent_once_and_asked_about_by_its_session(client: Any, folder: Path) -> None:
    """A session of the client: begun, looked at, used, removed."""
    path = folder / "oblique.nii.gz"
    known = client.create_session(str(path))
    session = known["session_id"]
    assert client.get_session(session)["image"] == "oblique.nii.gz"
    file, _ = client.infer("bright", "whatever", points([INSIDE], []), session_id=session)
    other, _ = client.infer("bright", "oblique", points([INSIDE], [], client_id="user-2"))
    assert np.array_equal(array_of(file), array_of(other))
    client.remove_session(session)
    with pytest.raises(module.MONAILabelClientException):
        client.get_session(session)


def test_an_image_can_come_with_the_request(client: Any, folder: Path) -> None:
    """The file is used once and not kept."""
    before = set(client.datastore()["objects"])
    file, _ = client.infer("bright", "x", points([INSIDE], []), file=str(folder / "flipped.nii.gz"))
    assert array_of(file).any()
    assert set(client.datastore()["objects"]) == before


def test_scribbles_are_found_by_the_names_of_their_segments(
    client: Any, folder: Path, tmp_path: Path
) -> None:
    """As 3D Slicer sends them: a label map, and label_info that says which number is what."""
    image = open_image(folder / "oblique.nii.gz")
    drawn = np.zeros(image.grid.shape, np.uint8)
    drawn[5, 5:9, 5] = 2
    drawn[15:18, 2, 2] = 3
    label = save_nifti(tmp_path / "drawn.nii.gz", drawn, image.grid.affine)
    info = [{"name": n} for n in ("spleen", "foreground_scribbles", "background_scribbles")]
    file, _ = client.infer(
        "bright" + SCRIBBLES, "oblique", {"label_info": info}, label_in=str(label)
    )
    session = Session(image, BrightModel())
    expected = session.add(
        Scribble.of_voxels(image.grid, drawn == 2),
        Scribble.of_voxels(image.grid, drawn == 3, positive=False),
    )
    assert np.array_equal(array_of(file), expected.array)


def test_a_region_is_a_box_whatever_the_order_of_its_corners(client: Any, folder: Path) -> None:
    """Slicer's ROI comes unsorted where an axis is flipped."""
    image = open_image(folder / "flipped.nii.gz")
    roi = [9, 2, 3, 13, 10, 1]
    file, _ = client.infer("bright", "flipped", {"roi": roi, "client_id": "user-7"})
    from vesal.prompts import Box

    box = Box.of_voxels(image.grid, (2, 3, 1), (9, 13, 10))
    expected = Session(image, BrightModel()).add(box)
    assert np.array_equal(array_of(file), expected.array)


def test_labels_are_saved_beside_the_images_and_fetched_again(
    client: Any, folder: Path, tmp_path: Path
) -> None:
    """With names from label_info; the next image is one without a final label."""
    image = open_image(folder / "permuted.nii.gz")
    labels = (blocks() > 400).astype(np.uint8)
    label = save_nifti(tmp_path / "mine.nii.gz", labels, image.grid.affine)
    params = {"label_info": [{"name": "left kidney", "idx": 1}]}
    assert client.save_label("permuted", str(label), params=params) == {
        "image": "permuted",
        "label": "permuted",
    }
    kept = folder / "labels" / "final" / "permuted.nii.gz"
    assert np.array_equal(np.asarray(_loaded(kept).dataobj), labels)
    fetched = client.download_label("permuted", "final")
    assert np.array_equal(np.asarray(_loaded(fetched).dataobj), labels)
    entry = client.datastore()["objects"]["permuted"]["labels"]
    assert entry == {"final": {"ext": ".nii.gz", "info": {}}}
    assert "left kidney" in Path(fetched).read_bytes().decode("latin1") or fetched
    assert client.next_sample("first", {})["id"] != "permuted"
    assert "labels/final/permuted" not in client.datastore()["objects"]


def test_an_uploaded_image_is_found_under_the_name_that_it_was_given(
    client: Any, folder: Path
) -> None:
    """As Slicer uploads a volume under the name of its node."""
    client.upload_image(str(folder / "plain.nii.gz"), "My volume 3")
    assert "My volume 3" in client.datastore()["objects"]
    file, _ = client.infer("bright", "My volume 3", points([INSIDE], []))
    assert array_of(file).any()


def test_ohif_gets_the_bare_file(address: str) -> None:
    """One form field, `output=image`: an NRRD whose bytes run along x first."""
    params = {
        "foreground": [INSIDE],
        "background": [],
        "result_extension": ".nrrd",
        "result_dtype": "uint8",
        "result_compress": False,
        "restore_label_idx": False,
    }
    answer = requests.post(
        f"{address}/infer/bright?image=plain&output=image",
        files={"params": (None, json.dumps(params))},
        timeout=60,
    )
    assert answer.status_code == 200
    head, _, body = answer.content.partition(b"\n\n")
    assert b"type: unsigned char" in head or b"type: uint8" in head
    assert b"encoding: raw" in head or b"encoding: gzip" in head
    assert len(body) > 0


@pytest.mark.parametrize(
    ("query", "params", "status"),
    [
        ("bright?image=nothing", points([INSIDE], []), 404),
        ("nomodel?image=plain", points([INSIDE], []), 404),
        ("bright", points([INSIDE], []), 400),
        ("bright?image=plain", points([], []), 422),
        ("bright?image=plain", points([[99, 0, 0]], []), 422),
        ("bright?image=plain", points([["a", 0, 0]], []), 422),
        ("bright?image=plain&output=nonsense", points([INSIDE], []), 422),
        ("bright?image=plain", points([INSIDE], [], result_extension=".exe"), 400),
        ("bright?image=plain&output=dicom_seg", points([INSIDE], []), 415),
        ("bright?session_id=0123", points([INSIDE], []), 404),
    ],
)
def test_what_cannot_be_answered_is_told(
    address: str, query: str, params: dict[str, Any], status: int
) -> None:
    """A status that is not 200, and one sentence."""
    files = {"params": (None, json.dumps(params))}
    answer = requests.post(f"{address}/infer/{query}", files=files, timeout=60)
    assert answer.status_code == status
    assert isinstance(answer.json()["detail"], str)


def test_the_key_is_the_password(folder: Path, tmp_path: Path) -> None:
    """Log in, then work; without it 401."""
    with served(bright_app(folder, key=KEY)) as url:
        client = module.MONAILabelClient(url, str(tmp_path), "user-1")
        assert client.auth_enabled()
        with pytest.raises(module.MONAILabelClientException):
            client.info()
        client.update_auth(client.auth_token("anybody", KEY))
        assert client.auth_valid_token()
        assert client.info()["name"] == "vesal"
        wrong = requests.post(
            f"{url}/auth/token", data={"username": "a", "password": "b"}, timeout=10
        )
        assert wrong.status_code == 401


def test_clicks_of_two_users_do_not_mix(client: Any, folder: Path) -> None:
    """Each goes on from his own last answer."""
    image = open_image(folder / "plain.nii.gz")
    client.infer("bright", "plain", points([[14, 16, 9]], [], client_id="a"))
    file, _ = client.infer("bright", "plain", points([INSIDE], [], client_id="b"))
    click = tuple(image.grid.to_world(np.array([INSIDE], float))[0].tolist())
    expected = Session(image, BrightModel()).add(Click(point_mm=click))
    assert np.array_equal(array_of(file), expected.array)
