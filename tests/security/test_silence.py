"""Names of patients and keys stand in nothing that is written, at the loudest level of logging."""

import csv
import gzip
import io
import json
import logging
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from fastapi.testclient import TestClient

from tests.cohort.many import small_model
from tests.dicom_series import Series, change, write_series
from tests.server.serving import bright_app
from vesal.cli.main import main
from vesal.images import open_image
from vesal.labels import LabelMap, Segment

SECRET = b"SECRET"
KEY = "token-0123456789abcdef"
INSIDE = (32, 29, 5)  # of the ball in the series
PRIVATE: dict[str, Any] = {
    "PatientName": "SECRET^PATIENT",
    "PatientID": "SECRET-7731",
    "AccessionNumber": "SECRETACC",
    "ReferringPhysicianName": "SECRET^DOCTOR",
    "PatientComments": "SECRET comment",
    "StudyID": "SECRETSTUDY",
}
POINT = ("--voxel", "--point", ",".join(map(str, INSIDE)))


class Ears(logging.Handler):
    """Hears every logger at every level, but that of the client with which tests ask a server."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line, with its traceback if it has one."""
        if record.name != "httpx2":
            self.said.append(self.format(record))


@pytest.fixture
def series(tmp_path: Path) -> Series:
    """A series with a patient's data in it."""
    return write_series(tmp_path / "given" / "series", columns=72, rows=66, **PRIVATE)


