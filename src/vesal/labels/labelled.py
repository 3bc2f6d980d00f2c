"""What the writers of files need of a label map."""

from typing import Protocol, runtime_checkable

from vesal.arrays import LabelArray
from vesal.geometry.grid import Grid
from vesal.images.source import Source
from vesal.labels.segment import Segment


@runtime_checkable
class Labelled(Protocol):
    """Objects that do not overlap, in one array on a grid: a `LabelMap`, seen from below."""

    @property
    def array(self) -> LabelArray:
        """The number of the object in each voxel; 0 is background."""
        ...

    @property
    def grid(self) -> Grid:
        """Where the voxels are."""
        ...

    @property
    def segments(self) -> tuple[Segment, ...]:
        """One for each number in the array."""
        ...

    @property
    def source(self) -> Source:
        """Of the image."""
        ...

    def segment(self, number: int) -> Segment:
        """The segment with this number."""
        ...
