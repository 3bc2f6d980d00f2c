"""From and to S3, as a server on this machine speaks it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cohort.command import Command, Held
from tests.cohort.many import (
    die,
    results_in,
    small_automatic,
    small_cohort,
    small_model,
    tiny_scans,
)
from vesal.cohort.place import Remote
from vesal.cohort.prompt_file import read_cases
from vesal.cohort.run import run
from vesal.cohort.scan_list import read_scans
from vesal.cohort.settings import Settings, load_named

pytest.importorskip("s3fs", reason="needs s3fs: pip install 'vesal[remote]'")
pytest.importorskip("moto", reason="needs moto: pip install 'moto[server]'")

ROOT = Path(__file__).parents[2]
SCANS = 8


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Remote]:
    """A new bucket on a server of our own, which workers find by the environment."""
    port = _free_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    path = os.pathsep.join((str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")))
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    words = [sys.executable, "-m", "moto.server", "-p", str(port)]
    server = subprocess.Popen(  # noqa: S603
        words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait(port, server)
        import s3fs

        s3fs.S3FileSystem.clear_instance_cache()
        s3fs.S3FileSystem().mkdir("cohort")
        yield Remote("s3://cohort")
    finally:
        server.kill()
        server.wait()


def _wait(port: int, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(1200):
        assert server.poll() is None
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("the S3 server does not start")


def upload(folder: Path, to: Remote) -> None:
    """All files of a folder."""
    for path in folder.iterdir():
        if path.is_file():
            (to / path.name).put(path)


def brought(place: Remote, to: Path) -> Path:
    """What lies at an address, in a folder here."""
    to.mkdir()
    for name, content in place.read_each().items():
        (to / name).write_bytes(content)
    return to


def test_a_killed_run_from_s3_to_s3_goes_on_to_the_same_bytes(
    bucket: Remote, tmp_path: Path
) -> None:
    """The driver dies in the middle; in the end all is there, as on a disk."""
    scans, model = tiny_scans(tmp_path, SCANS), str(small_automatic(tmp_path))
    upload(scans, bucket / "scans")
    words = [str(bucket / "scans"), "-o", str(bucket / "out"), "--auto", "--model", model]
    held = Held(name="scan003", begun=tmp_path / "begun")
    first = Command(["run", *words, "--workers", "2"], held)
    try:
        while not held.begun.exists():
            assert first.code is None
            time.sleep(0.05)
    finally:
        die(first.pid)
    first.ended()
    kept = len((bucket / "out/.journal").names())
    assert 2 <= kept < SCANS
    second = Command(["run", *words, "--workers", "2"])
    page, error = second.ended()
    assert (second.code, error) == (0, "")
    assert f"skipped  {kept} " in page
    assert f"done     {SCANS - kept}\n" in page
    (tmp_path / "here").mkdir()
    _, identity = load_named(model, without_prompts=True)
    settings = Settings(model=model, identity=identity, automatic=True, threads=1)
    run(read_scans(scans), tmp_path / "here", settings)
    expected = results_in(tmp_path / "here")
    assert results_in(brought(bucket / "out", tmp_path / "brought")) == expected
    others = {name for name in (bucket / "out").names() if not name.startswith(".journal/")}
    assert others == {*expected, "report.csv", "report.json", "mosaic.png"}


def test_prompts_and_images_come_from_s3(bucket: Remote, tmp_path: Path) -> None:
    """A table whose paths begin at its address; an image that is missing costs its case."""
    path = small_cohort(tmp_path, 2)
    text = path.read_text()
    path.write_text(text + text.splitlines()[-1].replace("scan001", "lost") + "\n")
    upload(tmp_path, bucket / "data")
    model = str(small_model(tmp_path))
    _, identity = load_named(model, without_prompts=False)
    settings = Settings(model=model, identity=identity, threads=1)
    outcome = run(read_cases(bucket / "data/cases.csv"), bucket / "out", settings)
    assert (outcome.done, outcome.failed) == (2, 1)
    assert "there is no s3://cohort/data/lost.nii.gz" in outcome.entries["lost"].rows[0].message
    again = run(read_cases(bucket / "data/cases.csv"), bucket / "out", settings)
    assert (again.skipped, again.failed) == (2, 1)
    path.write_text(text)
    (tmp_path / "here").mkdir()
    run(read_cases(path), tmp_path / "here", settings)
    there = results_in(brought(bucket / "out", tmp_path / "brought"))
    assert there == results_in(tmp_path / "here")