@pytest.fixture
def ears(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Iterator[Ears]:
    """Looks at the end through all that was said, logged and written beside the series."""
    heard, root = Ears(), logging.getLogger()
    before = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(heard)
    yield heard
    root.removeHandler(heard)
    root.setLevel(before)
    for text in (*capfd.readouterr(), *heard.said):
        assert SECRET.decode() not in text
        assert KEY not in text
    given = tmp_path / "given"
    for path in tmp_path.rglob("*"):
        if path.is_file() and given not in path.parents and path.suffix != ".dcm":
            assert SECRET not in str(path.relative_to(tmp_path)).encode()
            for content in _contents(path.read_bytes()):
                assert SECRET not in content, path
                assert KEY.encode() not in content, path


def _contents(data: bytes) -> Iterator[bytes]:
    """A file's bytes, and what is packed in it."""
    yield data
    if data[:2] == b"\x1f\x8b":
        yield gzip.decompress(data)
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield from _contents(archive.read(name))


def labelled(series: Series, folder: Path) -> Path:
    """A table of the series and a label map of its ball."""
    image = open_image(series.folder)
    ball = (image.array > np.percentile(image.array, 90)).astype(np.uint8)
    labels = LabelMap(
        array=ball,
        grid=image.grid,
        segments=(Segment(number=1, name="ball", colour=(255, 0, 0)),),
        source=image.source,
    )
    labels.save(folder / "ball.nii.gz")
    table = folder / "table.csv"
    table.write_text(f"image,label,structures\n{series.folder},ball.nii.gz,ball=1\n")
    return table


@pytest.mark.usefixtures("ears")
def test_looking_at_odd_values_repeats_none(series: Series) -> None:
    """As text and as JSON; pydicom warns of dates that are none, and would repeat them."""
    for file in series.files:
        file.write_bytes(file.read_bytes().replace(b"19500102", b"SECRETBD"))
    assert main(["info", str(series.folder)]) == 0
    assert main(["info", str(series.folder), "--json"]) == 0
    out = ["-o", str(series.folder / "mask.seg.dcm")]
    assert main(["segment", str(series.folder), *POINT, *out]) == 2  # what highdicom refuses


def test_masks_and_sessions_name_no_patient(series: Series, tmp_path: Path, ears: Ears) -> None:
    """But those of DICOM, which repeat the patient as DICOM demands: SECURITY.md says what."""
    given = ["segment", str(series.folder), *POINT, "--model", str(small_model(tmp_path))]
    rest = ["--picture", str(tmp_path / "a.png"), "--save", str(tmp_path / "a.vesal")]
    for suffix in (".nii.gz", ".seg.nrrd"):
        out = tmp_path / f"mask{suffix}"
        assert main([*given, "-o", str(out), *rest]) == 0
    for suffix in (".seg.dcm", ".rtstruct.dcm"):
        out = tmp_path / f"mask{suffix}"
        assert main([*given, "-o", str(out)]) == 0
        assert str(pydicom.dcmread(out).PatientName) == PRIVATE["PatientName"]
    assert any("embedded" in line for line in ears.said)


@pytest.mark.usefixtures("ears")
def test_many_scans_and_what_went_wrong_name_no_patient(series: Series, tmp_path: Path) -> None:
    """Reports of good and of failed cases, and errors about headers that differ."""
    objects = [{"name": "ball", "prompts": [{"point": list(INSIDE)}]}]
    cases = [{"image": str(series.folder), "frame": "voxel", "objects": objects}]
    worse = write_series(tmp_path / "given" / "worse", columns=72, rows=66, **PRIVATE).files
    change(worse[3], PatientID="SECRET-2")
    change(worse[4], RescaleSlope="0")
    worse[5].write_bytes(worse[5].read_bytes()[:400])
    cases += [{"image": str(worse[0].parent), "frame": "voxel", "objects": objects}]
    (tmp_path / "cases.json").write_text(json.dumps({"version": 1, "cases": cases}))
    out = tmp_path / "out"
    out.mkdir()
    words = ["--prompts", str(tmp_path / "cases.json"), "--model", str(small_model(tmp_path))]
    assert main(["segment", *words, "-o", str(out)]) == 6
    with (out / "report.csv").open(newline="", encoding="utf-8") as file:
        assert sorted(row["status"] for row in csv.DictReader(file)) == ["done", "failed"]
    assert main(["info", str(worse[0].parent)]) in (0, 2)
    outside = ["--point", "9999,0,0", "-o", str(tmp_path / "no.nii.gz")]
    assert main(["segment", str(series.folder), *outside]) == 2


@pytest.mark.usefixtures("ears")
def test_an_evaluation_and_a_curation_name_no_patient(series: Series, tmp_path: Path) -> None:
    """Tables, pages, catalogues; also what their own processes say."""
    table = labelled(series, tmp_path)
    words = ["--model", "ball", "--clicks", "1", "-o", str(tmp_path / "report")]
    assert main(["evaluate", str(table), *words]) == 0
    kept = ["--set", "least_volume_mm3=1", "--set", "least_share=0"]
    assert main(["curate", str(table), "-o", str(tmp_path / "curated"), *kept]) == 0
    assert (tmp_path / "curated" / "report" / "index.html").is_file()


def test_the_server_writes_neither_patients_nor_its_key(
    series: Series, tmp_path: Path, ears: Ears
) -> None:
    """A series that is sent under a patient's name, clicks, downloads, keys right and wrong."""
    app = bright_app(work=tmp_path / "given" / "work", key=KEY)  # where uploads lie as they are
    auth = {"Authorization": f"Bearer {KEY}"}
    with TestClient(app, base_url="http://127.0.0.1") as client:
        assert client.get("/api/scans", headers={"Authorization": "Bearer SECRET"}).status_code
        login = {"username": "SECRET", "password": KEY}
        assert client.post("/auth/token", data=login).json()["access_token"] == KEY
        parts = [("files", (f"SECRET/{one.name}", one.read_bytes())) for one in series.files]
        scan = client.post("/api/scans", files=parts, headers=auth).json()["id"]
        body = {"scan": scan, "series": series.uid}
        session = client.post("/api/sessions", json=body, headers=auth).json()["id"]
        here = f"/api/sessions/{session}"
        point = open_image(series.folder).grid.to_world(np.array([INSIDE], float))[0].tolist()
        said = {"object": 1, "prompts": [{"point": point}]}
        assert client.post(f"{here}/prompts", json=said, headers=auth).status_code == 200
        for suffix in ("nii.gz", "seg.dcm", "rtstruct.dcm", "SECRET"):
            client.get(f"{here}/download", params={"format": suffix}, headers=auth)
        client.get("/api/scans/SECRET^PATIENT/series", headers=auth)
        client.get(f"/SECRET?key={KEY}")
        assert "SECRET" not in client.get("/metrics", headers=auth).text
    assert any("POST /api/sessions/{session}/prompts 200" in line for line in ears.said)
