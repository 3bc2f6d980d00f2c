"""Windows of a user's scans, cut as our own model looks at them when it segments.

Training windows of vesal-mini are turned and stretched at random; these lie as the product lays
them (`vesal.inference.windows`), so that what is learnt is what is asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vesal.arrays import Intensities, MaskArray, Voxels
from vesal.datasets import Opened, Pair, Target, open_pair
from vesal.errors import ConfigError
from vesal.geometry import Patch
from vesal.geometry.grid import Grid
from vesal.geometry.resample import resample
from vesal.images.intensity import robust_range
from vesal.inference.appearance import linear_and_rank
from vesal.inference.windows import FILL, View, closest_mm, first_view
from vesal.models.unet_config import PromptableUNetConfig
from vesal.training.augment import distorted
from vesal.training.batch import Batch
from vesal.training.sample import FITTED_RANGE, OFF_CENTRE, Sampler, middle_of
from vesal.training.synth import synthetic_volume

SMALLEST_TARGET = 24
"""Voxels of a structure in its scan, or in a window, below which nothing is learnt from it."""

WINDOWS, TARGETS = 2, 4
"""Of a batch: windows of volumes (of slices three times as many), and structures in each."""

REPLAY = 0.5
"""Share of the windows that are synthetic."""

_VOLUMES = 12  # synthetic ones; each is made in a second or two
_WIDER = 5 / 3  # a synthetic volume is so many times wider than a window, as for vesal-mini
_FITTED_SHARE = 0.5  # of the windows lie around the structure, the others around the first click
_FIRST_RANGE = (0.5, 4.0)  # times the spacing of a first look (inference.window_predictor)
_CENTRED = 0.6  # of the first clicks are the middle of the structure's thickest part
_DISTORTION = 0.35  # of the strength with which vesal-mini is trained from nothing
_ATTEMPTS = 200


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scan:
    """A user's image with what is to be learnt from it."""

    name: str
    values: Voxels
    grid: Grid
    targets: tuple[Target, ...]
    low: float
    """What fills a window beyond the image."""

    @classmethod
    def of(cls, opened: Opened) -> "Scan":
        """The scan of a pair, with its structures of `SMALLEST_TARGET` voxels or more."""
        image = opened.image
        values: Voxels = image.intensities
        return cls(
            name=opened.pair.name,
            values=values,
            grid=image.grid,
            targets=tuple(t for t in opened.targets if t.patch.count >= SMALLEST_TARGET),
            low=robust_range(values)[0],
        )


