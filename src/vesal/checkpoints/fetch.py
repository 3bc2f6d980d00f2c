"""Fetches published weights from huggingface.co, whole and checked, or says where to get them.

huggingface_hub knows the hub's addresses and goes on where a connection broke. It forgets what it
has when the program ends, so the bytes so far are kept here, beside where the file will lie.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from vesal.checkpoints.locate import by_hand
from vesal.checkpoints.sources import SOURCES, Source
from vesal.errors import CheckpointError, ConfigError, ResourceError
from vesal.images.write import move, write_text

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A weights file that is there and has the bytes it should have."""

    path: Path
    sha256: str
    """Of the file."""
    downloaded: bool
    """False where it was there before."""
    known: bool
    """Whether the digest was known before, and not just remembered for the next time."""


def fetch(name: str, folder: Path, *, endpoint: str | None = None) -> Fetched:
    """The published weights of a model of the zoo, downloaded into the folder if need be.

    A digest that nobody has published is remembered beside the file, and checked from then on.

    Args:
        name: of the zoo.
        folder: made if it is missing.
        endpoint: another hub than huggingface.co.

    Raises:
        ConfigError: no such model, or ours, which is part of the package.
        CheckpointError: the file has other bytes than it should have.
        ResourceError: no network, no hub that has them, no huggingface_hub, no room on the disk.
    """
    if name not in SOURCES:
        msg = f"there are no published weights of {name!r}; known: {', '.join(sorted(SOURCES))}"
        raise ConfigError(msg)
    source = SOURCES[name]
    path = folder / source.file
    if path.is_file():
        return _checked(path, source, downloaded=False)
    if source.repository is None:
        msg = f"vesal cannot fetch {name}: {by_hand(name, path)}"
        raise ResourceError(msg)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"{folder} cannot be made ({error.strerror}); set VESAL_WEIGHTS to another folder"
        raise ResourceError(msg) from error
    _download(name, source.repository, path, endpoint)
    return _checked(path, source, downloaded=True)


def _download(name: str, repository: str, path: Path, endpoint: str | None) -> None:
    try:
        import httpx2
        from huggingface_hub import get_hf_file_metadata, hf_hub_url
        from huggingface_hub.errors import FileMetadataError, HfHubHTTPError, OfflineModeIsEnabled
        from huggingface_hub.file_download import http_get
    except ModuleNotFoundError as error:
        needs = f"fetching weights needs {error.name}: pip install 'vesal[hub]'"
        msg = f"{needs}, or {by_hand(name, path)}"
        raise ResourceError(msg) from error
    try:
        url = hf_hub_url(repository, path.name, endpoint=endpoint)
        file = get_hf_file_metadata(url, endpoint=endpoint)
        etag = file.etag or ""
        part = path.with_name(f".{path.name}.{etag[:16]}.part")
        with part.open("ab") as stream:
            if file.size is not None and stream.tell() > file.size:
                stream.truncate(0)  # two downloads at once
                stream.seek(0)
            http_get(file.location, stream, resume_size=stream.tell(), expected_size=file.size)
    except (
        httpx2.HTTPError,
        FileMetadataError,
        HfHubHTTPError,
        OfflineModeIsEnabled,
        OSError,
    ) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        msg = f"{name} could not be fetched whole ({reason}); try again, or {by_hand(name, path)}"
        raise ResourceError(msg) from error
    # Large files have their SHA-256 for an ETag.
    if _SHA256.fullmatch(etag) and digest_of(part) != etag:
        part.unlink()
        msg = f"{name} arrived with other bytes than the hub announced; fetch it again"
        raise CheckpointError(msg)
    move(part, path)


def _checked(path: Path, source: Source, *, downloaded: bool) -> Fetched:
    digest = digest_of(path)
    record = path.with_name(f"{path.name}.sha256")
    expected = source.sha256 or (record.read_text().split()[0] if record.is_file() else None)
    if expected not in (None, digest):
        msg = f"{path} has the SHA-256 {digest}, not {expected}; delete it and fetch it again"
        raise CheckpointError(msg)
    if expected is None:
        write_text(record, f"{digest}  {path.name}\n")  # as sha256sum reads it
    return Fetched(path=path, sha256=digest, downloaded=downloaded, known=expected is not None)


def digest_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
