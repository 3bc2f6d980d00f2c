"""Reads a pair: the image, and each structure of its labels as a patch on the image's grid."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
from scipy import ndimage

from vesal.arrays import LabelArray
from vesal.datasets.archive_path import on_disk
from vesal.datasets.challenge import SUFFIX, read_image, read_numbered
from vesal.datasets.matching import on_grid
from vesal.datasets.opened import Opened, Target
from vesal.datasets.pair import LabelFile, Pair, Structure
from vesal.errors import ImageError
from vesal.geometry import Patch
from vesal.images import Image, open_image
from vesal.images.suffix import stem_of
from vesal.labels import open_labels

_WHITE = 255


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Labels:
    """A label file on the grid of its image."""

    array: LabelArray
    names: Mapping[int, str]
    boxes: Sequence[tuple[slice, ...] | None]
    """Around the voxels of each number, from 1 on."""
    notes: tuple[str, ...]


def open_pair(pair: Pair, *, resample: bool = False, only: Sequence[str] = ()) -> Opened:
    """The image of a pair, and the structures in it.

    Labels on the voxels of the image in another order of axes are put in the image's order. What
    lies within a hundredth of a voxel is taken as the same place: headers round.

    Args:
        pair: from `find_pairs`, or made by hand.
        resample: take labels on another grid, by the nearest voxel, and not refuse them.
        only: names of the structures that are wanted, in whatever letters; * and ? stand for any
            letters and one letter. All if there are none.

    Raises:
        ImageError: a file cannot be read, or holds no label numbers.
        GeometryError: labels lie on another grid than the image.
        ResourceError: they do not fit into memory.
    """
    image = image_at(pair.image)
    targets: list[tuple[str, Patch, str]] = []
    absent: list[str] = []
    notes: list[str] = [*image.source.notes]
    for file in pair.labels:
        listed = [structure for structure in file.structures if _wanted(structure.name, only)]
        if file.structures and not listed:
            continue  # not read for nothing: some data sets have a hundred files for an image
        labels = _labels(file.path, image, resample=resample)
        notes += labels.notes
        structures, remark = _meant(file, listed, labels, image.grid.ndim)
        notes += remark
        for structure in structures:
            if not _wanted(structure.name, only):
                continue
            patch = _patch(structure, labels)
            if patch.is_empty:
                absent.append(structure.name)
            else:
                targets.append((structure.name, patch, stem_of(file.path.name)))
    return Opened(
        pair=pair,
        image=image,
        targets=tuple(_unique(targets)),
        absent=tuple(dict.fromkeys(absent)),
        notes=tuple(dict.fromkeys(notes)),
    )


def image_at(path: Path) -> Image:
    """The image of a pair alone: a file or folder of `open_image`, or a case of the challenge.

    It may lie in a zip archive: see `archive_path`.

    Raises:
        VesalError: as for `open_pair`.
    """
    with on_disk(path) as file:
        image = read_image(file) if path.suffix.lower() == SUFFIX else open_image(file)
    if file == path:
        return image
    return replace(image, source=replace(image.source, path=path))  # the file is gone


def _wanted(name: str, only: Sequence[str]) -> bool:
    return not only or any(fnmatchcase(name.casefold(), one.casefold()) for one in only)


def _labels(path: Path, image: Image, *, resample: bool) -> _Labels:
    with on_disk(path) as file:
        return _read_labels(file, image, resample=resample)


def _read_labels(path: Path, image: Image, *, resample: bool) -> _Labels:
    if path.suffix.lower() == SUFFIX:
        array = read_numbered(path, "gts", image.grid.shape)
        return _Labels(array=array, names={}, boxes=ndimage.find_objects(array), notes=())
    read = open_labels(path)
    if read.source.format == "JPEG":
        msg = f"{path.name} is JPEG, which blurs labels; save them as PNG, TIFF or NIfTI"
        raise ImageError(msg)
    array, notes = on_grid(read.array, read.grid, image, path.name, resample=resample)
    return _Labels(
        array=array,
        names={segment.number: segment.name for segment in read.segments},
        boxes=ndimage.find_objects(array),
        notes=notes,
    )


def _meant(
    file: LabelFile, listed: Sequence[Structure], labels: _Labels, ndim: int
) -> tuple[Sequence[Structure], tuple[str, ...]]:
    """The structures to look for, and what is to be said of that.

    Masks of pictures are often 0 and 255, whatever number was said to be in them.
    """
    present = [number for number, box in enumerate(labels.boxes, 1) if box is not None]
    white = ndim == 2 and present == [_WHITE]
    if not file.structures:
        names = {_WHITE: "object"} if white else labels.names
        numbers = sorted({*present, *names})
        return [Structure(name=names.get(n, f"label {n}"), values=(n,)) for n in numbers], ()
    if white and len(file.structures) == 1 and file.structures[0].values not in ((), (_WHITE,)):
        note = f"{file.path.name} is 0 and {_WHITE}: taken as {file.structures[0].name}"
        return [replace(one, values=()) for one in listed], (note,)
    return listed, ()


def _patch(structure: Structure, labels: _Labels) -> Patch:
    whole = labels.array.shape
    values = structure.values or range(1, len(labels.boxes) + 1)
    boxes = [labels.boxes[n - 1] for n in values if n <= len(labels.boxes)]
    part = _around([box for box in boxes if box is not None])
    if part is None:
        return Patch.empty(whole)
    cut = labels.array[part]
    mask = np.isin(cut, structure.values) if structure.values else cut != 0
    return Patch.of(mask, [s.start for s in part], whole)


def _around(boxes: Sequence[tuple[slice, ...]]) -> tuple[slice, ...] | None:
    if not boxes:
        return None
    return tuple(
        slice(min(s.start for s in axis), max(s.stop for s in axis))
        for axis in zip(*boxes, strict=True)
    )


def _unique(targets: Iterable[tuple[str, Patch, str]]) -> Iterator[Target]:
    """Targets with names of their own: that of the file behind names that come twice."""
    named = list(targets)
    counts = Counter(name for name, _, _ in named)
    taken: Counter[str] = Counter()
    for name, patch, file in named:
        full = name if counts[name] == 1 else f"{name} ({file})"
        taken[full] += 1
        yield Target(name=full if taken[full] == 1 else f"{full} {taken[full]}", patch=patch)
