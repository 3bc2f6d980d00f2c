"""The model inside the package, on real scans, through the whole path."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

import vesal
from vesal.images import Image
from vesal.models.promptable import Promptable


@pytest.fixture(scope="module")
def mini() -> Promptable:
    """The shipped weights, loaded once."""
    return vesal.load_model("vesal-mini")


@pytest.fixture(scope="module")
def ct(scans: Path) -> Image:
    """The CT that vesal ships."""
    return vesal.open_image(scans / "example_ct.nii.gz")


def voxel_mm(image: Image, voxel: tuple[int, ...]) -> tuple[float, ...]:
    """The world position of a voxel's centre."""
    point = image.grid.to_world(np.array([voxel], np.float64))[0]
    return tuple(float(v) for v in point)


def test_five_lines_of_python_as_in_the_readme(
    scans: Path, mini: Promptable, ct: Image, tmp_path: Path
) -> None:
    """Open, session, click, save; read back it is the same mask on the same grid.

    And no chance is involved: the same click gives the same bits to another model and session.
    """
    image = vesal.open_image(scans / "example_ct.nii.gz")
    session = vesal.Session(image, model="vesal-mini")
    mask = session.click(voxel_mm(image, (85, 50, 60)))
    read = vesal.open_image(mask.save(tmp_path / "liver.nii.gz"))
    assert np.array_equal(read.array > 0, mask.array)
    assert read.grid.same_as(image.grid)
    again = vesal.Session(ct, mini).click(voxel_mm(ct, (85, 50, 60)))
    assert np.array_equal(again.array, mask.array)


def test_a_clicked_voxel_is_never_lost(mini: Promptable, ct: Image) -> None:
    """Anywhere in the scan, air and bone too; a second click and a negative one likewise."""
    rng = np.random.default_rng(4)
    air, bone = (np.unravel_index(at(ct.array), ct.grid.shape) for at in (np.argmin, np.argmax))
    random = [tuple(int(rng.integers(n)) for n in ct.grid.shape) for _ in range(4)]
    voxels = [tuple(int(n) for n in voxel) for voxel in (air, bone)] + random
    assert len(set(voxels)) == 6
    for one, two, out in (voxels[::2], voxels[1::2]):
        session = vesal.Session(ct, mini)
        assert session.click(voxel_mm(ct, one)).array[one]
        session.click(voxel_mm(ct, two))
        mask = session.click(voxel_mm(ct, out), positive=False).array
        assert mask[one]
        assert mask[two]
        assert not mask[out]


def test_it_works_the_same_on_a_picture(mini: Promptable, data: Path, tmp_path: Path) -> None:
    """A nucleus in a PNG from one click at (x, y): most of it, and little else."""
    cells = vesal.open_image(data / "img2d.tif").array.astype(np.float32)
    shown = np.clip(255 * (cells - cells.min()) / np.percentile(cells, 99.5), 0, 255)
    Picture.fromarray(shown.astype(np.uint8)).save(tmp_path / "cells.png")
    labels = vesal.open_image(data / "mask2d.tif").array
    label = int(np.argmax(np.bincount(labels.ravel())[1:]) + 1)
    row, column = np.argwhere(labels == label).mean(axis=0)
    image = vesal.open_image(tmp_path / "cells.png")
    mask = vesal.Session(image, mini).click((float(column), float(row))).array
    truth = labels == label
    assert 2 * (mask & truth).sum() / (mask.sum() + truth.sum()) > 0.6


def test_it_works_on_a_dicom_series_and_on_one_slice(mini: Promptable, data: Path) -> None:
    """A thin stack, and a volume of one slice cut from it."""
    series = vesal.open_image(data / "example_ct_dicom")
    assert vesal.Session(series, mini).click(voxel_mm(series, (180, 250, 10))).array.any()
    array = np.ascontiguousarray(series.array[:, :, 10:11])
    one = Image(array=array, grid=series.grid.crop((0, 0, 10), (512, 512, 11)))
    assert vesal.Session(one, mini).click(voxel_mm(one, (180, 250, 0))).array[180, 250, 0]
