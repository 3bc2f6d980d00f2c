"""Pictures, and slices of volumes, with several masks each: as the published 2D models learnt.

A slice is laid into the model's square by the code that does it at use, so that both are alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vesal.arrays import Intensities, MaskArray, TrainingImage, TrainingMasks
from vesal.errors import ConfigError
from vesal.images.planes import Plane, planes
from vesal.inference.fit import fit_of, square_of
from vesal.inference.habits import HABITS
from vesal.inference.slices import as_picture
from vesal.training.batch import Batch
from vesal.training.case import Case, Reading
from vesal.training.sources.augmentation import Augmentation
from vesal.training.sources.chances import Draws, chances
from vesal.training.store import Preparation

PLANES = ("axial", "coronal", "sagittal")
_SLICES_TRIED = 12  # of a structure, before another one is drawn
_OTHERS_TRIED = 50
_FIRST = (0.0, 0.0, 0.0)  # index of the only slice of what was read


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """How pictures are shown: as published with `by_structure` off and a `balance` of 1.

    Attributes:
        family: whose habits are kept: "sam", "medsam", "sam-med2d", "ft-sam" or "sam-unet".
        size: pixels along a side of the model's square.
        batch: pictures; 50 on each GPU in the papers of SAM-Med2D and SAM-UNet.
        masks: of each picture, drawn with replacement.
        planes: in which volumes are cut, each time another one.
        least_share: of the square that a mask fills, or else it is drawn anew: SAM-Med2D-20M has
            none below 100 of 256 x 256 pixels.
        by_structure: draw structures, then a picture of each; or pictures, as published, so that
            a structure is seen as often as there are pictures of it.
        augmentation: "off" (published), "flip" or "strong".
        balance: 1 draws everything alike, 0 all data sets and their structures alike.
        seed: of the run.

    Raises:
        ConfigError: an unknown word, or a number out of range.
    """

    family: str
    size: int = 256
    batch: int = 50
    masks: int = 5
    planes: tuple[str, ...] = PLANES
    least_share: float = 100 / 256**2
    by_structure: bool = True
    augmentation: str = "off"
    balance: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        if self.family not in HABITS:
            msg = f"family must be one of {', '.join(HABITS)}, got {self.family!r}"
            raise ConfigError(msg)
        if not self.planes or set(self.planes) - set(PLANES):
            msg = f"planes must be some of {', '.join(PLANES)}, got {self.planes}"
            raise ConfigError(msg)
        counts = min(self.size, self.batch, self.masks)
        if counts < 1 or not 0 <= self.least_share < 1:
            msg = (
                "size, batch and masks must be at least 1, least_share from 0 to 1, got "
                f"{self.size}, {self.batch}, {self.masks} and {self.least_share}"
            )
            raise ConfigError(msg)

    def preparation(self, only: tuple[str, ...] = ()) -> Preparation:
        """How cases are to be prepared: as they are."""
        return Preparation(only=only)

    def source(self, cases: Sequence[Case]) -> "PictureSource":
        """Batches of pictures out of prepared cases.

        Raises:
            ConfigError: no case.
        """
        return PictureSource(self, cases)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slice:
    """A plane through a case."""

    plane: Plane
    part: tuple[slice, ...]


class PictureSource:
    """Batches of pictures: images ``(picture, 3, row, column)``, targets ``(picture, mask, ...)``.

    A mask that vanishes in the square is drawn anew, and where all do, another picture is.
    """

    def __init__(self, pictures: Pictures, cases: Sequence[Case]) -> None:
        self.pictures, self.cases = pictures, list(cases)
        self._habits = HABITS[pictures.family]
        self._augmentation = Augmentation(pictures.augmentation)
        self.targets = [
            (which, number)
            for which, case in enumerate(self.cases)
            for number in range(len(case.structures) if pictures.by_structure else 1)
        ]
        """Case and structure of everything that is drawn; structure 0 where pictures are."""
        if not self.targets:
            msg = "pictures need at least one prepared case with a structure, got none"
            raise ConfigError(msg)
        groups = [
            (case.dataset, case.structures[number].name if pictures.by_structure else "")
            for case, number in ((self.cases[which], number) for which, number in self.targets)
        ]
        self.chances = chances(groups, pictures.balance)
        """How likely each target is drawn."""
        self._draws = Draws(self.chances, pictures.batch, pictures.seed)

    @property
    def batches(self) -> int:
        """Batches of one pass over all targets."""
        return self._draws.batches

    def batch(self, number: int) -> Batch:
        """The batch of that number.

        Raises:
            ConfigError: no mask is large enough in the square.
            ResourceError: a prepared file is gone.
        """
        rng = np.random.default_rng([self.pictures.seed, number, 7])
        shown = [self._shown(int(target), rng) for target in self._draws.at(number)]
        changed = [self._augmentation.changed(image, masks, rng) for image, masks in shown]
        return Batch(
            images=np.stack([image for image, _ in changed]),
            targets=np.stack([masks for _, masks in changed]),
        )

    def _shown(self, target: int, rng: np.random.Generator) -> tuple[TrainingImage, TrainingMasks]:
        for _ in range(_OTHERS_TRIED):
            which, first = self.targets[target]
            case = self.cases[which]
            if not self.pictures.by_structure:
                first = int(rng.integers(len(case.structures)))
            with case.opened() as reading:
                for _ in range(1 if case.grid.ndim == 2 else _SLICES_TRIED):
                    cut = self._slice(case, first, rng)
                    found = self._masks(case, reading, cut, first, rng)
                    if found is not None:
                        return self._square(case, reading, cut), found
            target = int(rng.integers(len(self.targets)))
        msg = (
            f"a mask must fill {self.pictures.least_share:.2%} of a square of "
            f"{self.pictures.size} pixels, got none in {_OTHERS_TRIED} pictures, the last of "
            f"{case.name}; lower least_share or give larger structures"
        )
        raise ConfigError(msg)

    def _slice(self, case: Case, number: int, rng: np.random.Generator) -> _Slice:
        """A plane through the box of a structure; all of a picture."""
        every = [p for p in planes(case.grid) if not p.name or p.name in self.pictures.planes]
        plane = every[int(rng.integers(len(every)))]
        part = [slice(0, n) for n in case.grid.shape]
        if plane.normal is not None:
            held = case.structures[number]
            low, count = held.start[plane.normal], held.shape[plane.normal]
            at = low + int(rng.integers(count))
            part[plane.normal] = slice(at, at + 1)
        return _Slice(plane=plane, part=tuple(part))

    def _masks(
        self, case: Case, reading: Reading, cut: _Slice, first: int, rng: np.random.Generator
    ) -> TrainingMasks | None:
        """Masks in the square, the first of that structure if it can be; None if there is none."""
        fit = fit_of(self._habits, cut.plane.counts, self.pictures.size)
        least = max(1, self.pictures.least_share * self.pictures.size**2)
        known: dict[int, MaskArray | None] = {}

        def laid(number: int) -> MaskArray | None:
            if number not in known:
                page = cut.plane.cut(reading.mask(number, cut.part), _FIRST)
                square = fit.to_masks(np.ascontiguousarray(page), self.pictures.size) > 0.5
                known[number] = square if np.count_nonzero(square) >= least else None
            return known[number]

        if self.pictures.by_structure and laid(first) is None:
            return None
        left = [n for n in range(len(case.structures)) if _meets(case, n, cut)]
        chosen: list[MaskArray] = []
        number = first
        while left and len(chosen) < self.pictures.masks:
            mask = laid(number)
            if mask is None:
                left.remove(number)
            else:
                chosen.append(mask)
            if left:
                number = left[int(rng.integers(len(left)))]
        return np.stack(chosen) if chosen else None

    def _square(self, case: Case, reading: Reading, cut: _Slice) -> Intensities:
        page = cut.plane.cut(reading.values(cut.part), _FIRST)
        fit = fit_of(self._habits, cut.plane.counts, self.pictures.size)
        return square_of(as_picture(page, case.bounds), fit, self._habits)


def _meets(case: Case, number: int, cut: _Slice) -> bool:
    """Whether the box of a structure reaches a slice."""
    normal = cut.plane.normal
    if normal is None:
        return True
    held, at = case.structures[number], int(cut.part[normal].start)
    return 0 <= at - held.start[normal] < held.shape[normal]
