"""Cubes around structures of volumes, as SAM-Med3D was trained on them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vesal.arrays import Intensities, MaskArray
from vesal.errors import ConfigError, ImageError
from vesal.inference.appearance import positive_zscore
from vesal.inference.lattice import window_starts
from vesal.training.batch import Batch
from vesal.training.case import Case, Held, Reading
from vesal.training.sources.augmentation import Augmentation
from vesal.training.sources.chances import Draws, chances
from vesal.training.store import Preparation

_OTHERS_TRIED = 20  # for a cube that is of one value, and shows nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Cubes:
    """How cubes are cut: as published but for `balance`, which is 1 there.

    Attributes:
        side: voxels along each axis.
        spacing_mm: of cubic voxels.
        batch: cubes; 12 on each of two GPUs in the paper.
        least_voxels: a structure with fewer in the cube is not learnt from; the published loader
            takes more than 1000.
        shift: voxels by which the cube may be off the middle of the structure's box, along each
            axis, as long as the box stays in it; published: none.
        clamp_ct: Hounsfield units to which CT is cut; nothing is cut where both are equal. The
            published evaluation does not cut, as the training does.
        joint_normalisation: mean and deviation of the voxels above 0 of the whole batch, and not of
            each cube. The published training does so, as it takes the batch for channels; at use
            there is one cube.
        augmentation: "off", "flip" (published) or "strong".
        balance: 1 draws all structures alike, 0 all data sets and their structures alike.
        seed: of the run.

    Raises:
        ConfigError: a number out of range.
    """

    side: int = 128
    spacing_mm: float = 1.5
    batch: int = 12
    least_voxels: int = 1001
    shift: int = 0
    clamp_ct: tuple[float, float] = (-1000.0, 1000.0)
    joint_normalisation: bool = False
    augmentation: str = "flip"
    balance: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        low = {"side": 1, "batch": 1, "least_voxels": 1, "shift": 0}
        wrong = {name: getattr(self, name) for name in low if getattr(self, name) < low[name]}
        if wrong or self.clamp_ct[0] > self.clamp_ct[1]:
            msg = (
                "side, batch and least_voxels must be at least 1, shift at least 0, and clamp_ct "
                f"go up, got {wrong or self.clamp_ct}"
            )
            raise ConfigError(msg)

    def preparation(self, only: tuple[str, ...] = ()) -> Preparation:
        """How cases are to be prepared for these cubes: as SAM-Med3D sees them at use."""
        return Preparation(spacing_mm=self.spacing_mm, antialias=False, only=only)

    def source(self, cases: Sequence[Case]) -> "CubeSource":
        """Batches of cubes out of prepared cases.

        Raises:
            ConfigError: no structure is large enough, or none is of a volume.
        """
        return CubeSource(self, cases)


class CubeSource:
    """Batches of cubes, each around one structure: images ``(cube, 1, *space)``, normalised.

    Pictures are left out: they have no third axis.
    """

    def __init__(self, cubes: Cubes, cases: Sequence[Case]) -> None:
        self.cubes = cubes
        self.cases = [case for case in cases if case.grid.ndim == 3]
        self._augmentation = Augmentation(cubes.augmentation)
        self.targets = [
            (which, number)
            for which, case in enumerate(self.cases)
            for number, held in enumerate(case.structures)
            if self._is_large(case, number, held)
        ]
        """Case and structure of everything that is learnt from."""
        if not self.targets:
            count = sum(len(case.structures) for case in self.cases)
            msg = (
                f"a cube of {cubes.side} voxels of {cubes.spacing_mm:g} mm needs a structure of "
                f"{cubes.least_voxels} voxels, got none among {count} structures of "
                f"{len(self.cases)} volumes; lower least_voxels or the spacing"
            )
            raise ConfigError(msg)
        groups = [
            (self.cases[which].dataset, self.cases[which].structures[number].name)
            for which, number in self.targets
        ]
        self.chances = chances(groups, cubes.balance)
        """How likely each target is drawn."""
        self._draws = Draws(self.chances, cubes.batch, cubes.seed)

    @property
    def batches(self) -> int:
        """Batches of one pass over all targets."""
        return self._draws.batches

    def batch(self, number: int) -> Batch:
        """The batch of that number.

        Raises:
            ResourceError: a prepared file is gone.
            ImageError: cubes are of one value, and others as well.
        """
        rng = np.random.default_rng([self.cubes.seed, number, 5])
        cut = [self._cube(int(target), rng) for target in self._draws.at(number)]
        images = np.stack([image for image, _ in cut])[:, None]
        if self.cubes.joint_normalisation:
            images, _ = positive_zscore(images)
        changed = [
            self._augmentation.changed(image, mask[None], rng)
            for image, (_, mask) in zip(images, cut, strict=True)
        ]
        return Batch(
            images=np.stack([image for image, _ in changed]),
            targets=np.stack([targets for _, targets in changed]),
        )

    def _is_large(self, case: Case, number: int, held: Held) -> bool:
        """Whether enough of a structure is in its cube; only larger ones than it are read."""
        if held.voxels < self.cubes.least_voxels:
            return False
        if max(held.shape) <= self.cubes.side:
            return True
        with case.opened() as reading:
            mask = reading.mask(number, self._part(held, np.zeros(3, np.int64)))
        return int(np.count_nonzero(mask)) >= self.cubes.least_voxels

    def _cube(self, target: int, rng: np.random.Generator) -> tuple[Intensities, MaskArray]:
        for _ in range(_OTHERS_TRIED):
            image, mask = self._read(target, rng)
            try:
                return (
                    image if self.cubes.joint_normalisation else positive_zscore(image)[0]
                ), mask
            except ImageError:
                target = int(rng.integers(len(self.targets)))
        case = self.cases[self.targets[target][0]].name
        msg = f"{_OTHERS_TRIED} cubes, the last of {case}, are of one value each; check the images"
        raise ImageError(msg)

    def _read(self, target: int, rng: np.random.Generator) -> tuple[Intensities, MaskArray]:
        which, number = self.targets[target]
        case, shift = self.cases[which], self.cubes.shift
        held = case.structures[number]
        room = np.minimum(shift, np.maximum(self.cubes.side - np.array(held.shape), 0) // 2)
        # What is larger than the cube is seen in its middle, where the filter has counted it.
        part = self._part(held, rng.integers(-room, room + 1))
        with case.opened() as reading:
            return self._values(case, reading, part), reading.mask(number, part)

    def _values(self, case: Case, reading: Reading, part: Sequence[slice]) -> Intensities:
        values = reading.values(part).astype(np.float32)
        low, high = self.cubes.clamp_ct
        if case.modality == "CT" and low < high:
            np.clip(values, low, high, out=values)
        return values

    def _part(self, held: Held, shift: NDArray[np.int64]) -> tuple[slice, ...]:
        low = np.array(held.start, np.int64)
        starts = window_starts(low, low + held.shape, self.cubes.side) + shift
        return tuple(slice(int(start), int(start) + self.cubes.side) for start in starts)
