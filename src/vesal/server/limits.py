"""How much a server takes from outside before it says no."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds that are held against what is claimed before anything is allocated.

    Attributes:
        upload_bytes: of one request. The largest CT volumes are below 1 GiB as DICOM.
        unpacked_bytes: of all files in a zip together, counted while they are unpacked.
        files: in one upload or zip. A whole-body series has a few thousand slices.
        image_bytes: of the voxels of one image, in its own type.
        listed: files and folders that are looked at to list a served folder.
    """

    upload_bytes: int = 2 * 2**30
    unpacked_bytes: int = 4 * 2**30
    files: int = 20_000
    image_bytes: int = 4 * 2**30
    listed: int = 50_000
