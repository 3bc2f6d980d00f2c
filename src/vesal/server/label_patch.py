"""A part of a label map as a page reads it."""

import base64
import zlib
from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, Field

from vesal.session.objects import Objects

_FAST = 1  # of zlib: label maps shrink well at any level


class LabelPatch(BaseModel):
    """The numbers of the objects in a box of voxels."""

    start: list[int] = Field(description="First voxel of the box on each axis of the image.")
    shape: list[int] = Field(description="Voxels of the box on each axis.")
    bytes: int = Field(description="1 or 2 (little endian) a voxel.")
    labels: str = Field(description="Base 64 of zlib of the numbers, first axis fastest.")


def label_patch(objects: Objects, part: Sequence[slice]) -> LabelPatch:
    """The label map of all objects in a range of the image."""
    array = objects.painted(part)
    numbers = np.asfortranarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
    packed = zlib.compress(numbers.tobytes(order="F"), _FAST)
    return LabelPatch(
        start=[s.start for s in part],
        shape=list(array.shape),
        bytes=array.dtype.itemsize,
        labels=base64.b64encode(packed).decode("ascii"),
    )
