"""The numbers in the rules of SA-Med2D-20M, all in one place."""

from dataclasses import dataclass

from vesal.curation.sam_med2d_masks import LEAST_RATIO, LEAST_SHARE
from vesal.curation.sam_med2d_views import AXES
from vesal.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What the rules ask for: the paper's by default; what is not in the paper is off.

    Attributes:
        least_ratio: of a slice's shortest edge to its longest, 0 to 1; pictures may have any.
        least_share: of a slice that a mask must cover, 0 to 1.
        axes: of a volume that are sliced, out of "x", "y" and "z".
        edges_in_mm: measure edges in mm. The paper counts pixels, so what it drops depends on the
            thickness of slices.
        ct_window: level and width in HU that CT is shown in; its whole range without one.
        percentiles: two of the values, 0 to 100, to scale by in place of the whole range.
        every: only slices whose number this divides, of each axis.
        drop_blank: leave out masks on slices that show nothing, as beyond the field of view.

    Raises:
        ConfigError: one makes no sense.
    """

    least_ratio: float = LEAST_RATIO
    least_share: float = LEAST_SHARE
    axes: tuple[str, ...] = AXES
    edges_in_mm: bool = False
    ct_window: tuple[float, float] | None = None
    percentiles: tuple[float, float] | None = None
    every: int = 1
    drop_blank: bool = False

    def __post_init__(self) -> None:
        low, high = self.percentiles or (0.0, 100.0)
        asked = (
            ("least_ratio must lie from 0 to 1", 0 <= self.least_ratio <= 1, self.least_ratio),
            ("least_share must lie from 0 to 1", 0 <= self.least_share <= 1, self.least_share),
            ("axes must be out of x, y and z", _are_axes(self.axes), self.axes),
            ("ct_window needs a width above 0", _is_window(self.ct_window), self.ct_window),
            ("percentiles must rise from 0 to 100", 0 <= low < high <= 100, self.percentiles),
            ("every must be 1 or more", self.every >= 1, self.every),
        )
        wrong = [f"{rule}, got {value!r}" for rule, is_right, value in asked if not is_right]
        if wrong:
            msg = f"the thresholds of SA-Med2D-20M make no sense: {'; '.join(wrong)}"
            raise ConfigError(msg)


def _are_axes(axes: tuple[str, ...]) -> bool:
    return bool(axes) and set(axes) <= set(AXES) and len(set(axes)) == len(axes)


def _is_window(window: tuple[float, float] | None) -> bool:
    return window is None or window[1] > 0
