"""The same voxels with axes exchanged and turned to the nearest ones of right, front and head.

Those of a raster are turned to down and right.
"""

import numpy as np

from vesal.arrays import TurnedVoxels, Voxels
from vesal.geometry.grid import Grid

_LETTERS = {2: "DR", 3: "RAS"}
_OPPOSITE = {"R": "L", "A": "P", "S": "I", "D": "U"}


def upright(array: Voxels, grid: Grid) -> tuple[TurnedVoxels, Grid]:
    """A view of the array with its axes turned upright, and the grid of that view."""
    turns = _turns(grid)
    steps = tuple(slice(None, None, 1 if grows else -1) for _, grows in turns)
    return array.transpose([old for old, _ in turns])[steps], upright_grid(grid)


def upright_grid(grid: Grid) -> Grid:
    """The grid of the same voxels with its axes turned upright."""
    matrix = np.zeros((grid.ndim + 1, grid.ndim + 1))
    matrix[-1, -1] = 1.0
    shape = []
    for axis, (old, grows) in enumerate(_turns(grid)):
        matrix[old, axis] = 1.0 if grows else -1.0
        matrix[old, -1] = 0.0 if grows else grid.shape[old] - 1.0
        shape.append(grid.shape[old])
    return Grid(shape=tuple(shape), affine=grid.affine @ matrix)


def _turns(grid: Grid) -> list[tuple[int, bool]]:
    """For each upright axis which of the grid's it is, and whether that grows the same way."""
    own = grid.orientation
    return [
        (own.index(letter if letter in own else _OPPOSITE[letter]), letter in own)
        for letter in _LETTERS[grid.ndim]
    ]
