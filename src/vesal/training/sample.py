"""Random windows of a volume, each with several targets: what one training step looks at."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from vesal.errors import ConfigError
from vesal.inference.appearance import linear_and_rank
from vesal.inference.windows import FILL
from vesal.training.augment import distorted, drawn_intensities
from vesal.training.volume import LabelledVolume, Partition

_SMALLEST_TARGET = 24  # voxels of the window
_SYNTHETIC_SHARE = 0.35  # of the windows of real label maps get drawn intensities
_LEARNT_SHARE = 0.8  # of the windows show drawn labels where there are supervoxels, too
_FEW_LABELS = 5  # with so many drawn labels half as often: few would be learnt by heart
_TURNED_SHARE = 0.5  # of the windows are turned by any angle, not only by right ones
_UNION_SHARE = 0.06  # of the targets are two labels at once
_COARSER_COPIES = 3
_LEAST_HALVED = 16  # voxels an axis: shorter ones are kept as they are
_FITTED_SHARE, _CENTRED_SHARE = 0.35, 0.3  # of the windows; the others show a label anywhere
_ATTEMPTS = 10_000  # to find a window with a target; a usual corpus needs a few

FITTED_RANGE = (0.75, 1.6)
"""Times the fitted size of a window: as after a mask that was cut off, or too large."""
OFF_CENTRE = 0.15
"""Of an object's size, as far as the middle of a fitted window is off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One window on the model's grid."""

    image: NDArray[np.float32]
    """``(2, *window)``, see `linear_and_rank`."""
    targets: NDArray[np.bool_]
    """``(target, *window)``, none empty."""


class Sampler:
    """Draws samples from volumes, each volume as often as its weight says.

    Raises:
        ConfigError: no volume, or none with a weight.
    """

    def __init__(self, volumes: list[LabelledVolume], weights: list[float]) -> None:
        if not sum(weights) > 0:
            msg = f"a sampler needs volumes of positive weight, got {len(volumes)}: {weights}"
            raise ConfigError(msg)
        self.volumes = volumes
        self.weights = np.asarray(weights, float) / sum(weights)
        self._pyramids = [_pyramid(v) for v in volumes]

    def draw(
        self,
        window: tuple[int, ...],
        targets: int,
        rng: np.random.Generator,
        *,
        plain: bool = False,
    ) -> Sample:
        """A window of that shape (last axis 1: a slice) with ``targets`` targets.

        ``plain`` leaves the image as it is, for validation.

        Raises:
            ConfigError: no volume has anything that such a window could show.
        """
        for _ in range(_ATTEMPTS):
            which = int(rng.choice(len(self.volumes), p=self.weights))
            volume = self.volumes[which]
            if volume.image is not None and min(volume.image.shape) == 1 and window[-1] != 1:
                continue
            sample = self._attempt(which, window, targets, rng, plain=plain)
            if sample is not None:
                return sample
        names = ", ".join(volume.name for volume in self.volumes)
        msg = f"a window of {window} voxels needs a label of {_SMALLEST_TARGET}, none in {names}"
        raise ConfigError(msg)

    def _attempt(
        self,
        which: int,
        window: tuple[int, ...],
        targets: int,
        rng: np.random.Generator,
        *,
        plain: bool,
    ) -> Sample | None:
        volume = self.volumes[which]
        partition = _pick_partition(volume, rng)
        if not partition.ids:
            return None
        wanted = int(rng.integers(len(partition.ids)))
        matrix, offset = _random_view(volume, partition, wanted, window, rng)
        labels = ndimage.affine_transform(
            partition.labels, matrix, offset, output_shape=window, order=0, mode="constant", cval=0
        )
        masks = _targets(labels, partition.ids[wanted], targets, rng)
        if masks is None:
            return None
        drawn = partition.learnt and not plain and rng.random() < _SYNTHETIC_SHARE
        if volume.image is None or drawn:
            image = drawn_intensities(labels, rng)
        else:
            image = _view(self._pyramids[which], matrix, offset, window)
        if not plain:
            image = distorted(image, rng)
        return Sample(image=linear_and_rank(image), targets=masks)


def _pick_partition(volume: LabelledVolume, rng: np.random.Generator) -> Partition:
    """Mostly drawn labels, where there are some; the coarsest supervoxels else."""
    learnt = [p for p in volume.partitions if p.learnt]
    others = [p for p in volume.partitions if not p.learnt][-1:]
    labels = sum(len(p.ids) for p in learnt)
    share = _LEARNT_SHARE * labels / (labels + _FEW_LABELS)
    pool = learnt if learnt and (not others or rng.random() < share) else others
    return pool[int(rng.integers(len(pool)))]


def _random_view(
    volume: LabelledVolume,
    partition: Partition,
    wanted: int,
    window: tuple[int, ...],
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The affine map from window index to volume index, in which a label is in sight.

    As the product looks at it: fitted to all of the label, or with a click in its middle at any
    scale. Or anywhere, at any scale. Always at any turn.
    """
    spacing = np.asarray(volume.spacing)
    box = partition.boxes[wanted]
    corner = np.array([s.start for s in box])
    size = np.array([s.stop - s.start for s in box])
    side = max(window)
    extent = np.exp(rng.uniform(np.log(8), np.log(1.3 * side)))  # voxels of the window
    shift = np.zeros(3)
    mode = rng.random()
    if mode < _FITTED_SHARE:
        extent = side / (FILL * np.exp(rng.uniform(*np.log(FITTED_RANGE))))
        point = corner + (size - 1) / 2 + rng.uniform(-OFF_CENTRE, OFF_CENTRE, 3) * size
    else:
        inside = np.argwhere(partition.labels[box] == partition.ids[wanted])
        place = int(rng.integers(len(inside)))
        if mode < _FITTED_SHARE + _CENTRED_SHARE:
            place = middle_of(inside)
        else:
            shift = rng.uniform(-0.3, 0.3, 3) * np.asarray(window) * (np.asarray(window) > 1)
        point = inside[place] + corner
    longest_mm = max(d * n for d, n in zip(spacing, partition.labels.shape, strict=True))
    coarsest = max(longest_mm / (0.6 * side), spacing.min())  # the volume fills 0.6 of the window
    scale = float(np.clip((size * spacing).max() / extent, 0.5 * spacing.min(), coarsest))
    flat = partition.labels.shape[-1] == 1
    rotation = _random_rotation(rng, flat=flat)
    stretch = np.exp(rng.uniform(-0.15, 0.15, 3))
    matrix = (rotation * (scale * stretch)) / spacing[:, None]
    if flat:
        matrix[2], matrix[:, 2] = 0, 0
    middle = (np.asarray(window) - 1) / 2
    return matrix, point - matrix @ (middle + shift)


