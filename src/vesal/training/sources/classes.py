"""Patches with a number at each voxel, for automatic segmentation; drawn as nnU-Net draws them."""

from collections.abc import Sequence
from dataclasses import dataclass
from glob import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vesal.arrays import Intensities, LabelArray, Voxels
from vesal.errors import ConfigError
from vesal.images.normalisation import Normalisation
from vesal.progress import Progress, silent
from vesal.training.batch import Batch
from vesal.training.case import Case, Reading
from vesal.training.sources.augmentation import Augmentation
from vesal.training.sources.chances import Draws, chances
from vesal.training.store import Preparation

_MOST_CLASSES = 255  # numbers are kept in 8 bits
_TAIL_PERCENT = 0.5  # of structures' voxels that lie beyond the bounds of CT, as in nnU-Net
_SAMPLE = 10_000  # voxels of each case that tell of its structures, as in nnU-Net
# Luminance of red, green and blue: a patch has one channel.
_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """How patches are cut.

    Attributes:
        names: of the classes; the first one has number 1, and a later one lies above those before
            it where structures overlap. Letters' case does not matter.
        window: voxels along each axis of a patch; two for pictures, three for volumes.
        spacing_mm: of cubic voxels; 0 keeps the grids as they are.
        batch: patches.
        foreground: least share of a batch's patches that are around a voxel of a class; the others
            are anywhere.
        augmentation: "off", "flip" or "strong". Mirrored organs are on the wrong side: "flip" is
            not for classes that are told apart by left and right.
        balance: 1 draws all structures alike, 0 all data sets and their structures alike.
        seed: of the run.

    Raises:
        ConfigError: a number out of range, no name, or one twice.
    """

    names: tuple[str, ...]
    window: tuple[int, ...]
    spacing_mm: float = 1.5
    batch: int = 2
    foreground: float = 1 / 3
    augmentation: str = "off"
    balance: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        distinct = {name.casefold() for name in self.names}
        if not 1 <= len(self.names) <= _MOST_CLASSES or len(distinct) < len(self.names):
            msg = f"1 to {_MOST_CLASSES} classes with names of their own are needed, got "
            msg += repr(self.names)
            raise ConfigError(msg)
        if len(self.window) not in (2, 3) or min(*self.window, self.batch) < 1:
            msg = (
                "window must have 2 or 3 sides of at least one voxel, and batch be at least 1, "
                f"got {self.window} and {self.batch}"
            )
            raise ConfigError(msg)
        if not 0 <= self.foreground <= 1:
            msg = f"foreground must be from 0 to 1, got {self.foreground}"
            raise ConfigError(msg)

    def preparation(self) -> Preparation:
        """How cases are to be prepared for these patches."""
        only = tuple(escape(name) for name in self.names)  # a star in a name is a star
        return Preparation(spacing_mm=self.spacing_mm, only=only)

    def normalisation(self, cases: Sequence[Case], *, progress: Progress = silent) -> Normalisation:
        """The rule by which all images are scaled: "ct" where all are known to be CT.

        Of CT the classes' voxels tell: 0.5 and 99.5 percentiles, mean and deviation of up to
        10,000 of each case. It is to be saved with the model.

        Raises:
            ConfigError: no case.
            ResourceError: a prepared file is gone.
        """
        if not cases:
            msg = "a normalisation needs at least one prepared case, got none"
            raise ConfigError(msg)
        if any(case.modality != "CT" for case in cases):
            return Normalisation(kind="zscore")
        samples = []
        for done, case in enumerate(cases):
            progress(done, len(cases), "looking at intensities")
            samples.append(_sample(case, self.numbers(case), self.seed + done))
        seen = np.concatenate(samples)
        if not seen.size or seen.min() == seen.max():
            return Normalisation(kind="zscore")
        low, high = np.percentile(seen, [_TAIL_PERCENT, 100 - _TAIL_PERCENT])
        if low == high:
            low, high = seen.min(), seen.max()
        return Normalisation(
            kind="ct",
            low=float(low),
            high=float(high),
            mean=float(seen.mean()),
            deviation=float(seen.std()),
        )

    def source(self, cases: Sequence[Case], normalisation: Normalisation) -> "ClassSource":
        """Batches of patches out of prepared cases.

        Raises:
            ConfigError: a class that no case has, or no case with as many axes as the window.
        """
        return ClassSource(self, cases, normalisation)

    def numbers(self, case: Case) -> dict[int, int]:
        """The class of each structure of a case that is one."""
        known = {name.casefold(): number for number, name in enumerate(self.names, 1)}
        return {
            number: known[held.name.casefold()]
            for number, held in enumerate(case.structures)
            if held.name.casefold() in known
        }


