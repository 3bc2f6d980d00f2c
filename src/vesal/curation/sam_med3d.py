"""The rules of SA-Med3D-140K (SAM-Med3D, arXiv:2310.15161, section 4), on volumes.

In the paper's order: a mask must have a volume of 1 ml, be 15 mm long along each axis, and fill a
hundredth of the volume; its five largest pieces are kept; what is there twice is split into left
and right. All is measured on the grid the mask came on, nothing again after a later step.
Then image (linear) and mask (nearest) are brought to 1.5 mm along the nearest axes of RAS. The
paper's public conversion script has none of the rules; it leaves out what is below 10 mm^3.
"""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path, PurePosixPath

import numpy as np

from vesal.arrays import MaskArray, MovedMask
from vesal.curation.listing import write_listing
from vesal.curation.mask_rules import (
    largest_pieces,
    share,
    too_short,
    too_small,
    too_sparse,
    volume_mm3,
)
from vesal.curation.row import Row, row_for
from vesal.curation.sides import PAIRED, Apart, is_paired, singular, split_sides
from vesal.curation.volume_files import SUFFIX, link, write_image, write_label
from vesal.datasets import Opened, Target
from vesal.datasets.nnunet import ENDINGS
from vesal.datasets.sam_med3d import PATIENTS
from vesal.errors import ConfigError, ImageError
from vesal.geometry import Grid, Patch, resample
from vesal.inference.lattice import lattice_of, read_window
from vesal.labels.write import safe_names

