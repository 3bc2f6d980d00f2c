"""A pair that has been read: an image, and where each structure is in it."""

from dataclasses import dataclass

from vesal.datasets.pair import Pair
from vesal.geometry.patch import Patch
from vesal.images import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A structure, and where it is on the image's grid."""

    name: str
    patch: Patch


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a pair holds.

    Attributes:
        pair: where it was read from.
        image: the image.
        targets: the structures in it that have a voxel, with unique names.
        absent: names of the structures that it was to have and has not.
        notes: what deserves a warning, such as labels that were resampled.
    """

    pair: Pair
    image: Image
    targets: tuple[Target, ...]
    absent: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
