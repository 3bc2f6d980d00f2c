"""A DICOMweb server behind this one: its series are fetched when they are asked for.

The network is another machine's, so everything is bounded and done in threads.
"""

import asyncio
import re
import shutil
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pydicom
import requests
from dicomweb_client.api import DICOMwebClient
from pydicom.errors import InvalidDicomError

from vesal.errors import ImageError, ResourceError, VesalError
from vesal.labels import LabelMap
from vesal.server.limits import Limits
from vesal.server.refusals import NotFoundError, TooLargeError, UpstreamError
from vesal.server.scans import Scan
from vesal.server.uploads import opened

_AS_STORED = (("application/dicom", "*"),)  # else a server would have to decompress, or to refuse
_UID = re.compile(r"[0-9.]{5,64}")
_TIMEOUT_S = (5.0, 60.0)  # to connect, and between two pieces of an answer
_ERRORS = (requests.RequestException, ValueError, KeyError, InvalidDicomError)


class Upstream:
    """Series of a DICOMweb server.

    Args:
        url: of its root, such as http://127.0.0.1:8042/dicom-web; before the host there may be a
            user and a password.
        folder: where series are kept while this server runs.
        limits: on what is fetched.
    """

    url: str
    """The address alone: it stands in errors and logs, so that no password may."""
    login: tuple[str, str] | None
    """User and password."""

    def __init__(self, url: str, folder: Path, limits: Limits) -> None:
        self.url, self.login = _parted(url)
        self._connections = requests.Session()
        self._connections.auth = self.login
        self._client = DICOMwebClient(url=self.url, session=self._connections, timeout=_TIMEOUT_S)
        self._client.set_http_retry_params(retry=False)  # a user waits, and can ask again
        self._folder, self._limits = folder, limits
        self._lock = asyncio.Lock()

    def close(self) -> None:
        """Hang up."""
        self._connections.close()

    def has(self, scan: Scan) -> bool:
        """Whether a scan is a series of that server."""
        return self._folder in scan.path.parents

    async def series(self, uid: str) -> Scan:
        """A series, fetched if it is not here yet.

        Raises:
            NotFoundError: no such series.
            UpstreamError: the other server cannot be reached.
        """
        if not _UID.fullmatch(uid):
            msg = f"there is no image {uid[:80]!r} here"
            raise NotFoundError(msg)
        path = self._folder / uid
        async with self._lock:
            if not path.is_dir():
                await asyncio.to_thread(self._fetch, uid, path)
        return Scan(id=uid, name=uid, path=path, kind="folder", size_bytes=0, uploaded=True)

    async def send(self, scan: Scan, labels: LabelMap) -> None:
        """Send labels of a series there, as DICOM SEG.

        Raises:
            ImageError: labels that do not lie on the series.
            UpstreamError: the other server refuses.
        """
        await asyncio.to_thread(self._send, scan, labels)

    def _fetch(self, uid: str, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".series-", dir=path.parent))
        try:
            found = self._client.search_for_series(
                search_filters={"SeriesInstanceUID": uid}, fields=["StudyInstanceUID"]
            )
            if not found:
                msg = f"the DICOMweb server has no series {uid}"
                raise NotFoundError(msg)
            study = found[0]["0020000D"]["Value"][0]
            left = self._limits.unpacked_bytes
            sent = self._client.iter_series(study, uid, media_types=_AS_STORED)
            for number, one in enumerate(sent):
                file = temporary / f"{number:05d}.dcm"
                one.save_as(file, enforce_file_format=True)
                left -= file.stat().st_size
                if left < 0:
                    raise TooLargeError("the series is larger than this server takes")
            temporary.rename(path)
        except VesalError:
            raise
        except _ERRORS as error:
            msg = f"the series cannot be fetched from the DICOMweb server ({_short(error)})"
            raise UpstreamError(msg) from error
        except OSError as error:
            msg = f"the series cannot be stored ({error.strerror}); the server's disk may be full"
            raise ResourceError(msg) from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _send(self, scan: Scan, labels: LabelMap) -> None:
        image = opened(scan.path, None, self._limits)
        if not labels.grid.same_as(image.grid):
            raise ImageError("the label does not lie on the series; export it on the image's grid")
        made = LabelMap(
            array=labels.array, grid=image.grid, segments=labels.segments, source=image.source
        )
        with tempfile.TemporaryDirectory(prefix="vesal-") as folder:
            path = made.save(Path(folder) / "labels.seg.dcm")
            try:
                answer = self._client.store_instances([pydicom.dcmread(path)])
            except _ERRORS as error:
                msg = f"the DICOMweb server did not take the label ({_short(error)})"
                raise UpstreamError(msg) from error
        if "ReferencedSOPSequence" not in answer:
            raise UpstreamError("the DICOMweb server did not take the label")


def _parted(url: str) -> tuple[str, tuple[str, str] | None]:
    """An address without its user and password, and these."""
    parts = urlsplit(url)
    if parts.username is None:
        return url, None
    plain = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return plain, (unquote(parts.username), unquote(parts.password or ""))


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__
