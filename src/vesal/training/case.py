"""A prepared image with its structures in one file, of which a window is read at a time.

A safetensors file is memory-mapped: a window costs the pages under it, and the system, not vesal,
decides what stays in memory. Axes are stored in reverse, so that a slice across the last index axis
(the axial one of most files) lies in one piece. Each structure is the box around it, a bit a voxel.
"""

import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from vesal.arrays import MaskArray, Voxels
from vesal.errors import ResourceError
from vesal.geometry import Grid, Patch
from vesal.images.normalisation import Moments
from vesal.images.write import replacing

SUFFIX = ".safetensors"
_KEY = "case"
# What a damaged file, or one that is no case, leads to.
_UNFIT = (OSError, SafetensorError, ValueError, LookupError, TypeError, RecursionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A structure in a case: its name, the box around it, and how large it is."""

    name: str
    start: tuple[int, ...]
    """First voxel of the box on each index axis."""
    shape: tuple[int, ...]
    voxels: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """What is known of a prepared image without reading it; small, and fit to be sent elsewhere.

    Attributes:
        path: of the file with the voxels.
        name: of the pair it comes from.
        dataset: the pair's.
        modality: the pair's, "CT", "MR", ... or "".
        patient: the pair's.
        grid: of what is stored, which may be coarser or finer than the image's own.
        colour: whether it is a picture of red, green and blue.
        structures: those that have a voxel on the grid.
        bounds: two percentiles of the image, 0.5 and 99.5.
        moments: of the image on its own grid.
        notes: what deserves a warning.
    """

    path: Path
    name: str
    dataset: str
    modality: str
    patient: str
    grid: Grid
    colour: bool
    structures: tuple[Held, ...]
    bounds: tuple[float, float]
    moments: Moments
    notes: tuple[str, ...] = ()

    @contextmanager
    def opened(self) -> Iterator["Reading"]:
        """The voxels, for as long as they are needed.

        Raises:
            ResourceError: the file is gone or damaged.
        """
        try:
            with safe_open(self.path, framework="numpy") as file:
                yield Reading(self, file)
        except (OSError, SafetensorError) as error:
            msg = f"{self.path} of {self.name} is gone or damaged ({error}); start again to mend it"
            raise ResourceError(msg) from error


class Reading:
    """An open case."""

    def __init__(self, case: Case, file: Any) -> None:  # noqa: ANN401  # safetensors has no types
        self._case, self._file = case, file

    def values(self, part: Sequence[slice], *, fill: float = 0.0) -> Voxels:
        """The image in an index range, which may reach beyond it: `fill` there.

        A colour picture has a last axis of red, green and blue.

        Args:
            part: with a start and a stop on each index axis.
            fill: a value that the stored type can hold.
        """
        shape = [s.stop - s.start for s in part]
        there, here = _common(part, [slice(0, n) for n in self._case.grid.shape])
        stored = self._file.get_slice("image")
        colours = [3] if self._case.colour else []
        if there is None or here is None:
            return np.full([*shape, *colours], fill, self._type(stored))
        found: NDArray[Any] = stored[here[::-1]]
        found = _reversed(found, len(shape))
        if list(found.shape[: len(shape)]) == shape:
            return found
        values = np.full([*shape, *colours], fill, found.dtype)
        values[there] = found
        return values

    def mask(self, number: int, part: Sequence[slice]) -> MaskArray:
        """A structure of the case in an index range, which may reach beyond the image."""
        held = self._case.structures[number]
        mask = np.zeros([s.stop - s.start for s in part], np.bool_)
        box = [slice(a, a + n) for a, n in zip(held.start, held.shape, strict=True)]
        there, here = _common(part, box)
        if there is None or here is None:
            return mask
        first, last = here[0].start // 8, -(-here[0].stop // 8)  # bytes that hold the first axis
        packed = self._file.get_slice(f"mask{number}")[(*here[:0:-1], slice(first, last))]
        bits = np.unpackbits(packed, axis=-1)
        skipped = here[0].start - 8 * first
        inner = bits[..., skipped : skipped + here[0].stop - here[0].start]
        mask[there] = inner.T
        return mask

    def _type(self, stored: Any) -> np.dtype[Any]:  # noqa: ANN401
        part = tuple(slice(0, 1) for _ in stored.get_shape())
        one: NDArray[Any] = stored[part]
        return one.dtype


def save_case(case: Case, image: Voxels, patches: Sequence[Patch]) -> None:
    """Write a case to its path, whole or not at all.

    Args:
        case: what is known of it.
        image: on the case's grid, with a last axis of three if it is coloured.
        patches: of the case's structures.

    Raises:
        ResourceError: the disk refuses.
    """
    arrays: dict[str, NDArray[Any]] = {
        "image": np.ascontiguousarray(_reversed(image, case.grid.ndim))
    }
    for number, patch in enumerate(patches):
        bits = np.packbits(patch.array().T, axis=-1)
        arrays[f"mask{number}"] = np.ascontiguousarray(bits)
    facts = {
        "name": case.name,
        "dataset": case.dataset,
        "modality": case.modality,
        "patient": case.patient,
        "shape": case.grid.shape,
        "affine": case.grid.affine.tolist(),
        "colour": case.colour,
        "structures": [[h.name, h.start, h.shape, h.voxels] for h in case.structures],
        "bounds": case.bounds,
        "moments": [case.moments.mean, case.moments.deviation],
        "notes": case.notes,
    }
    facts["sums"] = {name: _sum(array) for name, array in arrays.items()}
    text = json.dumps(facts)
    with replacing(case.path, SUFFIX, lasting=False) as temporary:
        try:
            save_file(arrays, temporary, {_KEY: f"{_check(text)} {text}"})  # in no order, if two
        except SafetensorError as error:  # how it says that the disk is full
            raise OSError(str(error)) from error


def load_case(path: Path) -> Case | None:
    """The case in a file of `save_case`; None where there is none that is whole.

    The file is read through once: not a byte of it may have changed.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            check, _, text = file.metadata()[_KEY].partition(" ")
            found = {name: _sum(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118
        facts = json.loads(text)
        if check != _check(text) or facts["sums"] != found:
            return None
        return Case(
            path=path,
            name=facts["name"],
            dataset=facts["dataset"],
            modality=facts["modality"],
            patient=facts["patient"],
            grid=Grid(shape=tuple(facts["shape"]), affine=np.array(facts["affine"])),
            colour=facts["colour"],
            structures=tuple(
                Held(name=name, start=tuple(start), shape=tuple(shape), voxels=voxels)
                for name, start, shape, voxels in facts["structures"]
            ),
            bounds=tuple(facts["bounds"]),
            moments=Moments(mean=facts["moments"][0], deviation=facts["moments"][1]),
            notes=tuple(facts["notes"]),
        )
    except _UNFIT:
        return None


def _sum(array: NDArray[Any]) -> int:
    """A checksum that changes with any byte of an array, its type and its shape."""
    return zlib.crc32(array.data, zlib.crc32(f"{array.dtype} {array.shape}".encode()))


def _check(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"


def _reversed(array: NDArray[Any], ndim: int) -> NDArray[Any]:
    """The index axes in reverse, colours last."""
    return array.transpose((*range(ndim)[::-1], *range(ndim, array.ndim)))


def _common(
    part: Sequence[slice], box: Sequence[slice]
) -> tuple[tuple[slice, ...], tuple[slice, ...]] | tuple[None, None]:
    """What two ranges share: as slices of the first, and of the second; nothing if it is empty."""
    rows = list(zip(part, box, strict=True))
    shared = [(max(a.start, b.start), min(a.stop, b.stop)) for a, b in rows]
    if any(stop <= start for start, stop in shared):
        return None, None
    ends = list(zip(shared, rows, strict=True))
    first = tuple(slice(low - a.start, high - a.start) for (low, high), (a, _) in ends)
    second = tuple(slice(low - b.start, high - b.start) for (low, high), (_, b) in ends)
    return first, second
