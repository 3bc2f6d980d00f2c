"""A real DICOMweb server behind this one, and its own client at its other end."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pydicom
import pytest
import requests
import SimpleITK as sitk  # noqa: N813  # its usual name
from dicomweb_client.api import DICOMwebClient
from pydicom.uid import JPEG2000Lossless, generate_uid

from tests.dicom_series import Series, write_series
from tests.fakes import BrightModel
from tests.server.orthanc import IS_HERE, WHY_NOT, orthanc
from tests.server.serving import bright_app, served
from vesal.images import open_image
from vesal.session import Session

pytestmark = pytest.mark.skipif(not IS_HERE, reason=WHY_NOT)

ORIENTATIONS = ("axial", "sagittal", "oblique")
COMPRESSED = "sagittal"
INSIDE = [32, 29, 5]  # of the ball in the series


@dataclass(frozen=True)
class Hospital:
    """A DICOMweb server with three series, one of them compressed, and a vesal before it."""

    url: str
    pacs: DICOMwebClient
    series: dict[str, Series]
    study: str


@contextmanager
def dicomweb(url: str) -> Iterator[DICOMwebClient]:
    """The client, which does not hang up by itself."""
    with requests.Session() as session:
        yield DICOMwebClient(url=url, session=session)


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    """Series that were stored by STOW-RS."""
    folder = tmp_path_factory.mktemp("hospital")
    with pytest.MonkeyPatch.context() as patch, orthanc(folder) as root, ExitStack() as talking:
        patch.setenv("NO_PROXY", "127.0.0.1,localhost")
        pacs = talking.enter_context(dicomweb(root))
        made, study = {}, generate_uid()
        for orientation in ORIENTATIONS:
            one = write_series(
                folder / orientation,
                columns=72,
                rows=66,
                orientation=orientation,
                StudyInstanceUID=study,
                PatientID="p-1",
                PatientName="Doe^Jane",
            )
            stored = [pydicom.dcmread(file) for file in one.files]
            for data in stored if orientation == COMPRESSED else ():
                data.compress(JPEG2000Lossless, generate_instance_uid=False)
            pacs.store_instances(stored)
            made[orientation] = one
        with served(bright_app(dicomweb=root)) as url:
            yield Hospital(url=url, pacs=pacs, series=made, study=str(study))


def asked(hospital: Hospital, uid: str, output: str) -> bytes:
    """What the server answers to a click, as OHIF asks."""
    params: dict[str, Any] = {"foreground": [INSIDE], "background": [], "label": "spleen"}
    params |= {"result_extension": ".nrrd", "result_dtype": "uint8", "result_compress": False}
    answer = requests.post(
        f"{hospital.url}/infer/bright?image={uid}&output={output}",
        files={"params": (None, json.dumps(params))},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    return answer.content


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_series_is_found_fetched_and_segmented(
    hospital: Hospital, tmp_path: Path, orientation: str
) -> None:
    """QIDO-RS by our own proxy, WADO-RS by the server, and the mask of Python in its own order."""
    series = hospital.series[orientation]
    with dicomweb(f"{hospital.url}/proxy/dicom/qido") as here:
        found = here.search_for_series(search_filters={"SeriesInstanceUID": series.uid})
    assert [one["0020000E"]["Value"][0] for one in found] == [series.uid]

    image = open_image(series.folder)
    click = tuple(image.grid.to_world(np.array([INSIDE], float))[0].tolist())
    expected = Session(image, BrightModel()).click(click).array
    assert 50 < expected.sum() < expected.size / 2
    path = tmp_path / "answer.nrrd"
    path.write_bytes(asked(hospital, series.uid, "image"))
    made: Any
    ours: Any
    made = sitk.ReadImage(str(path))
    assert np.array_equal(sitk.GetArrayFromImage(made).T > 0, expected)
    files = [str(file) for file in sorted(series.files, key=lambda f: along(f))]
    ours = sitk.ReadImage(files)  # the order in which OHIF takes the bytes
    assert made.GetSize() == ours.GetSize()
    assert np.allclose(made.GetOrigin(), ours.GetOrigin(), atol=1e-3)
    assert np.allclose(made.GetDirection(), ours.GetDirection(), atol=1e-5)


def along(file: Path) -> float:
    """Where a slice lies along its normal."""
    data = pydicom.dcmread(file, stop_before_pixels=True)
    row, column = np.reshape(np.array(data.ImageOrientationPatient, float), (2, 3))
    return float(np.cross(row, column) @ np.array(data.ImagePositionPatient, float))


def test_the_segmentation_is_sent_back_and_belongs_to_the_series(
    hospital: Hospital, tmp_path: Path
) -> None:
    """WADO-RS, a click, a DICOM SEG, STOW-RS: highdicom finds the mask on its slices."""
    series = hospital.series["oblique"]
    path = tmp_path / "answer.dcm"
    path.write_bytes(asked(hospital, series.uid, "dicom_seg"))
    hospital.pacs.store_instances([pydicom.dcmread(path)])
    check_stored(hospital, series)


def test_a_final_label_goes_to_the_pacs_as_dicom_seg(hospital: Hospital, tmp_path: Path) -> None:
    """As 3D Slicer's user submits a label: kept here, and stored there."""
    series = hospital.series["sagittal"]
    path = tmp_path / "label.nrrd"
    path.write_bytes(asked(hospital, series.uid, "image"))
    params = {"label_info": [{"name": "spleen", "idx": 1}]}
    answer = requests.put(
        f"{hospital.url}/datastore/label?image={series.uid}",
        data={"params": json.dumps(params)},
        files={"label": (path.name, path.read_bytes())},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    check_stored(hospital, series)


def check_stored(hospital: Hospital, series: Series) -> None:
    """A SEG of that series lies in the study, with the mask of Python."""
    image = open_image(series.folder)
    click = tuple(image.grid.to_world(np.array([INSIDE], float))[0].tolist())
    expected = Session(image, BrightModel()).click(click).array
    stored = hospital.pacs.search_for_instances(search_filters={"Modality": "SEG"})
    assert {one["0020000D"]["Value"][0] for one in stored} == {hospital.study}
    read = [
        hospital.pacs.retrieve_instance(*(one[tag]["Value"][0] for tag in TAGS)) for one in stored
    ]
    segs = [hd.seg.Segmentation.from_dataset(one) for one in read]
    mine = [one for one in segs if one.get_source_image_uids()[0][1] == series.uid]
    assert len(mine) == 1
    assert mine[0].get_segment_description(1).SegmentLabel == "spleen"
    by_slice = {pydicom.dcmread(f).SOPInstanceUID: f for f in series.files}
    uids = sorted(by_slice, key=lambda uid: along(by_slice[uid]))
    pixels = mine[0].get_pixels_by_source_instance(uids, assert_missing_frames_are_empty=True)
    assert np.array_equal(pixels[..., 0].T > 0, expected)


TAGS = ("0020000D", "0020000E", "00080018")


def test_a_series_that_is_not_there_is_told(hospital: Hospital) -> None:
    """One sentence, and no folder is left of it."""
    for uid, status in (("1.2.3.4.5", 404), ("../../etc", 404)):
        answer = requests.post(
            f"{hospital.url}/infer/bright?image={uid}",
            files={"params": (None, json.dumps({"foreground": [INSIDE]}))},
            timeout=60,
        )
        assert answer.status_code == status
        assert "\n" not in answer.json()["detail"]


def test_the_proxy_passes_on_pixels_and_searches_and_nothing_else(hospital: Hospital) -> None:
    """Frames as the server behind has them; no path outside its root."""
    series = hospital.series["axial"]
    data: Any = pydicom.dcmread(series.files[0])
    with dicomweb(f"{hospital.url}/proxy/dicom/wado") as here:
        frames = here.retrieve_instance_frames(
            hospital.study,
            series.uid,
            data.SOPInstanceUID,
            frame_numbers=[1],
            media_types=("application/octet-stream",),
        )
    assert frames[0] == data.PixelData
    for path in ("..%2fsystem", "qido/..%2f..%2fsystem", "%2e%2e/system", "%252e%252e/system"):
        answer = requests.get(f"{hospital.url}/proxy/dicom/{path}", timeout=10)
        assert answer.status_code == 404, path
        assert "DicomAet" not in answer.text


def test_a_pacs_that_is_gone_is_told() -> None:
    """502 and a sentence, for OHIF's own requests and for ours."""
    with served(bright_app(dicomweb="http://127.0.0.1:9/dicom-web")) as url:
        passed = requests.get(f"{url}/proxy/dicom/qido/studies", timeout=30)
        asked = requests.post(
            f"{url}/infer/bright?image=1.2.3.4.5",
            files={"params": (None, json.dumps({"foreground": [INSIDE]}))},
            timeout=60,
        )
    for answer in (passed, asked):
        assert answer.status_code == 502
        assert "DICOMweb server" in answer.json()["detail"]
