"""The planes in which a picture shows a grid: which axis goes where, and how it is turned.

Planes follow the array's own axes, each shown as the anatomical plane it is closest to, so
an oblique volume is drawn as it was acquired and no voxel is interpolated for the cut.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from vesal.arrays import Voxels
from vesal.geometry.grid import Grid

# Name, the letter that grows out of the plane, the letters at the right and the lower edge.
# Radiological: the viewer looks from the feet and from the front, from the patient's left.
_VOLUME_VIEWS = (
    ("axial", "S", "L", "P"),
    ("coronal", "A", "L", "I"),
    ("sagittal", "R", "P", "I"),
)
_RASTER_VIEWS = (("", "", "R", "D"),)
_OPPOSITE = {
    "R": "L", "L": "R", "A": "P", "P": "A", "S": "I", "I": "S", "U": "D", "D": "U",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """One way to cut a grid and lay the cut on a page.

    Attributes:
        name: "axial", "coronal" or "sagittal"; empty for a raster.
        normal: index axis that leaves the page; None for a raster.
        down: index axis that is drawn downwards.
        right: index axis that is drawn to the right.
        flip_down: whether that axis grows upwards on the page instead.
        flip_right: whether that axis grows to the left on the page instead.
        letters: orientation at the left, right, upper and lower edge; empty for a raster.
        counts: voxels downwards and to the right.
        spacing_mm: distance of voxel centres downwards and to the right.
    """

    name: str
    normal: int | None
    down: int
    right: int
    flip_down: bool
    flip_right: bool
    letters: tuple[str, ...]
    counts: tuple[int, int]
    spacing_mm: tuple[float, float]

    def cut(self, array: Voxels, index: Sequence[float]) -> NDArray[Any]:
        """Return the values on the plane through a continuous index, as they lie on the page.

        The result is (down, right), with a last axis of colours where the array has one.
        """
        if self.normal is not None:
            last = array.shape[self.normal] - 1
            at = min(max(round(index[self.normal]), 0), last)
            array = array[(*[slice(None)] * self.normal, at)]  # NumPy's take may copy it all
        if self.down > self.right:
            array = array.swapaxes(0, 1)
        steps = (-1 if self.flip_down else 1, -1 if self.flip_right else 1)
        return array[:: steps[0], :: steps[1]]

    def on_page(self, index: Sequence[float]) -> tuple[float, float]:
        """Return where an index lies on the cut in mm downwards and to the right.

        The corner of the page is the outer corner of its first voxel.
        """
        along = (index[self.down] + 0.5, index[self.right] + 0.5)
        flips = (self.flip_down, self.flip_right)
        places = zip(along, self.counts, flips, self.spacing_mm, strict=True)
        down, right = ((n - a if flip else a) * mm for a, n, flip, mm in places)
        return down, right


def planes(grid: Grid) -> tuple[Plane, ...]:
    """Return the planes that show a grid: one for a raster or a single slice, else three."""
    views = _VOLUME_VIEWS if grid.ndim == 3 else _RASTER_VIEWS
    every = tuple(_plane(grid, *view) for view in views)
    broad = tuple(plane for plane in every if min(plane.counts) > 1)
    return broad or every[:1]


def _plane(grid: Grid, name: str, out: str, right: str, down: str) -> Plane:
    rows, columns = _axis(grid, down), _axis(grid, right)
    spacing = grid.spacing_mm
    known = grid.ndim == 3  # the letters of a raster say nothing about the patient
    return Plane(
        name=name,
        normal=_axis(grid, out) if out else None,
        down=rows,
        right=columns,
        flip_down=grid.orientation[rows] != down,
        flip_right=grid.orientation[columns] != right,
        letters=(_OPPOSITE[right], right, _OPPOSITE[down], down) if known else (),
        counts=(grid.shape[rows], grid.shape[columns]),
        spacing_mm=(spacing[rows], spacing[columns]),
    )


def _axis(grid: Grid, letter: str) -> int:
    """The index axis that runs along a letter's direction, either way."""
    letters = grid.orientation
    return letters.index(letter if letter in letters else _OPPOSITE[letter])
