"""Grids as ugly as real files bring them; geometry is tested on nothing else.

A diagonal affine of ones hides every mixed-up axis, sign and unit.
"""

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from vesal.geometry import Grid


def rotation(*degrees: float) -> NDArray[np.float64]:
    """Turn about x, then y, then z, as a 3x3 matrix."""
    matrix = np.eye(3)
    for axis, angle in enumerate(np.deg2rad(degrees)):
        first, second = (axis + 1) % 3, (axis + 2) % 3
        turn = np.eye(3)
        turn[first, first] = turn[second, second] = np.cos(angle)
        turn[second, first], turn[first, second] = np.sin(angle), -np.sin(angle)
        matrix = turn @ matrix
    return matrix


def grid_of(
    shape: tuple[int, ...],
    directions: NDArray[np.float64],
    spacing_mm: tuple[float, ...],
    origin_mm: tuple[float, ...],
) -> Grid:
    """Build a grid from directions (columns), spacing and the centre of the first voxel."""
    affine = np.eye(len(shape) + 1)
    affine[:-1, :-1] = directions * np.array(spacing_mm)
    affine[:-1, -1] = origin_mm
    return Grid(shape=shape, affine=affine)


_PERMUTED = np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])
_SHEAR = np.array([[1.0, 0.3, -0.2], [0, 1, 0.25], [0, 0, 1]])

UGLY: dict[str, Grid] = {
    "LPS": grid_of((9, 8, 7), np.diag([-1.0, -1, 1]), (0.7, 0.8, 2.5), (100, 120, -300)),
    "permuted": grid_of((7, 9, 8), _PERMUTED, (3.0, 0.5, 1.25), (-20, 35, 10)),
    "flipped": grid_of((8, 7, 9), np.diag([-1.0, -1, -1]), (1.5, 1, 2), (12, -8, 40)),
    "left-handed": grid_of((8, 9, 7), np.diag([-1.0, 1, 1]), (1.1, 0.9, 3), (45, -60, 7)),
    "oblique": grid_of((9, 8, 8), rotation(20, -35, 50), (0.9, 1.2, 2.2), (-33, 21, 64)),
    "oblique permuted": grid_of(
        (8, 7, 9), rotation(5, 170, -15) @ _PERMUTED, (1, 2, 0.75), (3, -90, 14)
    ),
    "sheared": grid_of((9, 9, 8), rotation(10, 15, -25) @ _SHEAR, (1, 1.4, 2), (5, 6, -7)),
    "sheared left-handed": grid_of(
        (8, 9, 9), np.diag([1.0, -1, 1]) @ _SHEAR, (0.8, 1.5, 1), (-15, 60, 70)
    ),
    "anisotropic": grid_of((30, 12, 4), np.diag([1.0, -1, 1]), (0.3, 1, 10), (0, 250, -900)),
    "single slice": grid_of((11, 9, 1), rotation(0, 0, 90), (0.6, 0.6, 5), (80, -40, 1200)),
    "single column": grid_of((1, 9, 6), rotation(90, 0, 0), (4, 0.5, 2), (-7, 8, 9)),
    "one voxel": grid_of((1, 1, 1), np.diag([-1.0, -1, 1]), (2, 3, 4), (1, 2, 3)),
    "tiny": grid_of((3, 2, 1), rotation(30, 0, 0), (1, 5, 0.3), (0.5, 0.25, -0.125)),
}
"""Name to 3D grid."""

SHEARED = frozenset(name for name in UGLY if name.startswith("sheared"))
"""The names of the grids that a rotation and spacings cannot describe."""

RASTERS: dict[str, Grid] = {
    "pixels": grid_of((12, 9), np.array([[0.0, 1], [1, 0]]), (1, 1), (0, 0)),
    "detector": grid_of((8, 13), np.array([[0.0, 1], [1, 0]]), (0.2, 0.14), (0, 0)),
    "placed": grid_of((7, 10), np.array([[0.0, 1], [1, 0]]), (0.5, 2), (-30, 12)),
    "mirrored": grid_of((10, 7), np.array([[0.0, -1], [1, 0]]), (1.5, 1), (20, 3)),
}
"""Name to 2D grid; index (row, column), world (x right, y down)."""


@st.composite
def ugly_grids(draw: st.DrawFn, *, sheared: bool = True, longest: int = 9) -> Grid:
    """Draw a 3D grid: any rotation or reflection, 0.3 to 10 mm, far away, maybe sheared."""
    angle = st.integers(-1800, 1800)  # tenths of a degree: ITK stumbles over 1e-300 radians
    directions = rotation(draw(angle) / 10, draw(angle) / 10, draw(angle) / 10)
    directions = directions[:, draw(st.permutations(range(3)))]
    directions = directions * draw(st.tuples(*[st.sampled_from([-1, 1])] * 3))
    if sheared and draw(st.booleans()):
        shear = np.eye(3)
        shear[np.triu_indices(3, 1)] = draw(st.tuples(*[st.floats(-0.5, 0.5)] * 3))
        directions = directions @ shear
    return grid_of(
        draw(st.tuples(*[st.integers(1, longest)] * 3)),
        directions,
        draw(st.tuples(*[st.floats(0.3, 10)] * 3)),
        draw(st.tuples(*[st.floats(-1000, 1000)] * 3)),
    )


def speckle(shape: tuple[int, ...], seed: int = 7) -> NDArray[np.bool_]:
    """Return a mask without any symmetry, so that no flip or swap goes unseen."""
    mask: NDArray[np.bool_] = np.random.default_rng(seed).random(shape) < 0.4
    mask[(0,) * len(shape)] = True
    return mask