VOLUME, EXTENT, SHARE, LOST = "volume", "extent", "share", "lost"
REASONS = {
    VOLUME: "volume below the least",
    EXTENT: "extent below the least along an axis",
    SHARE: "fills too small a part of the image",
    LOST: "no voxel is left at the new spacing",
}
"""Reasons for which these rules leave a mask out, in words."""
_FOLDERS = {part: ending for ending, part in ENDINGS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class SamMed3dRules:
    """The rules of SA-Med3D-140K, with the paper's thresholds.

    Attributes:
        least_volume_mm3: of a mask.
        least_extent_mm: of the box round a mask, along each axis of the array.
        least_share: of the voxels of the volume that are inside, 0 to 1.
        most_pieces: connected ones that are kept, the largest.
        split_sides: whether paired structures become a left and a right one.
        paired: names of structures that are split, in the singular.
        side_gap: voxels between the sides at most, as a share of the fullest slab of either.
        side_share: voxels of each side at least, as a share of both.
        side_apart_mm: between the middles of both sides at least.
        spacing_mm: of what is written, on all axes.

    Raises:
        ConfigError: a number that makes no sense.
    """

    least_volume_mm3: float = 1000.0
    least_extent_mm: float = 15.0
    least_share: float = 0.01
    most_pieces: int = 5
    split_sides: bool = True
    paired: tuple[str, ...] = PAIRED
    side_gap: float = 0.1
    side_share: float = 0.1
    side_apart_mm: float = 20.0
    spacing_mm: float = 1.5

    def __post_init__(self) -> None:
        for name in ("least_volume_mm3", "least_extent_mm", "side_apart_mm"):
            _check(name, getattr(self, name), 0.0, math.inf)
        for name in ("least_share", "side_gap"):
            _check(name, getattr(self, name), 0.0, 1.0)
        _check("side_share", self.side_share, 0.0, 0.5)
        _check("spacing_mm", self.spacing_mm, 0.01, 50.0)
        _check("most_pieces", float(self.most_pieces), 1.0, math.inf)

    @property
    def name(self) -> str:
        """How `vesal curate --rules` calls them."""
        return "sam-med3d"

    def prepare(self, names: Mapping[str, Collection[str]]) -> "SamMed3dRules":
        """The rules as they are: a structure is its own category, whatever others there are."""
        return self

    def curate(self, opened: Opened, part: str, output: Path) -> tuple[Row, ...]:
        """Write what is kept of a case, below ``category/modality_dataset``; see `Rules`.

        Raises:
            ImageError: the image is no volume.
            ResourceError: the disk refuses.
        """
        if opened.image.grid.ndim != 3:
            msg = (
                f"{opened.image.source.name} is a picture, but the rules of sam-med3d are for "
                "volumes; take --rules sam-med2d"
            )
            raise ImageError(msg)
        rows: list[Row] = []
        writer = _Writer(self, opened, part, output)
        for target in opened.targets:
            rows += self._of_target(opened, target, part, writer)
        return tuple(rows)

    def finish(self, rows: tuple[Row, ...], output: Path) -> None:
        """Write whose image each case is, where its name does not say it; `find_pairs` reads it.

        Raises:
            ResourceError: the disk refuses.
        """
        told: dict[str, dict[str, str]] = {}
        for row in rows:
            if row.image and row.patient != row.case:
                told.setdefault(PurePosixPath(row.image).parts[1], {})[row.case] = row.patient
        patients = {dataset: dict(sorted(told[dataset].items())) for dataset in sorted(told)}
        write_listing(output / PATIENTS, patients)

    def _of_target(
        self, opened: Opened, target: Target, part: str, writer: "_Writer"
    ) -> Iterator[Row]:
        grid = opened.image.grid
        mask, found = largest_pieces(target.patch.array(), self.most_pieces)
        row = _row(opened, target, part, found)
        reason, why = self.judged(target.patch, grid)
        if reason:
            yield replace(row, reason=reason, detail=why)
            return
        for side, patch in self._sides(target, mask, grid).items():
            yield writer.written(
                replace(row, piece=side, volume_mm3=volume_mm3(patch, grid)), patch
            )

    def judged(self, patch: Patch, grid: Grid) -> tuple[str, str]:
        """The first rule that a mask breaks, its word and a sentence; ("", "") if none."""
        broken = (
            (VOLUME, too_small(patch, grid, self.least_volume_mm3)),
            (EXTENT, too_short(patch, grid, self.least_extent_mm)),
            (SHARE, too_sparse(patch, grid, self.least_share)),
        )
        return next(((word, why) for word, why in broken if why), ("", ""))

    def _sides(self, target: Target, mask: MaskArray, grid: Grid) -> dict[str, Patch]:
        """What is kept of a target by its side, "" where it has none."""
        patch = target.patch
        parts = {"": mask}
        if self.split_sides and is_paired(target.name, self.paired):
            stop = [a + n for a, n in zip(patch.start, patch.shape, strict=True)]
            apart = Apart(gap=self.side_gap, share=self.side_share, middles_mm=self.side_apart_mm)
            parts = split_sides(mask, grid.crop(patch.start, stop), apart) or parts
        return {side: Patch.of(m, patch.start, patch.whole) for side, m in parts.items()}


class _Writer:
    """Writes the masks of one case, and its image beside each.

    Args:
        rules: whose spacing counts.
        opened: the case.
        part: of the data set.
        output: folder of the curated set.
    """

    def __init__(self, rules: SamMed3dRules, opened: Opened, part: str, output: Path) -> None:
        self._opened, self._output, self._part = opened, output, part
        self._lattice = lattice_of(opened.image.grid, rules.spacing_mm)
        self._taken: set[str] = set()
        self._image: Path | None = None

    def written(self, row: Row, patch: Patch) -> Row:
        """The row of a mask that was written, or was lost on the way to the new grid."""
        mask = moved(patch, self._opened.image.grid, self._lattice)
        voxels = int(np.count_nonzero(mask))
        if not voxels:
            why = "the mask is so thin that no voxel is left of it at the new spacing"
            return replace(row, reason=LOST, detail=why)
        folder = f"{self._category(row)}/{_dataset_folder(self._opened)}"
        file = f"{_FOLDERS[self._part]}/{self._opened.pair.name}{SUFFIX}"
        image, label = f"{folder}/images{file}", f"{folder}/labels{file}"
        self._write_image(self._output / image)
        write_label(self._output / label, mask, self._lattice)
        return replace(
            row,
            image=image,
            mask=label,
            shape=self._lattice.shape,
            spacing_mm=self._lattice.spacing_mm,
            voxels=voxels,
            share=voxels / self._lattice.size,
        )

    def _category(self, row: Row) -> str:
        """A folder of its own for each mask of the case: "Left kidney" is "left_kidney"."""
        stem = "_".join(word for word in (_singular_of(row), row.piece) if word)
        stem = safe_names([stem.lower().replace(" ", "_")])[0]
        free, number = stem, 1
        while free in self._taken:
            number += 1
            free = f"{stem}_{number}"
        self._taken.add(free)
        return free

    def _write_image(self, path: Path) -> None:
        if self._image is not None:
            link(path, self._image)
            return
        image = self._opened.image
        values = read_window(image.array, image.grid, self._lattice)
        kind = image.array.dtype.kind
        write_image(path, values.astype(np.int64) if kind in "biu" else values, self._lattice)
        self._image = path


def moved(patch: Patch, grid: Grid, target: Grid) -> MovedMask:
    """A mask on another grid, by the nearest voxel; only what is round the mask is looked at.

    Args:
        patch: of an image.
        grid: of that image.
        target: the other grid.
    """
    result = np.zeros(target.shape, np.bool_)
    start = [max(a - 1, 0) for a in patch.start]
    stop = [min(a + n + 1, w) for a, n, w in zip(patch.start, patch.shape, grid.shape, strict=True)]
    part = _part_over(start, stop, grid, target)
    if part is None:
        return result
    cut = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    source = grid.crop(start, stop)
    wanted = target.crop([s.start for s in part], [s.stop for s in part])
    values: MaskArray = patch.within(cut)
    result[part] = resample(values, source, wanted, order=0) > 0.5
    return result


def _part_over(
    start: list[int], stop: list[int], grid: Grid, target: Grid
) -> tuple[slice, ...] | None:
    """The index range of the target that may see a range of the grid; None if none does."""
    faces = product(*((a - 0.5, b - 0.5) for a, b in zip(start, stop, strict=True)))
    corners = target.to_index(grid.to_world(np.array(list(faces), np.float64)))
    low = np.maximum(np.floor(corners.min(axis=0)), 0).astype(int)
    high = np.minimum(np.ceil(corners.max(axis=0)) + 1, target.shape).astype(int)
    if (high <= low).any():
        return None
    return tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))


def _row(opened: Opened, target: Target, part: str, found: int) -> Row:
    """What is known of a mask before it is judged, on the grid it came on."""
    grid = opened.image.grid
    return replace(
        row_for(opened.pair, part, target.name),
        shape=grid.shape,
        spacing_mm=grid.spacing_mm,
        voxels=target.patch.count,
        volume_mm3=volume_mm3(target.patch, grid),
        share=share(target.patch, grid),
        pieces=found,
    )


def _singular_of(row: Row) -> str:
    """A structure's name; in the singular for a side of it: "kidneys" are a "kidney" each."""
    return singular(row.structure) if row.piece else row.structure


def _dataset_folder(opened: Opened) -> str:
    """Modality and data set: the part "/ct_" of the path is what SAM-Med3D clamps HU by."""
    pair = opened.pair
    words = [word for word in (pair.modality.lower(), pair.dataset or "data") if word]
    return safe_names(["_".join(words)])[0]


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        bounds = f"{low:g} or more" if high == math.inf else f"{low:g} to {high:g}"
        msg = f"{name} must be {bounds}, got {value:g}"
        raise ConfigError(msg)
