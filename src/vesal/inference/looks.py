"""What a model said of windows of an image: kept together, and compared."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vesal.arrays import Intensities
from vesal.geometry.components import pieces_with
from vesal.geometry.grid import Grid
from vesal.geometry.patch import Patch
from vesal.inference.answer import Evidence
from vesal.inference.clicks import Clicks
from vesal.inference.paste import pasted
from vesal.inference.windows import View

STEADY_OFFSET = 0.5
"""Of logits, up and down: what stays the same between them is steady. A half and not one, as in
SAM: on scans outside the test set it told good windows from bad ones best."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look:
    """What a model said of one window."""

    logits: Intensities
    """On the view's grid; above 0 is inside."""
    view: View

    def evidence(self, image: Grid) -> Evidence:
        """The logits on their grid."""
        return Evidence(grid=self.view.grid(image), logits=self.logits)


def found_in(looks: Sequence[Look], image: Grid) -> Patch:
    """The mask of several windows on the image's own grid, the later ones on top."""
    found = Patch.empty(image.shape)
    for look in looks:
        part, now = pasted(look.logits, look.view.grid(image), image)
        found = found.without(part).union(now)
    return found


def steadiness(looks: Sequence[Look], clicks: Clicks, image: Grid) -> float:
    """How little the pieces at the clicks change with the threshold, 0 to 1, over all windows."""
    common = whole = 0.0
    for look in looks:
        window = look.view.grid(image)
        likely = look.logits > -STEADY_OFFSET
        held = np.zeros_like(likely)
        for voxel, positive in clicks.voxels(window):
            held[voxel] = positive
        if held.any():
            likely = pieces_with(likely, likely & held)
        whole += np.count_nonzero(likely) * window.voxel_volume_mm3
        sure = np.count_nonzero(likely & (look.logits > STEADY_OFFSET))
        common += sure * window.voxel_volume_mm3
    return common / whole if whole else 0.0
