"""Surfaces of segments in world mm: STL for one solid, OBJ with a group for each segment.

World is RAS+, as everywhere in vesal; the header of each file says so.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vesal.arrays import LabelArray
from vesal.errors import ImageError
from vesal.extras import needing
from vesal.geometry.grid import Grid
from vesal.geometry.patch import Patch
from vesal.labels.segment import Segment

_LEVEL = 0.5  # half way between the centres of a voxel inside and one outside
_HEADER = b"vesal, RAS+ mm"
_TRIANGLE = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("more", "<u2")])

Vertices = NDArray[np.float64]
"""World mm, (vertex, 3)."""

Faces = NDArray[np.int64]
"""Vertices of triangles, (triangle, 3), counter-clockwise seen from outside."""


def surface(patch: Patch, grid: Grid) -> tuple[Vertices, Faces]:
    """The closed surface of a mask by marching cubes, half way between inside and outside.

    Nothing is smoothed. What touches the border of the image is closed there.

    Args:
        patch: the mask, of a volume.
        grid: of the image.

    Raises:
        ImageError: an empty mask, or one of two axes.
        ResourceError: scikit-image is missing.
    """
    with needing("mesh", "a surface"):
        from skimage.measure import marching_cubes
    if grid.ndim != 3 or patch.is_empty:
        what = "an empty mask" if patch.is_empty else "a 2D image"
        msg = f"a surface needs a volume with at least one voxel inside, got {what}"
        raise ImageError(msg)
    padded = np.pad(patch.array(), 1).astype(np.float32)
    vertices, faces, _, _ = marching_cubes(  # type: ignore[no-untyped-call]
        padded, _LEVEL, allow_degenerate=False
    )
    world = grid.to_world(vertices.astype(np.float64) + np.array(patch.start) - 1)
    order = faces.astype(np.int64)
    if signed_volume_mm3(world, order) < 0:  # a left-handed grid turns every triangle round
        order = order[:, ::-1]
    return world, np.ascontiguousarray(order)


def signed_volume_mm3(vertices: Vertices, faces: Faces) -> float:
    """Volume that a closed surface holds; negative if its triangles look inwards."""
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    return float(np.einsum("ij,ij->i", a - vertices[0], np.cross(b - a, c - a)).sum() / 6)


def write_stl(path: Path, array: LabelArray, grid: Grid, segments: Sequence[Segment]) -> None:
    """Write the surfaces of all segments as one binary STL, which knows no names.

    Raises:
        ImageError: no voxel in any segment, or a label map of two axes.
        ResourceError: scikit-image is missing.
    """
    pieces = [vertices[faces] for _, vertices, faces in _surfaces(array, grid, segments)]
    corners = np.concatenate(pieces)
    triangles = np.zeros(len(corners), _TRIANGLE)
    triangles["corners"] = corners
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    triangles["normal"] = normals / np.maximum(lengths, 1e-30)
    with path.open("wb") as file:
        file.write(_HEADER.ljust(80, b" "))
        file.write(np.uint32(len(triangles)).astype("<u4").tobytes())
        file.write(triangles.tobytes())


def write_obj(path: Path, array: LabelArray, grid: Grid, segments: Sequence[Segment]) -> None:
    """Write the surface of each segment as a group of its name in an OBJ file.

    Raises:
        ImageError: no voxel in any segment, or a label map of two axes.
        ResourceError: scikit-image is missing.
    """
    first = 1  # OBJ counts from 1
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"# {_HEADER.decode()}\n")
        for name, vertices, faces in _surfaces(array, grid, segments):
            file.write("g " + "_".join(name.split()) + "\n")
            np.savetxt(file, vertices, fmt="v %.4f %.4f %.4f")
            np.savetxt(file, faces + first, fmt="f %d %d %d")
            first += len(vertices)


def _surfaces(
    array: LabelArray, grid: Grid, segments: Sequence[Segment]
) -> list[tuple[str, Vertices, Faces]]:
    found = [(one.name, Patch.of(array == one.number)) for one in segments]
    if grid.ndim != 3 or all(patch.is_empty for _, patch in found):
        msg = "a surface needs a volume with at least one voxel inside, got none"
        raise ImageError(msg)
    return [(name, *surface(patch, grid)) for name, patch in found if not patch.is_empty]
