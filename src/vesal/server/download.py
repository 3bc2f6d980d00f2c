"""The objects of a session as a file to take home."""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from vesal.errors import ConfigError
from vesal.session import Session

FORMATS = {
    "nii.gz": "NIfTI",
    "nrrd": "NRRD",
    "seg.nrrd": "3D Slicer segmentation",
    "mha": "MetaImage",
    "seg.dcm": "DICOM SEG",
    "rtstruct.dcm": "DICOM RTSTRUCT",
    "stl": "surfaces (STL)",
    "png": "PNG (pictures)",
    "session.zip": "vesal session",
}
"""Suffixes and what they are called."""

_IMAGE_SUFFIX = re.compile(r"(\.nii)?\.[A-Za-z0-9]{1,5}(\.gz)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file that was made."""

    name: str
    data: bytes


def download(session: Session, suffix: str) -> Download:
    """The label map of a session as a file; the session itself as "session.zip".

    Args:
        session: whose objects.
        suffix: of `FORMATS`.

    Raises:
        ConfigError: no such format.
        ImageError: if the format cannot hold the label map.
        ResourceError: if a package that the format needs is missing, or the disk refuses.
    """
    if suffix not in FORMATS:
        msg = f"a download is one of {', '.join(FORMATS)}, got {suffix!r}"
        raise ConfigError(msg)
    stem = _IMAGE_SUFFIX.sub("", session.image.source.name) or "scan"
    with tempfile.TemporaryDirectory(prefix="vesal-") as folder:
        path = Path(folder) / f"labels.{suffix}"
        written = session.save(path) if suffix == "session.zip" else session.labels().save(path)
        ending = suffix if suffix == "session.zip" else f"labels.{suffix}"
        return Download(name=f"{stem}-{ending}", data=written.read_bytes())
