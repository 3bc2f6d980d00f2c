"""Surfaces: closed, outside out, where the voxels are."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from tests.grids import UGLY, ugly_grids
from tests.labels.test_write import label_map
from vesal.errors import ImageError
from vesal.geometry import Grid, Patch
from vesal.labels.mesh import signed_volume_mm3, surface


def edges_of(faces: np.ndarray) -> Counter[tuple[int, int]]:
    """How often each directed edge is there."""
    pairs = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    return Counter(map(tuple, pairs.tolist()))


@given(grid=ugly_grids(longest=6))
@settings(deadline=None, max_examples=40)
def test_a_surface_is_closed_and_looks_outwards_on_every_grid(grid: Grid) -> None:
    """Each edge is met once in each direction, and the volume is positive."""
    mask = np.random.default_rng(1).random(grid.shape) < 0.3
    mask[0, 0, 0] = True
    vertices, faces = surface(Patch.of(mask), grid)
    edges = edges_of(faces)
    assert all(edges[b, a] == count for (a, b), count in edges.items())
    assert signed_volume_mm3(vertices, faces) > 0


@pytest.mark.parametrize("name", UGLY)
def test_the_surface_of_one_voxel_is_centred_on_it(name: str) -> None:
    """Also in the corner of the image."""
    grid = UGLY[name]
    mask = np.zeros(grid.shape, np.bool_)
    mask[0, 0, 0] = True
    vertices, _ = surface(Patch.of(mask), grid)
    middle = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
    assert middle == pytest.approx(grid.to_world(np.zeros((1, 3)))[0], abs=1e-4)


def test_a_ball_has_its_volume() -> None:
    """Within one per cent of its voxels."""
    grid = Grid(shape=(40, 40, 40), affine=np.diag([1.0, 1.5, 2.0, 1.0]))
    index = np.stack(np.meshgrid(*[np.arange(40)] * 3, indexing="ij"), -1) - 20
    mask = np.linalg.norm(index, axis=-1) < 15
    volume = signed_volume_mm3(*surface(Patch.of(mask), grid))
    assert volume == pytest.approx(mask.sum() * 3.0, rel=0.01)


def test_stl_and_obj_hold_the_same_triangles(tmp_path: Path) -> None:
    """Binary STL of all segments; OBJ with a group for each; in mm."""
    labels = label_map(UGLY["oblique"], (0, 1, 3))
    stl = labels.save(tmp_path / "a.stl").read_bytes()
    count = int(np.frombuffer(stl, "<u4", 1, 80)[0])
    assert len(stl) == 84 + 50 * count
    lines = labels.save(tmp_path / "a.obj").read_text().splitlines()
    assert [line for line in lines if line.startswith("g ")] == [
        "g liver_&_<bile>",
        "g left_kidney",
    ]
    assert sum(line.startswith("f ") for line in lines) == count
    corners = np.frombuffer(stl, np.dtype([("n", "<f4", 3), ("c", "<f4", 9), ("m", "<u2")]), -1, 84)
    vertices = [[float(v) for v in line.split()[1:]] for line in lines if line.startswith("v ")]
    assert corners["c"].reshape(-1, 3).max(axis=0) == pytest.approx(np.max(vertices, 0), abs=1e-3)


def test_what_has_no_surface_is_refused(tmp_path: Path) -> None:
    """Nothing, or a picture."""
    with pytest.raises(ImageError, match="at least one voxel inside"):
        label_map(UGLY["LPS"], (0,)).save(tmp_path / "a.stl")
    with pytest.raises(ImageError, match="got a 2D image"):
        surface(Patch.of(np.ones((2, 2), np.bool_)), Grid(shape=(2, 2), affine=np.eye(3)))
