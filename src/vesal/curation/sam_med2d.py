"""The published rules of SA-Med2D-20M: 8-bit slices along three axes, a mask for each component."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from vesal.curation.row import Row, row_for
from vesal.curation.sam_med2d_brightness import eight_bits
from vesal.curation.sam_med2d_classes import Classes, numbered
from vesal.curation.sam_med2d_lists import write_lists
from vesal.curation.sam_med2d_names import IMAGES, MASKS
from vesal.curation.sam_med2d_slices import Case, narrow_rows, write_slices
from vesal.curation.sam_med2d_thresholds import Thresholds
from vesal.curation.sam_med2d_views import views_of
from vesal.datasets import Opened
from vesal.images.intensity import is_constant
from vesal.images.write import make_folder

REASONS = {
    "edge": "slices along this axis are too narrow",
    "area": "fills too small a part of its slice",
    "blank": "lies on a slice of one value",
}
"""Reasons for which these rules leave a mask out, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SamMed2dRules:
    """Volumes and pictures to the layout of SA-Med2D-20M, which `find_pairs` reads.

    Attributes:
        thresholds: of the rules.
        classes: numbers of classes, from `prepare`.
    """

    thresholds: Thresholds = field(default_factory=Thresholds)
    classes: Classes = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Of the data set whose rules these are."""
        return "sam-med2d"

    def prepare(self, names: Mapping[str, Collection[str]]) -> "SamMed2dRules":
        """The same rules with a number for each class, which the names of masks need.

        Args:
            names: of all structures, by data set.
        """
        return replace(self, classes=numbered(names))

    def curate(self, opened: Opened, part: str, output: Path) -> tuple[Row, ...]:
        """Write the slices and the masks that the rules keep; a row for each mask.

        Slices without a mask give no row. Where slices along an axis are too narrow, a structure
        has one row for all of them. Slices are read from one 8-bit copy of the image and written
        one by one.

        Raises:
            ConfigError: a structure has no class number.
            ResourceError: the disk refuses.
        """
        pair, image = opened.pair, opened.image
        row = replace(row_for(pair, part), shape=image.grid.shape)
        if not opened.targets:
            return (replace(row, reason="empty", detail="its labels have no voxel"),)
        if is_constant(image.array):
            return (replace(row, reason="blank", detail="all values of the image are equal"),)
        for folder in (output, output / IMAGES, output / MASKS):
            make_folder(folder)
        asked = self.thresholds
        bits = eight_bits(
            image, pair.modality, ct_window=asked.ct_window, percentiles=asked.percentiles
        )
        case = Case(opened=opened, bits=bits, row=row, classes=self.classes, output=output)
        rows: list[Row] = []
        for view in views_of(image.grid, asked.axes):
            rows += narrow_rows(case, view, asked) or write_slices(case, view, asked)
        return tuple(rows)

    def finish(self, rows: tuple[Row, ...], output: Path) -> None:
        """Write the lists of images and masks, and the numbers of classes.

        Raises:
            ConfigError: two cases have files of one name.
            ResourceError: the disk refuses.
        """
        write_lists(rows, self.classes, output)