class ClassSource:
    """Batches of patches: images ``(patch, 1, *space)``, targets alike with the class's number.

    0 is what belongs to no class. Outside an image there is its darkest bound, and no class.
    """

    def __init__(
        self, classes: Classes, cases: Sequence[Case], normalisation: Normalisation
    ) -> None:
        self.classes, self.normalisation = classes, normalisation
        self.cases = [case for case in cases if case.grid.ndim == len(classes.window)]
        self._numbers = [classes.numbers(case) for case in self.cases]
        self._augmentation = Augmentation(classes.augmentation)
        self.targets = [
            (which, number) for which, found in enumerate(self._numbers) for number in found
        ]
        """Case and structure of everything that patches are put around."""
        seen = {self._numbers[which][number] for which, number in self.targets}
        absent = [name for n, name in enumerate(classes.names, 1) if n not in seen]
        if absent:
            held = sorted({h.name for case in self.cases for h in case.structures})
            msg = (
                f"no case with {len(classes.window)} axes has the classes {', '.join(absent)}; "
                f"the {len(self.cases)} cases have {', '.join(held) or 'none'}"
            )
            raise ConfigError(msg)
        groups = [
            (self.cases[which].dataset, classes.names[self._numbers[which][number] - 1])
            for which, number in self.targets
        ]
        self.chances = chances(groups, classes.balance)
        """How likely each target is drawn."""
        self._draws = Draws(self.chances, classes.batch, classes.seed)
        self._around = int(np.ceil(classes.foreground * classes.batch))

    @property
    def batches(self) -> int:
        """Batches of one pass over all targets."""
        return self._draws.batches

    def batch(self, number: int) -> Batch:
        """The batch of that number.

        Raises:
            ResourceError: a prepared file is gone.
        """
        rng = np.random.default_rng([self.classes.seed, number, 9])
        drawn = [
            self._patch(int(target), rng, around=place < self._around)
            for place, target in enumerate(self._draws.at(number))
        ]
        changed = [self._augmentation.changed(i[None], t[None], rng) for i, t in drawn]
        return Batch(
            images=np.stack([image for image, _ in changed]),
            targets=np.stack([targets for _, targets in changed]),
        )

    def _patch(
        self, target: int, rng: np.random.Generator, *, around: bool
    ) -> tuple[Intensities, LabelArray]:
        which, number = self.targets[target]
        case = self.cases[which]
        window, shape = np.array(self.classes.window), np.array(case.grid.shape)
        # A small image is in the middle of its patch; a patch never leaves a large one.
        low, high = np.minimum(0, (shape - window) // 2), np.maximum(shape - window, 0)
        high = np.where(shape < window, low, high)
        with case.opened() as reading:
            if around:
                starts = np.clip(_voxel(case, reading, number, rng) - window // 2, low, high)
            else:
                starts = rng.integers(low, high + 1)
            rows = zip(starts.tolist(), window.tolist(), strict=True)
            part = tuple(slice(start, start + side) for start, side in rows)
            values = _grey(reading.values(part, fill=_dark(case)), case)
            targets = self._labels(which, reading, part)
        return self.normalisation.applied(values, case.moments), targets

    def _labels(self, which: int, reading: Reading, part: Sequence[slice]) -> LabelArray:
        labels = np.zeros([s.stop - s.start for s in part], np.uint8)
        for number, meant in sorted(self._numbers[which].items(), key=lambda item: item[1]):
            labels[reading.mask(number, part)] = meant
        return labels


def _voxel(case: Case, reading: Reading, number: int, rng: np.random.Generator) -> Voxels:
    """A voxel of a structure: any slice of it across its last axis, then any voxel in that."""
    held = case.structures[number]
    box = [slice(a, a + n) for a, n in zip(held.start, held.shape, strict=True)]
    for at in rng.permutation(held.shape[-1]).tolist():
        box[-1] = slice(held.start[-1] + at, held.start[-1] + at + 1)
        inside = np.argwhere(reading.mask(number, box))
        if len(inside):
            break
    voxel: Voxels = inside[rng.integers(len(inside))] + [s.start for s in box]
    return voxel


def _dark(case: Case) -> float:
    """What stands outside an image: the least usual value in it."""
    return float(np.floor(case.bounds[0]))


def _grey(values: Voxels, case: Case) -> NDArray[Any]:
    """One channel, as `Image.grey` has it."""
    if not case.colour:
        return values
    return np.asarray(values @ _LUMINANCE, np.float32)


def _sample(case: Case, numbers: dict[int, int], seed: int) -> Intensities:
    """Values of some voxels of the classes, each class as much as it is large."""
    rng = np.random.default_rng([seed, 13])
    total = sum(case.structures[number].voxels for number in numbers)
    found = [np.zeros(0, np.float32)]
    with case.opened() as reading:
        for number in numbers:
            held = case.structures[number]
            box = [slice(a, a + n) for a, n in zip(held.start, held.shape, strict=True)]
            values = _grey(reading.values(box), case)[reading.mask(number, box)]
            wanted = min(len(values), -(-_SAMPLE * held.voxels // total))
            found.append(rng.choice(values, wanted, replace=False).astype(np.float32))
    return np.concatenate(found)
