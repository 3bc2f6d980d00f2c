"""A certificate for this machine that nobody has to trust."""

import shutil
import subprocess
from pathlib import Path

import pytest


def certificate(folder: Path) -> tuple[Path, Path]:
    """Files of a certificate and of its key, made by openssl; skips where that is not."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("needs openssl")
    made, key = folder / "certificate.pem", folder / "key.pem"
    command = [program, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    command += ["-subj", "/CN=localhost", "-keyout", str(key), "-out", str(made)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    return made, key
