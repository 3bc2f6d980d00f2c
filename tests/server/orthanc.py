"""Orthanc, a real DICOMweb server, on a port of this machine."""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
_LONGEST_S = 30.0  # that it may take to start

PROGRAM = shutil.which("Orthanc") or "/usr/sbin/Orthanc"
IS_HERE = Path(PROGRAM).is_file() and _PLUGIN.is_file()
WHY_NOT = "needs Orthanc: apt-get install orthanc orthanc-dicomweb"


@contextmanager
def orthanc(folder: Path) -> Iterator[str]:
    """The root of its DICOMweb services while it runs; what it stores lies in the folder."""
    port = _free_port()
    settings = {
        "Name": "vesal's test",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "HttpPort": port,
        "DicomServerEnabled": False,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "Plugins": [str(_PLUGIN)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    config = folder / "orthanc.json"
    config.write_text(json.dumps(settings))
    with (folder / "orthanc.log").open("wb") as log:
        process = subprocess.Popen([PROGRAM, str(config)], stdout=log, stderr=log)  # noqa: S603
    root = f"http://127.0.0.1:{port}/dicom-web"
    try:
        _wait(f"{root}/studies", process)
        yield root
    finally:
        process.terminate()
        process.wait(_LONGEST_S)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    ends_at = time.monotonic() + _LONGEST_S
    while time.monotonic() < ends_at:
        assert process.poll() is None, "Orthanc ended at once"
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError("Orthanc does not answer")
