"""How intensities are brought to the scale that an automatic model was trained at.

The record is saved with the model, so that an image is seen at use as it was in training.
"""

from dataclasses import dataclass

import numpy as np

from vesal.arrays import Intensities, Voxels
from vesal.errors import ConfigError

_LEAST_DEVIATION = 1e-8  # a constant image becomes 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Mean and standard deviation of all voxels of one image, on its own grid."""

    mean: float
    deviation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalisation:
    """One rule for all images of a model, as nnU-Net decides it.

    CT numbers mean the same in every scan, so they are cut to what structures have and scaled by
    what was seen in training; all else is scaled by its own mean and deviation.

    Attributes:
        kind: "ct", or "zscore" for each image's own.
        low: least value that is told apart, of "ct".
        high: largest one.
        mean: of structures' voxels, of "ct".
        deviation: the same.

    Raises:
        ConfigError: an unknown kind, or numbers that scale nothing.
    """

    kind: str = "zscore"
    low: float = 0.0
    high: float = 0.0
    mean: float = 0.0
    deviation: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in ("ct", "zscore"):
            msg = f"a normalisation is of the kind ct or zscore, got {self.kind!r}"
            raise ConfigError(msg)
        finite = bool(np.isfinite([self.low, self.high, self.mean, self.deviation]).all())
        if not finite or not self.deviation > 0 or (self.kind == "ct" and not self.low < self.high):
            msg = (
                "a normalisation needs finite numbers, low below high and a deviation above 0, "
                f"got {self.low}, {self.high} and {self.deviation}"
            )
            raise ConfigError(msg)

    def applied(self, values: Voxels, own: Moments) -> Intensities:
        """Values at the model's scale, as float32.

        Args:
            values: of the image, or of a part of it, on any grid.
            own: of the whole image on its own grid, from `moments`; only "zscore" looks at them.
        """
        result = values.astype(np.float32)
        mean, deviation = own.mean, max(own.deviation, _LEAST_DEVIATION)
        if self.kind == "ct":
            mean, deviation = self.mean, self.deviation
            np.clip(result, self.low, self.high, out=result)
        result -= np.float32(mean)
        result /= np.float32(deviation)
        return result


def moments(array: Voxels) -> Moments:
    """Mean and standard deviation of all voxels, in double precision."""
    return Moments(
        mean=float(array.mean(dtype=np.float64)), deviation=float(array.std(dtype=np.float64))
    )
