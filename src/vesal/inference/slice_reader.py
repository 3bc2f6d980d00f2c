"""One slice shown to a 2D model, and what it reads there; encoded once, asked ever so often."""

from dataclasses import dataclass, replace

import numpy as np
import torch

from vesal.arrays import Corners, Intensities, PageMask, PagePoints, PageValues, PointFlags
from vesal.images import Image
from vesal.inference.encoded import Encoded
from vesal.inference.fit import fit_of, square_of
from vesal.inference.habits import HABITS
from vesal.inference.pack import pack_prompts
from vesal.inference.paste import as_logits
from vesal.inference.slices import Slices
from vesal.inference.store import Shelf
from vesal.models.promptable import Promptable
from vesal.models.sam_config import SamConfig
from vesal.models.shapes import Images

_MOST_BYTES = 512 * 2**20  # some 120 slices of SAM at 1024, 2000 of SAM-Med2D at 256


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """What the model says of one slice."""

    coarse: Intensities
    """Logits at the model's own resolution, for the next time it is asked about this slice."""
    page: PageValues
    """Logits on the slice; above 0 is inside."""
    score: float | None
    """The IoU that the model expects, if it predicts any."""


class SliceReader:
    """A 2D model looking at the slices of one image, each in the way its family knows.

    Args:
        image: what is segmented.
        model: the model.
        config: its config.
        limit_bytes: memory for embeddings.
        shelf: where they are kept on disk.
    """

    def __init__(
        self,
        image: Image,
        model: Promptable,
        config: SamConfig,
        *,
        limit_bytes: int = _MOST_BYTES,
        shelf: Shelf | None = None,
    ) -> None:
        self.slices = Slices(image)
        self._model = model
        self._habits = HABITS[config.family]
        self._fit = fit_of(self._habits, self.slices.shape, config.image_size)
        self._mask_size = config.mask_size
        self._encoded = Encoded(model, limit_bytes, shelf)

    @property
    def held_bytes(self) -> int:
        """Memory that encoded parts of the image take."""
        return self._encoded.held_bytes

    def read(
        self,
        number: int,
        *,
        points: PagePoints,
        positive: PointFlags,
        corners: Corners | None = None,
        previous: Intensities | None = None,
    ) -> Reading:
        """What the model says of a slice.

        Args:
            number: of the slice.
            points: clicks as (row, column) of the page; may be none.
            positive: whether each click is inside.
            corners: lowest and highest corner of a box on the page.
            previous: `Reading.coarse` of what is to be improved; left out where the family's mask
                layers were not trained.
        """
        prompts = pack_prompts(
            self._fit.to_square(points),
            positive,
            corners=None if corners is None else self._fit.to_square(corners),
            previous=previous,
        )
        prompts = replace(prompts, previous=self._habits.mask_prompt(prompts.previous))
        embedding = self._encoded.of(number, lambda: self._look(number))
        with torch.inference_mode():
            decoded = self._model.decode(embedding, prompts)
        alone = len(points) == 1 and corners is None and prompts.previous is None
        mask = self._habits.chosen(decoded, alone=alone)
        coarse = np.ascontiguousarray(decoded.logits[0, mask].float().numpy())
        score = None if decoded.scores is None else float(decoded.scores[0, mask])
        return Reading(coarse=coarse, page=self._page(coarse), score=score)

    def given(self, page: PageMask) -> Intensities:
        """A mask on a slice as the model would have said it: `Reading.coarse` of one it did not."""
        return as_logits(self._fit.to_masks(page, self._mask_size))

    def _look(self, number: int) -> Images:
        square = square_of(self.slices.picture(number), self._fit, self._habits)
        return torch.from_numpy(square)[None]

    def _page(self, coarse: Intensities) -> PageValues:
        if self._habits.blend == "logits":
            return self._fit.from_square(coarse)
        between = torch.from_numpy(self._fit.stretched(_probabilities(coarse)))
        return np.asarray(torch.logit(between, eps=1e-6).numpy())


def _probabilities(logits: Intensities) -> Intensities:
    return np.asarray(torch.from_numpy(logits).sigmoid().numpy())
