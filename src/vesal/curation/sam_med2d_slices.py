"""What becomes of the slices of a case along one axis: files, and a row for each mask."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vesal.arrays import EightBits, Pages
from vesal.curation.row import Row
from vesal.curation.sam_med2d_classes import Classes, class_of
from vesal.curation.sam_med2d_masks import Piece, is_blank, pieces_of, too_narrow, too_small
from vesal.curation.sam_med2d_names import IMAGES, MASKS, image_stem, mask_stem
from vesal.curation.sam_med2d_pictures import write_mask, write_picture
from vesal.curation.sam_med2d_thresholds import Thresholds
from vesal.curation.sam_med2d_views import View
from vesal.datasets import Opened, Target


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """A case, and what its rows have in common.

    Attributes:
        opened: image and targets.
        bits: the image in 8 bits.
        row: the beginning of every row.
        classes: numbers of classes.
        output: folder of the curated data set.
    """

    opened: Opened
    bits: EightBits
    row: Row
    classes: Classes
    output: Path


def narrow_rows(case: Case, view: View, thresholds: Thresholds) -> tuple[Row, ...]:
    """A row for each structure where slices along an axis are too narrow; none where they are not.

    All slices of an axis have one shape, so one row says it for all of them.
    """
    why = too_narrow(
        view.shape, view.spacing_mm, thresholds.least_ratio, in_mm=thresholds.edges_in_mm
    )
    if not view.axis or not why:
        return ()
    row = _on(view, case)
    return tuple(
        replace(
            row,
            structure=target.name,
            piece=view.axis,
            reason="edge",
            detail=why,
            voxels=target.patch.count,
            volume_mm3=_volume_mm3(target.patch.count, case),
        )
        for target in case.opened.targets
    )


def write_slices(case: Case, view: View, thresholds: Thresholds) -> Iterator[Row]:
    """A row for each mask along one axis; what the rules keep is written, masks before images.

    Raises:
        ConfigError: a structure has no class number.
        ResourceError: the disk refuses.
    """
    pages: Pages = view.turned(case.bits)
    shown: set[int] = set()
    instances: Counter[tuple[int, int]] = Counter()
    for target in case.opened.targets:
        _, number = class_of(case.classes, case.row.dataset, target.name)
        for page, piece, row in _pieces(target, view, case, thresholds):
            reason, detail = _verdict(piece, pages[page], thresholds)
            if reason:
                yield replace(row, reason=reason, detail=detail)
                continue
            stem = image_stem(case.opened.pair, view.place(page))
            mask = f"{MASKS}/{mask_stem(stem, number, instances[page, number])}.png"
            instances[page, number] += 1
            shown.add(page)
            write_mask(case.output / mask, piece, view.shape)
            yield replace(row, image=f"{IMAGES}/{stem}.png", mask=mask)
    for page in sorted(shown):
        stem = image_stem(case.opened.pair, view.place(page))
        write_picture(case.output / IMAGES / f"{stem}.png", pages[page])


def _pieces(
    target: Target, view: View, case: Case, thresholds: Thresholds
) -> Iterator[tuple[int, Piece, Row]]:
    """Each component of a structure on each slice: the number of the slice, where, and its row."""
    masks = view.turned(target.patch.array())
    part = view.part(target.patch.part, target.patch.whole)
    row = replace(_on(view, case), structure=target.name)
    for index in np.flatnonzero(masks.any(axis=(1, 2))).tolist():
        page = part[0].start + index
        if view.axis and page % thresholds.every:
            continue
        pieces = list(pieces_of(masks[index], (part[1].start, part[2].start)))
        for piece in pieces:
            one = replace(
                row,
                piece=view.place(page) if view.axis else "",
                voxels=piece.count,
                volume_mm3=_volume_mm3(piece.count, case),
                share=piece.count / (view.shape[0] * view.shape[1]),
                pieces=len(pieces),
            )
            yield page, piece, one


def _verdict(piece: Piece, page: EightBits, thresholds: Thresholds) -> tuple[str, str]:
    """Why a mask is left out, in a word and in a sentence; two empty texts where it is kept."""
    small = too_small(piece.count, page.shape[0] * page.shape[1], thresholds.least_share)
    if small:
        return "area", small
    if thresholds.drop_blank and is_blank(page):
        return "blank", "all pixels of the slice are equal"
    return "", ""


def _on(view: View, case: Case) -> Row:
    """The beginning of a row, with the grid of the slices."""
    known = view.axis and case.opened.image.source.spacing_known
    return replace(case.row, shape=view.shape, spacing_mm=view.spacing_mm if known else ())


def _volume_mm3(count: int, case: Case) -> float:
    """Of so many voxels; 0 where a voxel has no known volume."""
    image = case.opened.image
    known = image.grid.ndim == 3 and image.source.spacing_known
    return count * image.grid.voxel_volume_mm3 if known else 0.0
