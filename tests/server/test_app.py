"""How a server is built: what it leaves on the disk, and what others may write of it."""

import logging
import stat
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.server.serving import bright_app


@pytest.mark.skipif(sys.platform == "win32", reason="needs the permissions of Unix")
def test_a_folder_for_work_that_is_made_is_its_owners_alone(tmp_path: Path) -> None:
    """Scans lie in it as they are; a folder that is there keeps what its owner has chosen."""
    (tmp_path / "there").mkdir(mode=0o750)
    for name, mode in (("made", 0o700), ("there", 0o750)):
        with TestClient(bright_app(work=tmp_path / name)):
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == mode


def test_clients_of_http_are_told_to_be_silent() -> None:
    """Addresses hold what was searched for, and names are searched for."""
    for name in ("httpx", "httpcore", "urllib3", "dicomweb_client"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    with TestClient(bright_app()):
        for name in ("httpx", "httpcore", "urllib3", "dicomweb_client"):
            assert not logging.getLogger(name).isEnabledFor(logging.WARNING)
