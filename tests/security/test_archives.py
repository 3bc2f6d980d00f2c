"""Hostile archives: whoever opens one refuses it, or takes it without leaving its own folder."""

import io
import json
import multiprocessing
import resource
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from tests.datasets.trees import nifti, scan
from tests.dicom_series import write_series
from tests.security import hostile
from tests.server.serving import bright_app
from vesal.cli.main import main
from vesal.datasets import find_pairs, open_pair
from vesal.errors import ConfigError, ImageError, ResourceError, SessionError, VesalError
from vesal.images import open_image
from vesal.server.limits import Limits
from vesal.session.file import read_session
from vesal.session.objects import beginning
from vesal.training import corpus

MIB = 2**20
DICOM_HEAD = bytes(128) + b"DICM"
SLIPS = ("../evil", "../../evil", "/evil", "a/../../../evil", "..\\evil", "C:\\evil", "..")
ODD = {"bzip2": zipfile.ZIP_BZIP2, "lzma": zipfile.ZIP_LZMA}


def _growth_by_refusing(image: Path, session: Path) -> int:
    """Kilobytes that a process takes to refuse a zip of DICOM and a session."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ImageError):
        open_image(image)
    with pytest.raises(SessionError):
        read_session(session, beginning())
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before


@pytest.fixture
def around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which everything is unpacked, and around which nothing may appear."""
    temporary = tmp_path / "a" / "b" / "tmp"
    temporary.mkdir(parents=True)
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    return tmp_path


def everything(folder: Path) -> set[Path]:
    """All that is below a folder."""
    return set(folder.rglob("*"))


def test_names_that_slip_out_of_a_zip_of_dicom_land_nowhere(around: Path) -> None:
    """The series is read; what its files call themselves in the archive counts for nothing."""
    series = write_series(around / "in", slices=len(SLIPS))
    members = {
        name: file.read_bytes() for name, file in zip(SLIPS, sorted(series.files), strict=True)
    }
    path = hostile.archive(around / "slip.zip", members)
    before = everything(around)
    assert main(["info", str(path)]) == 0
    assert everything(around) == before
    assert not Path("/evil").exists()