@dataclass(slots=True, kw_only=True)
class ScanWindows:
    """Batches of windows of the user's pairs: a `Source`.

    Every structure is drawn as often as any other, and each window asks for several of those that
    it shows. Scans are opened when the first batch is asked for.

    Args:
        pairs: what to learn from.
        config: of the model.
        seed: of all draws.
        only: names of structures, as for `open_pair`.
        windows: of a volume, a batch; a slice's cost less, and there are three times as many.
        targets: asked for in each window.
        replay: share of the windows that show synthetic volumes, by which the model keeps what it
            can do and the user's scans do not ask for.
    """

    pairs: Sequence[Pair]
    config: PromptableUNetConfig
    seed: int
    only: Sequence[str] = ()
    windows: int = WINDOWS
    targets: int = TARGETS
    replay: float = REPLAY
    _scans: tuple[Scan, ...] = field(default=(), init=False, repr=False)
    _synthetic: dict[int, Sampler] = field(default_factory=dict, init=False, repr=False)

    @property
    def batches(self) -> int:
        """Batches in which every scan could be seen once."""
        return max(1, len(self.pairs) // self.windows)

    @property
    def scans(self) -> tuple[Scan, ...]:
        """All of them, opened.

        Raises:
            VesalError: one cannot be read.
            ConfigError: nothing to learn from.
        """
        if not self._scans:
            opened = [open_pair(pair, resample=True, only=self.only) for pair in self.pairs]
            self._scans = tuple(scan for scan in map(Scan.of, opened) if scan.targets)
        if not self._scans:
            msg = (
                f"nothing to learn from in {len(self.pairs)} scans: no structure that was asked "
                f"for has {SMALLEST_TARGET} voxels"
            )
            raise ConfigError(msg)
        return self._scans

    def batch(self, number: int) -> Batch:
        """That batch: windows of one scan or several, all flat or all thick.

        Raises:
            VesalError: the scans cannot be read, or hold nothing to learn.
        """
        rng = np.random.default_rng([self.seed, number])
        scans = self.scans
        weights = np.array([len(scan.targets) for scan in scans], float)
        first = int(rng.choice(len(scans), p=weights / weights.sum()))
        alike = [i for i, scan in enumerate(scans) if _flat(scan) == _flat(scans[first])]
        share = weights[alike] / weights[alike].sum()
        count = self.windows * (3 if _flat(scans[first]) else 1)
        replayed = round(self.replay * count)
        picked = [first, *rng.choice(alike, count - 1 - replayed, p=share)]
        drawn = [window_of(scans[i], self.config, self.targets, rng) for i in picked]
        side = drawn[0][0].shape[1]
        window = (side, side, drawn[0][0].shape[-1])
        for _ in range(replayed):
            sample = self._remembered(int(rng.integers(_VOLUMES))).draw(window, self.targets, rng)
            drawn.append((sample.image, sample.targets))
        return Batch(
            images=np.stack([image for image, _ in drawn]),
            targets=np.stack([targets for _, targets in drawn]),
        )

    def _remembered(self, number: int) -> Sampler:
        """A synthetic volume, made when it is first drawn; vesal-mini was trained on such ones."""
        if number not in self._synthetic:
            rng = np.random.default_rng([self.seed, number, 1])
            side = round(_WIDER * self.config.window)
            volume = synthetic_volume(f"synthetic {number}", side, rng)
            self._synthetic[number] = Sampler([volume], [1.0])
        return self._synthetic[number]


def window_of(
    scan: Scan, config: PromptableUNetConfig, targets: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """A window as the model sees it, ``(2, *space)``, and its targets, ``(target, *space)``.

    The axes lie in any order and direction, as the product follows those of the file.

    Raises:
        ConfigError: no window of the scan shows enough of a structure.
    """
    side = config.slice_window if _flat(scan) else config.window
    for _ in range(_ATTEMPTS):
        wanted = int(rng.integers(len(scan.targets)))
        grid = drawn_view(scan.grid, scan.targets[wanted].patch, side, rng).grid(scan.grid)
        masks = _shown(scan, wanted, grid, targets, rng)
        if not masks:
            continue
        values = resample(scan.values, scan.grid, grid, fill=scan.low, antialias=True)
        return _turned(values, masks, targets, rng)
    msg = f"{scan.name} has no structure that a window of {side} voxels an axis could show"
    raise ConfigError(msg)


def drawn_view(image: Grid, patch: Patch, side: int, rng: np.random.Generator) -> View:
    """A window on a structure: around all of it, or around a first click as if nothing is known."""
    if rng.random() < _FITTED_SHARE:
        ends = np.array([patch.start, np.add(patch.start, patch.shape) - 1], np.float64)
        extents = np.array(patch.shape) * np.array(image.spacing_mm)
        factor = np.exp(rng.uniform(*np.log(FITTED_RANGE)))
        spacing = max(factor * FILL * float(extents.max()) / side, closest_mm(image))
        jitter = rng.uniform(-OFF_CENTRE, OFF_CENTRE, image.ndim) * np.array(patch.shape)
        centre = image.to_world((ends.mean(axis=0) + jitter)[None])[0]
    else:
        centre = image.to_world(_first_click(patch, rng)[None])[0]
        view = first_view(image, centre[None], side)
        factor = np.exp(rng.uniform(*np.log(_FIRST_RANGE)))
        spacing = max(factor * view.spacing_mm, closest_mm(image))
    return View(centre_mm=tuple(float(c) for c in centre), spacing_mm=spacing, side=side)


def _first_click(patch: Patch, rng: np.random.Generator) -> NDArray[np.float64]:
    """A voxel of a structure, in indices of the image: often the one nearest to its middle."""
    inside = np.argwhere(patch.array())
    centred = rng.random() < _CENTRED
    place = middle_of(inside) if centred else int(rng.integers(len(inside)))
    return np.asarray(inside[place] + np.array(patch.start), np.float64)


def _shown(
    scan: Scan, wanted: int, window: Grid, targets: int, rng: np.random.Generator
) -> list[MaskArray]:
    """The wanted structure and others in a window; none where the wanted one is too small in it."""
    order = [wanted, *(int(i) for i in rng.permutation(len(scan.targets)) if i != wanted)]
    masks: list[MaskArray] = []
    for i in order:
        mask = seen_in(scan.targets[i].patch, scan.grid, window)
        if np.count_nonzero(mask) >= SMALLEST_TARGET:
            masks.append(mask)
        elif i == wanted:
            return []
        if len(masks) == targets:
            break
    return masks


def seen_in(patch: Patch, image: Grid, window: Grid) -> MaskArray:
    """A structure on the grid of a window."""
    stop = np.add(patch.start, patch.shape)
    local = image.crop(patch.start, stop.tolist())
    if _apart(local, window):
        return np.zeros(window.shape, np.bool_)
    inside = resample(patch.array().astype(np.float32), local, window)
    return np.asarray(inside > 0.5)


def _apart(local: Grid, window: Grid) -> bool:
    """Whether the box of a structure lies beyond a window, which is quicker than to look."""
    ends = np.array([[0.0] * local.ndim, [n - 1.0 for n in local.shape]])
    low, high = np.sort(window.to_index(local.to_world(ends)), axis=0)
    return bool(np.any(high < -1) or np.any(low > np.array(window.shape)))


def _turned(
    values: Intensities, masks: Sequence[MaskArray], targets: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Axes in any order and direction, thin ones last; intensities distorted; as tensors want it.

    Targets are repeated where there are too few: the simulated user clicks elsewhere.
    """
    chosen = [masks[i % len(masks)] for i in range(targets)]
    stack = np.stack([values, *chosen])  # masks become 0 and 1
    order = sorted(rng.permutation(values.ndim).tolist(), key=lambda axis: values.shape[axis] == 1)
    stack = stack.transpose(0, *(axis + 1 for axis in order))
    flips = tuple(axis + 1 for axis in range(values.ndim) if rng.random() < 0.5)
    stack = np.ascontiguousarray(np.flip(stack, flips))
    stack = stack.reshape(*stack.shape, *(1,) * (4 - stack.ndim))
    image = linear_and_rank(distorted(stack[0], rng, strength=_DISTORTION))
    return image, np.asarray(stack[1:] > 0.5)


def _flat(scan: Scan) -> bool:
    """Whether its windows are slices."""
    return sum(n > 1 for n in scan.grid.shape) < 3
