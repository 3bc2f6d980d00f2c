"""Opens images of cases, and keeps the last one: the next case may be about it too."""

from pathlib import Path

from vesal.cohort.case import Case
from vesal.cohort.key import stamp_of
from vesal.cohort.stage import Stage
from vesal.images import Image, open_image


class Images:
    """The images that one process opens."""

    def __init__(self) -> None:
        self._last: tuple[object, Image] | None = None

    def open(self, case: Case, stage: Stage) -> Image:
        """The image of a case; VesalError if it cannot be read."""
        # What was fetched goes with its stage, and a DICOM series is read again for its results.
        if not isinstance(case.image, Path):
            return open_image(stage.local(case.image), series=case.series or None)
        asked = (case.series, stamp_of(case.image))
        if self._last is not None and self._last[0] == asked:
            return self._last[1]
        self._last = None  # two at once may not fit into memory
        image = open_image(case.image, series=case.series or None)
        self._last = (asked, image)
        return image
