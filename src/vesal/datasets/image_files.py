"""Files of a folder that may be images."""

from pathlib import Path

from vesal.errors import ImageError
from vesal.images.dicom import looks_like_dicom
from vesal.images.nifti import unpacked_head
from vesal.images.suffix import suffix_of

_DICOM_HEAD_BYTES = 4096


def is_image(name: str) -> bool:
    """Whether a file of a data set may be an image; a zip file is more likely all of the data."""
    return suffix_of(name).lower() not in ("", ".zip")


def image_files(folder: Path, ending: str = "") -> tuple[Path, ...]:
    """The image files of a folder, by their names, in order; hidden ones are none.

    Args:
        folder: that exists.
        ending: of their names; all formats that can be read where it is not given.
    """
    return tuple(
        path
        for path in sorted(folder.iterdir())
        if not path.name.startswith(".")  # "._x.nii.gz" of macOS holds no image
        and (path.name.endswith(ending) if ending else is_image(path.name))
        and path.is_file()
    )


def folders(folder: Path) -> tuple[Path, ...]:
    """The folders in a folder, in the order of their names, without hidden ones."""
    return tuple(
        path for path in sorted(folder.iterdir()) if not path.name.startswith(".") and path.is_dir()
    )


def is_dicom_folder(folder: Path) -> bool:
    """Whether the first file of a folder is DICOM."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or not path.is_file():
            continue
        try:
            return looks_like_dicom(unpacked_head(path, _DICOM_HEAD_BYTES))
        except (OSError, ImageError):
            return False
    return False
