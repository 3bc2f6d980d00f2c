"""The page about the server: what it tells to type is typed here, at a server with a real scan."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import generate_uid

from tests.server.serving import served
from vesal.labels import open_labels
from vesal.server.app import build_app
from vesal.server.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "server.md"
KEY = "only-for-this-test-0123"

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ID = re.compile(r"[0-9a-f]{16,}")
_LABELS = re.compile(r'"labels":"[^"]*"')
_NUMBER = re.compile(r"\d+(\.\d+)?")


@pytest.fixture(scope="module")
def blocks() -> list[tuple[str, str]]:
    """Languages and texts of what is fenced in the part of the page about the API."""
    text = PAGE.read_text(encoding="utf-8")
    return _FENCED.findall(text[text.index("## The REST API") :])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, scans: Path, data: Path) -> Path:
    """The scans of the page: our CT, and a real series that gets the uids it was robbed of."""
    made = tmp_path_factory.mktemp("page")
    (made / "scans").mkdir()
    (made / "series").mkdir()
    shutil.copy(scans / "example_ct.nii.gz", made / "scans" / "ct.nii.gz")
    study, series, frame = (generate_uid(entropy_srcs=[name]) for name in ("st", "se", "fr"))
    for number, file in enumerate(sorted((data / "example_ct_dicom").iterdir())):
        dataset = pydicom.dcmread(file)
        dataset.StudyInstanceUID = study
        dataset.SeriesInstanceUID = series
        dataset.FrameOfReferenceUID = frame
        dataset.save_as(made / "series" / f"{number:03}.dcm")
    return made


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    """The address of a server of the scans that needs a key, with the model that we ship."""
    settings = Settings(root=folder / "scans", work=folder / "work", key=KEY)
    with served(build_app(settings)) as address:
        yield address


def test_the_python_of_the_page_runs(
    blocks: list[tuple[str, str]],
    url: str,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The label map that is kept by its changes is the one that is downloaded."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"URL": url, "KEY": KEY, "SCAN": folder / "scans" / "ct.nii.gz"}
    (block,) = [text for language, text in blocks if language == "python"]
    exec(compile(block, "docs/server.md", "exec"), names)  # noqa: S102
    labels = names["labels"]
    assert isinstance(labels, np.ndarray)
    assert np.array_equal(open_labels(tmp_path / "liver.nii.gz").array, labels)
    volume_ml = names["volume_ml"]
    assert isinstance(volume_ml, float)
    assert volume_ml == pytest.approx(np.count_nonzero(labels) * 0.027)
    assert volume_ml > 100
    assert names["first"] == 'data: {"type": "idle", "revision": 1}'


def test_the_commands_of_the_page_print_what_it_shows(
    blocks: list[tuple[str, str]], url: str, folder: Path
) -> None:
    """All in one shell; ids, numbers and packed bytes may differ, and lines may be left out."""
    missing = [name for name in ("bash", "curl", "jq") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    pytest.importorskip("highdicom", reason="needs highdicom: pip install 'vesal[dicom]'")
    script = "\n".join(text for language, text in blocks if language == "sh")
    run = subprocess.run(  # noqa: S603  # our own page
        ["bash", "-euo", "pipefail", "-c", script],  # noqa: S607
        cwd=folder,
        env={"PATH": os.environ["PATH"], "URL": url, "VESAL_KEY": KEY, "no_proxy": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    # The first two blocks without a language start the server; the shell's come after them.
    shown = [text for language, text in blocks if language == ""][2:]
    lines = [_any(line) for text in shown for line in text.splitlines()]
    assert len(lines) > 20
    printed = [_any(line) for line in run.stdout.splitlines()]
    assert [line for line in lines if line not in printed] == []
    assert open_labels(folder / "ct-labels.nii.gz").array.any()
    segmentation = pydicom.dcmread(folder / "series-labels.seg.dcm")
    assert segmentation.Modality == "SEG"
    assert segmentation.SegmentSequence[0].SegmentLabel == "liver"
    assert not any((folder / "work" / "sessions").iterdir())


def _any(line: str) -> str:
    """A line without what differs from run to run, or from machine to machine."""
    return _NUMBER.sub("N", _LABELS.sub("LABELS", _ID.sub("ID", line)))
