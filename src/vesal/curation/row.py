"""A line of the catalogue: a mask that was kept or left out, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vesal.datasets import Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What became of one mask, or of a whole case that gave none.

    Attributes:
        case: name of the pair it comes from.
        patient: whose image it is.
        dataset: name of the data set.
        modality: "CT", "MR", ... or "".
        part: "train", "validation" or "test".
        structure: name of the target; "" for a whole case.
        piece: what of the structure it is: "" for all of it, or "left", "x_0040", ...
        reason: why it was left out, one word of the rules ("volume", "extent", "empty", ...); ""
            where it was kept.
        detail: the same in a sentence, with the measure and the threshold.
        image: path below the output folder; "" where nothing was written.
        mask: the same for the mask.
        shape: voxels along each axis of what was written, or of what was looked at.
        spacing_mm: between voxels along each axis, on the same grid; empty for pictures.
        voxels: of the mask on that grid.
        volume_mm3: of the mask on the grid it came on; 0 for pictures.
        share: of the grid that the mask fills, 0 to 1.
        pieces: connected components it had before the rules.
    """

    case: str
    patient: str
    dataset: str
    modality: str
    part: str
    structure: str
    piece: str = ""
    reason: str = ""
    detail: str = ""
    image: str = ""
    mask: str = ""
    shape: tuple[int, ...] = ()
    spacing_mm: tuple[float, ...] = ()
    voxels: int = 0
    volume_mm3: float = 0.0
    share: float = 0.0
    pieces: int = 0


def row_for(pair: Pair, part: str, structure: str = "") -> Row:
    """The beginning of a row: whose it is; for a whole case without a structure."""
    return Row(
        case=pair.name,
        patient=pair.whose,
        dataset=pair.dataset,
        modality=pair.modality,
        part=part,
        structure=structure,
    )


def row_of(record: Mapping[str, Any]) -> Row:
    """The row of a record out of a file, where tuples have become lists.

    Raises:
        TypeError: an attribute is unknown or missing.
    """
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in record.items()
    }
    return Row(**values)
