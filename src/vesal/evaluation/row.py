"""One line of the results: how good the mask of one object was after one round of prompts."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One object after one round.

    A metric that was not measured is None; a distance is infinite where one of the masks is empty.
    """

    model: str
    variant: str
    """Which prompts were given, such as "error centre" or "box"; one protocol may have several."""
    case: str
    patient: str
    dataset: str
    modality: str
    object: str
    seen: bool | None
    truth_voxels: int
    truth_ml: float | None
    """None on a raster or where no spacing is known."""
    cut_off: bool
    """Whether the target touches the border of the image."""
    round: int
    """0 for a box, scribble or lasso before the first click, then the number of the click."""
    clicks: int
    """Clicks so far; fewer than rounds where mask and target became equal."""
    prompt: str
    """What was said in this round, such as "+ 12 40 7" (array index), "box", or "" for nothing."""
    dice: float
    iou: float
    nsd: float | None = None
    hd95_mm: float | None = None
    assd_mm: float | None = None
    volume_ml: float | None = None
    voxels: int = 0
    seconds: float = 0.0
    """From the prompt to the mask; of the first round, encoding too."""
    memory_mib: float | None = None
    """Highest resident memory of the process in this round."""
    stability: float | None = None
    status: Literal["done", "failed"] = "done"
    """Failed: counted with Dice 0."""
    message: str = ""
    """Why it failed."""
