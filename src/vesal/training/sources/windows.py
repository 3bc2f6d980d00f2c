"""Random windows of labelled volumes, at any scale and turn: what vesal-mini learns from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vesal.datasets import find_pairs
from vesal.errors import ConfigError
from vesal.models.build import Model
from vesal.progress import Progress
from vesal.training.batch import Batch
from vesal.training.corpus import build
from vesal.training.division import divided
from vesal.training.own_volumes import volumes_of
from vesal.training.recipe import Material
from vesal.training.sample import Sampler
from vesal.training.scans import SCANS
from vesal.training.synth import synthetic_volume
from vesal.training.validate import ClickValidation, validation_windows
from vesal.training.volume import LabelledVolume

_VALIDATION_SEED = 1
_VALIDATION_EACH = 8  # windows of each scan that is kept out
_VALIDATION_SIDE = 48
_COUNTS = ("volume_windows", "volume_side", "slice_windows", "slice_side", "slice_every", "targets")


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """What a batch of windows holds, and how often synthetic volumes are shown.

    Raises:
        ConfigError: a number out of range.
    """

    volume_windows: int = 2
    """3D windows a batch."""
    volume_side: int = 48
    """Voxels an axis of a 3D window."""
    slice_windows: int = 6
    """2D windows a batch, in the batches that are 2D."""
    slice_side: int = 96
    slice_every: int = 5
    """Every so many batches is one of slices."""
    targets: int = 4
    """Objects prompted in each window: the window is encoded once for all of them."""
    synthetic_volumes: int = 80
    synthetic_side: int = 80
    synthetic_share: float = 0.25
    validation_share: float = 0.1
    """Of the patients of DATA, where it does not say it; 0 for none."""
    often: tuple[tuple[str, float], ...] = ()
    """How often a real volume is drawn, where not once like the others: its name and a factor."""

    def __post_init__(self) -> None:
        for name in _COUNTS:
            if getattr(self, name) < 1:
                msg = f"{name} of a recipe must be at least 1, got {getattr(self, name)}"
                raise ConfigError(msg)
        if not 0 <= self.synthetic_share <= 1:
            msg = f"synthetic_share of a recipe must be 0 to 1, got {self.synthetic_share}"
            raise ConfigError(msg)

    def material(
        self, data: Path | None, cache: Path, model: Model, seed: int, progress: Progress
    ) -> Material:
        """Volumes of ``data``, or the scans that `vesal train mini` fetches by name.

        Raises:
            ConfigError: the model cannot take windows of these sides, or there is nothing to learn.
            ResourceError: a scan cannot be fetched, or is not the expected one; or the disk.
        """
        self._check(model)
        if data is not None:
            return self._own(data, cache, seed, progress)
        build(cache, progress=progress)
        kept_out = [scan.name for scan in SCANS if scan.validation]
        learnt = [scan.name for scan in SCANS if not scan.validation]
        volumes = cache / "volumes"
        return Material(
            source=WindowSource(volumes, learnt, self, seed),
            validation=_windows(volumes, {name: name for name in kept_out}),
        )

    def _own(self, data: Path, cache: Path, seed: int, progress: Progress) -> Material:
        found = find_pairs(data)
        learnt, checked = divided(found.pairs, self.validation_share, seed)
        folder = cache / "own"
        names, notes = volumes_of([*learnt, *checked], folder, progress=progress)
        mine = [names[pair.name] for pair in learnt if pair.name in names]
        others = {names[pair.name]: pair.name for pair in checked if pair.name in names}
        if not mine:
            raise ConfigError("all cases that can be read are kept for validation: give more")
        notes = [*found.notes, *notes]
        if not others:
            notes.append("nothing is kept for validation: the last weights are the result")
        return Material(
            source=WindowSource(folder, mine, self, seed),
            validation=_windows(folder, others) if others else None,
            notes=notes,
        )

    def _check(self, model: Model) -> None:
        step = getattr(model.config, "step", 1)
        sides = (self.volume_side, self.slice_side)
        if any(side % step for side in sides):
            msg = f"windows of this recipe's model must be multiples of {step}, got {sides}"
            raise ConfigError(msg)


class WindowSource:
    """Batches of windows of the volumes in a folder. Implements `Source`.

    Args:
        folder: of files of `LabelledVolume`; synthetic volumes are made and kept there.
        names: of the real volumes.
        settings: of the batches.
        seed: of all that is drawn.
    """

    def __init__(self, folder: Path, names: list[str], settings: Windows, seed: int) -> None:
        self.folder, self.names, self.settings, self.seed = folder, names, settings, seed
        self._sampler: Sampler | None = None

    def __getstate__(self) -> dict[str, object]:
        """Everything but the volumes, which another process reads for itself."""
        return self.__dict__ | {"_sampler": None}

    @property
    def batches(self) -> int:
        """As many as show each real volume once."""
        return max(1, -(-len(self.names) // self.settings.volume_windows))

    def batch(self, number: int) -> Batch:
        """That batch: the same for the same settings, seed, volumes and number."""
        settings = self.settings
        rng = np.random.default_rng([self.seed, number])
        flat = number % settings.slice_every == settings.slice_every - 1
        count = settings.slice_windows if flat else settings.volume_windows
        side = settings.slice_side if flat else settings.volume_side
        window = (side, side, 1 if flat else side)
        samples = [self.sampler.draw(window, settings.targets, rng) for _ in range(count)]
        return Batch(
            images=np.stack([s.image for s in samples]),
            targets=np.stack([s.targets for s in samples]),
        )

    @property
    def sampler(self) -> Sampler:
        """The sampler over the real and the synthetic volumes."""
        if self._sampler is None:
            real = [LabelledVolume.load(self.folder / f"{name}.npz") for name in self.names]
            synthetic = self._synthetic()
            share = self.settings.synthetic_share
            often = dict(self.settings.often)
            factors = np.array([often.get(name, 1.0) for name in self.names])
            weights = [float(w) for w in (1 - share) * factors / factors.sum()]
            weights += [share / len(synthetic) for _ in synthetic]
            self._sampler = Sampler(real + synthetic, weights)
        return self._sampler

    def _synthetic(self) -> list[LabelledVolume]:
        volumes = []
        for number in range(self.settings.synthetic_volumes):
            path = self.folder / f"synthetic-{self.settings.synthetic_side}-{number}.npz"
            if not path.exists():
                rng = np.random.default_rng([self.seed, number, 1])
                synthetic_volume(path.stem, self.settings.synthetic_side, rng).save(path)
            volumes.append(LabelledVolume.load(path))
        return volumes


def _windows(folder: Path, names: Mapping[str, str]) -> ClickValidation:
    """Windows of the volumes of these names, shown under others."""
    made = validation_windows(
        folder, list(names), side=_VALIDATION_SIDE, each=_VALIDATION_EACH, seed=_VALIDATION_SEED
    )
    return ClickValidation(samples={names[name]: made.samples[name] for name in names})
