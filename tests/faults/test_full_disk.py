"""No writer leaves anything but the whole file that was there before, whatever the disk says."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.export.tiny import tiny
from tests.faults.disks import all_of, fill, make_read_only, room_for, small_disk
from tests.grids import UGLY, speckle
from tests.labels.series import GRIDS, label_map, series
from tests.networks import random_network, tiny_config
from tests.session.small import new_session
from tests.training.test_case import case_of
from tests.volumes import ball_volume
from vesal.checkpoints.load import save_model
from vesal.checkpoints.write import write_family_file
from vesal.cohort.report import write_report
from vesal.curation.catalogue import write_catalogue
from vesal.curation.volume_files import write_label
from vesal.datasets import Pair
from vesal.errors import ResourceError
from vesal.evaluation.results import Result, Results
from vesal.export.onnx_file import save as save_onnx
from vesal.export.write import _scratch
from vesal.geometry import Grid
from vesal.images import Image, Mask
from vesal.images.picture import Row, save_sheet
from vesal.images.source import Source
from vesal.images.write import move, replacing
from vesal.labels import LabelMap
from vesal.training.state import save_state

FLAT = Grid(shape=(9, 8), affine=np.diag((2.0, 3.0, 1.0)))
Write = Callable[[Path], object]


def _labels(suffix: str) -> Write:
    """A writer of label maps; those of DICOM lie on a series that is in the folder."""

    def write(path: Path) -> object:
        if suffix.endswith(".dcm"):
            folder = path.parent.parent / "series"
            return label_map(GRIDS["axial"], series(folder, GRIDS["axial"]), 1, 2).save(path)
        grid = FLAT if suffix in (".png", ".tif") else UGLY["LPS"]
        return label_map(grid, Source(), 1, 2).save(path)

    return write


def _picture(path: Path) -> object:
    image = Image(array=speckle(FLAT.shape).astype(np.uint8), grid=FLAT)
    mask = Mask(array=speckle(FLAT.shape), grid=FLAT)
    return save_sheet(path, [Row(image=image, mask=mask, title="x")], title="x")


WRITERS: dict[str, Write] = {
    **{f"m{suffix}": _labels(suffix) for suffix in (".nii.gz", ".nii", ".seg.nrrd", ".mha")},
    **{f"m{suffix}": _labels(suffix) for suffix in (".png", ".tif", ".stl", ".obj")},
    **{f"m{suffix}": _labels(suffix) for suffix in (".seg.dcm", ".rtstruct.dcm")},
    "sheet.png": _picture,
    "session.zip": lambda path: new_session().save(path),
    "report.csv": lambda path: write_report(path.parent, {}),
    "checkpoint.pt": lambda path: save_state(path, {"step": torch.zeros(5000)}),
    "model.safetensors": partial(save_model, random_network(tiny_config())),
    "case.safetensors": lambda path: case_of(path, UGLY["LPS"]),
    "volume.npz": lambda path: ball_volume().save(path),
    "label.nii.gz": lambda path: write_label(path, speckle((9, 9, 9)), UGLY["LPS"]),
}


@pytest.mark.parametrize("size_bytes", [0, 300])
@pytest.mark.parametrize("name", WRITERS)
def test_a_writer_without_room_says_so_and_leaves_what_was_there(
    name: str, size_bytes: int, tmp_path: Path
) -> None:
    """Refused at the first byte, or in the middle: one sentence, the old file, and no other."""
    path = tmp_path / "out" / name
    path.parent.mkdir()
    path.write_bytes(b"old")
    with room_for(size_bytes), pytest.raises(ResourceError, match="cannot be written") as caught:
        WRITERS[name](path)
    assert "\n" not in str(caught.value)
    assert all_of(path.parent) == {name: b"old"}
    WRITERS[name](path)
    assert path.read_bytes() != b"old"
