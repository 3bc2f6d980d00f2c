"""Finds the pairs of a data set, whatever its folders look like; the content decides."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from vesal.datasets.bids import find_bids
from vesal.datasets.challenge_folder import find_challenge
from vesal.datasets.found import Found
from vesal.datasets.image_files import folders
from vesal.datasets.nnunet import find_nnunet
from vesal.datasets.plain import find_apart, find_beside, find_case_folders
from vesal.datasets.sam_med2d import find_sam_med2d
from vesal.datasets.sam_med3d import find_sam_med3d
from vesal.datasets.table import find_in_table
from vesal.errors import ConfigError

_Layout = Callable[[Path], Found | None]
# What is surest first: names that nobody gives by chance before plain ones.
_LAYOUTS: tuple[_Layout, ...] = (
    find_in_table,
    find_sam_med2d,
    find_challenge,
    find_bids,
    find_sam_med3d,
    find_apart,
    find_beside,
    find_case_folders,
)
_LOOKED_FOR = (
    "a table (CSV), nnU-Net or Decathlon (dataset.json), SAM-Med2D (JSON), challenge npz, BIDS "
    "(sub-*_dseg.nii.gz), SAM-Med3D (category/ct_dataset/imagesTr), images/ and labels/, "
    "x.nii.gz beside x_label.nii.gz, or a folder for each case"
)
_MOST_NAMED = 5


def find_pairs(source: Path, *, channel: int = 0) -> Found:
    """The images of a data set that have labels, how they were found, and what was left out.

    Reads tables (CSV), nnU-Net versions 1 and 2, the Medical Segmentation Decathlon, BIDS
    derivatives, SAM-Med3D, SAM-Med2D, npz files of the CVPR 2025 challenge, and plain folders;
    SAM-Med2D and SAM-Med3D out of zip archives too. No image is opened.

    Args:
        source: a folder, a table, a JSON file of SAM-Med2D, or a zip archive (the last part of a
            split one).
        channel: which image of a case of nnU-Net that has several.

    Raises:
        ConfigError: nothing that is known, nothing that has a label, or two cases of one name.
    """
    if not source.exists():
        msg = f"{source} is not there; give the folder or the table of a data set"
        raise ConfigError(msg)
    layouts: tuple[_Layout, ...] = (partial(find_nnunet, channel=channel), *_LAYOUTS)
    for layout in layouts:
        known = layout(source)
        if known is None:
            continue
        if not known.pairs:
            why = "; ".join(known.notes) or "it is empty"
            msg = f"{source} ({known.layout}) has no image with a label: {why}"
            raise ConfigError(msg)
        if channel and known.layout != "nnU-Net":
            msg = f"only nnU-Net has channels, but {source} is another layout, got {channel}"
            raise ConfigError(msg)
        return known
    msg = f"{source} is no data set that is known: looked for {_LOOKED_FOR}; got {_held(source)}"
    raise ConfigError(msg)


def _held(source: Path) -> str:
    """What is there, in a few words."""
    if source.is_file():
        return f"a file {source.name}"
    inside = folders(source)
    files = [path for path in sorted(source.iterdir()) if path.is_file()]
    parts = []
    for kind, paths in (("folders", inside), ("files", files)):
        names = ", ".join(path.name for path in paths[:_MOST_NAMED])
        more = ", ..." if len(paths) > _MOST_NAMED else ""
        parts.append(f"{len(paths)} {kind} ({names}{more})" if paths else f"no {kind}")
    return " and ".join(parts)
