"""The contract of a set of curation rules."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from vesal.curation.row import Row
from vesal.datasets import Opened


@runtime_checkable
class Rules(Protocol):
    """Published rules that turn a case into training images and masks.

    Plain data (a frozen dataclass of thresholds), so that it can be sent to another process and its
    numbers go into the settings file that stands beside the result.
    """

    @property
    def name(self) -> str:
        """Of the data set whose rules these are, such as "sam-med3d"."""
        ...

    def prepare(self, names: Mapping[str, Collection[str]]) -> "Rules":
        """The same rules, knowing what structures there are; asked once, before any case.

        Args:
            names: of all structures that can be used, by data set.
        """
        ...

    def curate(self, opened: Opened, part: str, output: Path) -> tuple[Row, ...]:
        """Write what the rules keep of one case below ``output``; a row for each mask looked at.

        Follows from the case, the part and the rules alone. Files are whole or not there, and
        those that are there already are written again.

        Args:
            opened: the case, with all its targets.
            part: "train", "validation" or "test".
            output: folder of the curated data set.

        Raises:
            ImageError: the image or a mask cannot be used.
            ResourceError: the disk refuses, or it does not fit into memory.
        """
        ...

    def finish(self, rows: tuple[Row, ...], output: Path) -> None:
        """Write what describes all that was kept: lists of images and masks, class numbers, ...

        Args:
            rows: of all cases, in the order of their names.
            output: folder of the curated data set.
        """
        ...