def middle_of(inside: NDArray[np.int64]) -> int:
    """Which of an object's voxels, ``(voxel, axis)``, is the nearest to the mean of all."""
    return int(((inside - inside.mean(axis=0)) ** 2).sum(axis=1).argmin())


def _random_rotation(rng: np.random.Generator, *, flat: bool) -> NDArray[np.float64]:
    """A signed permutation of the axes, sometimes a turn on top; in plane for flat volumes."""
    order = [*rng.permutation(2).tolist(), 2] if flat else rng.permutation(3).tolist()
    rotation: NDArray[np.float64] = np.eye(3)[order] * rng.choice([-1, 1], 3)
    if rng.random() < _TURNED_SHARE:
        axis = np.array([0.0, 0.0, 1.0]) if flat else rng.standard_normal(3)
        axis = axis / np.linalg.norm(axis) * rng.uniform(-0.6, 0.6)
        x, y, z = axis
        skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
        angle = float(np.linalg.norm(axis)) + 1e-12
        bend = (1 - np.cos(angle)) / angle**2 * skew @ skew  # Rodrigues' formula
        rotation = rotation @ (np.eye(3) + np.sin(angle) / angle * skew + bend)
    return rotation


def _targets(
    labels: NDArray[np.uint16], wanted: int, count: int, rng: np.random.Generator
) -> NDArray[np.bool_] | None:
    """Connected parts of labels, sometimes of two at once; None where nothing is large enough.

    The wanted label is one of them, if enough of it is in sight.
    """
    sizes = np.bincount(labels.reshape(-1))
    sizes[0] = 0
    ids = np.flatnonzero(sizes >= _SMALLEST_TARGET)
    if not len(ids):
        return None
    masks = []
    drawn = rng.choice(ids, count, replace=len(ids) < count)
    if wanted in ids and wanted not in drawn:
        drawn[0] = wanted
    for chosen in drawn:
        mask = labels == chosen
        if rng.random() < _UNION_SHARE and len(ids) > 1:
            mask = mask | (labels == rng.choice(ids))
        masks.append(_one_part(mask, rng))
    return np.stack(masks)


def _one_part(mask: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    parts, count = ndimage.label(mask)
    if count <= 1:
        return mask
    sizes = np.bincount(parts.reshape(-1))[1:]
    chosen = 1 + int(rng.choice(count, p=sizes / sizes.sum()))
    part: NDArray[np.bool_] = parts == chosen
    return part if sizes[chosen - 1] >= _SMALLEST_TARGET else mask


def _pyramid(volume: LabelledVolume) -> list[tuple[NDArray[np.float32], NDArray[np.float64]]]:
    """The image and coarser copies, each with the original voxels an axis in one of its own."""
    if volume.image is None:
        return []
    image: NDArray[np.float32] = volume.image.astype(np.float32)
    steps = np.ones(3)
    levels = [(image, steps)]
    for _ in range(_COARSER_COPIES):
        size = np.asarray(volume.spacing) * steps
        fine = size < 1.5 * size.min()
        halved = [bool(f) and n >= _LEAST_HALVED for f, n in zip(fine, image.shape, strict=True)]
        for axis, half in enumerate(halved):
            if half:
                even = image.shape[axis] // 2 * 2
                first = np.take(image, np.arange(0, even, 2), axis=axis)
                second = np.take(image, np.arange(1, even, 2), axis=axis)
                image = np.asarray((first + second) / 2, np.float32)
        steps = steps * (1 + np.asarray(halved))
        levels.append((image, steps))
    return levels


def _view(
    pyramid: list[tuple[NDArray[np.float32], NDArray[np.float64]]],
    matrix: NDArray[np.float64],
    offset: NDArray[np.float64],
    window: tuple[int, ...],
) -> NDArray[np.float32]:
    """The window cut from the coarsest copy that is not coarser than the window itself."""
    step = np.linalg.norm(matrix, axis=1)  # volume voxels a window voxel, along each volume axis
    image, steps = pyramid[0]
    for coarser, wider in pyramid[1:]:
        if np.all((wider <= 1.3 * step) | (wider == 1)):
            image, steps = coarser, wider
    inner = (offset + 0.5) / steps - 0.5
    cut: NDArray[np.float32] = ndimage.affine_transform(
        image,
        matrix / steps[:, None],
        inner,
        output_shape=window,
        order=1,
        mode="constant",
        cval=float(image.min()),
    )
    return cut