def test_a_link_in_a_zip_is_no_link(around: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It would be its target's name in a file; what it points to is not read."""
    series = write_series(around / "in", slices=1)
    path = hostile.linked(around / "link.zip", "slice.dcm", str(series.files[0]))
    assert main(["info", str(path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_what_unpacks_without_a_bound_is_refused_before_it_does(tmp_path: Path) -> None:
    """A small file of bzip2 or LZMA took all memory; now no byte of it is unpacked."""
    bombs = {"image": "bzip2", "session": "lzma"}
    for kind, method in bombs.items():
        (tmp_path / kind).write_bytes(hostile.bomb(80 * MIB, ODD[method], DICOM_HEAD))
        assert (tmp_path / kind).stat().st_size < MIB
    with multiprocessing.get_context("spawn").Pool(1) as pool:  # whose memory is its own
        kilobytes = pool.apply(_growth_by_refusing, (tmp_path / "image", tmp_path / "session"))
    assert kilobytes < 40 * 1024


@pytest.mark.parametrize("method", sorted(ODD))
def test_the_server_refuses_them_too(method: str) -> None:
    """With a sentence, and nothing of it stays."""
    content = hostile.bomb(2 * MIB, ODD[method], DICOM_HEAD)
    with TestClient(bright_app(), base_url="http://127.0.0.1") as client:
        answer = client.post("/api/scans", files={"files": ("x.zip", content)})
        assert answer.status_code == 415
        assert "packed in an unknown way" in answer.json()["detail"]
        assert client.get("/api/scans").json() == {"scans": []}


def test_a_bomb_is_stopped_where_the_servers_limit_is(tmp_path: Path) -> None:
    """Whatever its list says of its size; so is one of too many files."""
    honest = hostile.bomb(20 * MIB, zipfile.ZIP_DEFLATED)
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as packed:
        for number in range(5):
            packed.writestr(f"{number}.dcm", DICOM_HEAD)
    limits = Limits(unpacked_bytes=MIB, files=4)
    app = bright_app(work=tmp_path / "work", limits=limits)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        for content in (honest, hostile.lying(honest, 100), many.getvalue()):
            answer = client.post("/api/scans", files={"files": ("x.zip", content)})
            assert answer.status_code in (413, 415)
            assert answer.json()["detail"].count("\n") == 0
    assert [one for one in (tmp_path / "work").rglob("*") if one.suffix == ".dcm"] == []


def test_a_session_unpacks_to_a_bounded_size_in_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All its files are held in memory: many of them below a bound are as bad as one above it."""
    monkeypatch.setattr("vesal.session.file._MOST_BYTES", MIB)
    masks = {f"masks/{number}.json": bytes(MIB // 4) for number in range(5)}
    path = hostile.archive(tmp_path / "a.vesal", {"session.json": b"{}", **masks})
    with pytest.raises(SessionError, match="not a session file, or is cut short or damaged"):
        read_session(path, beginning())


def test_an_archive_of_categories_cannot_name_files_of_the_disk(tmp_path: Path) -> None:
    """A member's absolute name would have replaced the archive's own path."""
    home = tmp_path / "home"
    for kind in ("images", "labels"):
        nifti(home / "ct_X" / f"{kind}Tr" / "a.nii.gz", scan())
    names = [f"{home}/ct_X/{kind}Tr/a.nii.gz" for kind in ("images", "labels")]
    path = hostile.archive(tmp_path / "liver.zip", dict.fromkeys(names, b""))
    with pytest.raises(ConfigError):
        find_pairs(path)


@pytest.mark.parametrize("name", ["{home}/a.png", "../home/a.png", "x/../../home/a.png"])
def test_a_list_in_an_archive_cannot_name_files_of_the_disk(name: str, tmp_path: Path) -> None:
    """Neither from the root nor upwards."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "a.png").write_bytes(b"secret")
    outside = name.replace("{home}", str(tmp_path / "home"))
    listing = json.dumps({outside: ["m.png"]}).encode()
    path = hostile.archive(tmp_path / "x.zip", {"SAMed2D_v1.json": listing, "m.png": b""})
    with pytest.raises(ConfigError, match="leads out of the archive"):
        find_pairs(path)


def test_a_member_of_a_data_set_that_promises_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one that gives more than it promises."""
    files = {
        f"liver/ct_X/{kind}Tr/a.nii.gz": nifti(tmp_path / kind / "a.nii.gz", values).read_bytes()
        for kind, values in (("images", scan()), ("labels", (scan() > 0).astype(np.uint8)))
    }
    path = hostile.archive(tmp_path / "x.zip", files)
    (pair,) = find_pairs(path).pairs
    assert np.array_equal(open_pair(pair).image.array, scan())
    monkeypatch.setattr("vesal.datasets.archive_path.MOST_BYTES", 100)
    with pytest.raises(ImageError, match="unpacks to"):
        open_pair(pair)
    monkeypatch.undo()
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02") + 24
    content[at : at + 4] = (100).to_bytes(4, "little")
    path.write_bytes(bytes(content))
    with pytest.raises(ImageError, match="damaged"):
        open_pair(find_pairs(path).pairs[0])


@pytest.mark.parametrize("name", ["slip", "link", "bomb"])
def test_weights_in_a_hostile_zip_are_no_weights(
    name: str, around: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is unpacked there at all: tensors are read where they lie in the file."""
    path = around / "weights.pth"
    if name == "slip":
        hostile.archive(path, dict.fromkeys(["../data.pkl", "/data.pkl", "x/data.pkl"], b"N."))
    elif name == "link":
        hostile.linked(path, "x/data.pkl", "/etc/passwd")
    else:
        path.write_bytes(hostile.bomb(20 * MIB, zipfile.ZIP_DEFLATED))
    before = everything(around)
    assert main(["weights", "info", str(path)]) == 3
    assert capsys.readouterr().err.count("\n") == 1
    assert everything(around) == before


def test_no_file_of_the_system_is_read_through_a_link_in_a_zip_of_dicom(around: Path) -> None:
    """A link beside a sound series changes nothing."""
    series = write_series(around / "in", slices=3)
    path = hostile.linked(around / "x.zip", "passwd", "/etc/passwd")
    with zipfile.ZipFile(path, "a") as packed:
        for file in series.files:
            packed.write(file, file.name)
    image = open_image(path)
    assert np.array_equal(image.array, series.volume)
    with pytest.raises(VesalError):
        open_image(hostile.linked(around / "y.zip", "passwd", "/etc/passwd"))


@pytest.mark.parametrize(
    "members",
    [
        (tarfile.TarInfo("../evil"),),
        (tarfile.TarInfo("a/../../evil"),),
        (hostile.link("a", ".."), tarfile.TarInfo("a/evil")),
        (hostile.link("passwd", "/etc/passwd"),),
    ],
    ids=["up", "down and up", "through a link", "link away"],
)
def test_a_package_of_scans_that_leads_elsewhere_is_refused(
    members: tuple[tarfile.TarInfo, ...], tmp_path: Path
) -> None:
    """By Python's own filter for data, in a sentence; the package does not count as unpacked."""
    archive = hostile.tarred(tmp_path / "scans.tar.gz", *members)
    with pytest.raises(ResourceError, match=r"scans\.tar\.gz cannot be unpacked"):
        corpus._unpack(archive, tmp_path / "in" / "scans")
    assert not (tmp_path / "in" / "evil").exists()
    assert not (tmp_path / "in" / "scans").exists()
    assert not any(path.is_symlink() for path in tmp_path.rglob("*"))


def test_names_in_a_wheel_of_scans_stay_in_its_folder(tmp_path: Path) -> None:
    """Python's zipfile drops what leads out; a link is a file."""
    wheel = hostile.archive(tmp_path / "scans.whl", dict.fromkeys(["../evil", "/evil2"], b"x"))
    corpus._unpack(wheel, tmp_path / "in" / "scans")
    inside = {path.name for path in (tmp_path / "in" / "scans").iterdir()}
    assert inside == {"evil", "evil2"}
    assert not (tmp_path / "in" / "evil").exists()
    assert not Path("/evil2").exists()
