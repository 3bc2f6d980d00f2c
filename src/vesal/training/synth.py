"""Label maps of things that do not exist: blobs, tubes, shells, plates, beads and noise cells.

The shapes are parametric and our own, so the maps carry nobody's licence. After the idea of
training on random shapes with random intensities: Billot et al., SynthSeg (2023); Hoffmann et al.,
SynthMorph (2022). All lengths are in voxels.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from vesal.training.volume import LabelledVolume, Partition

Labels = NDArray[np.uint16]

_CELLS_CHANCE = 0.35  # of a volume: noise cells, not a scene
_BODY_CHANCE = 0.6  # of a scene: one large body holds the rest
_LOBED_CHANCE = 0.5  # of a blob


def synthetic_volume(name: str, size: int, rng: np.random.Generator) -> LabelledVolume:
    """A volume of ``size`` voxels an axis without intensities, labels from one of two worlds."""
    labels = noise_cells(size, rng) if rng.random() < _CELLS_CHANCE else scene(size, rng)
    return LabelledVolume(
        name=name,
        modality="synthetic",
        image=None,
        spacing=(1.0, 1.0, 1.0),
        partitions=(Partition(labels=labels, learnt=True),),
    )


def noise_cells(size: int, rng: np.random.Generator) -> Labels:
    """Each voxel belongs to the largest of several smooth noise fields."""
    count = int(rng.integers(6, 20))
    scale = rng.uniform(6, size / 4)
    best = np.full((size,) * 3, -np.inf, np.float32)
    labels = np.zeros((size,) * 3, np.uint16)
    for i in range(1, count + 1):
        field = smooth_field(size, scale * rng.uniform(0.6, 1.6), rng)
        above = field > best
        best[above] = field[above]
        labels[above] = i
    connected = np.zeros_like(labels)
    total = 0
    for i in range(1, count + 1):
        parts, n = ndimage.label(labels == i)
        connected[parts > 0] = parts[parts > 0] + total
        total += n
    return connected


def scene(size: int, rng: np.random.Generator) -> Labels:
    """Twenty to fifty shapes painted over each other, then bent together."""
    labels = np.zeros((size,) * 3, np.uint16)
    grid = np.stack(np.meshgrid(*[np.arange(size, dtype=np.float32)] * 3, indexing="ij"))
    painters = (blob, blob, tube, tube, shell, plate, beads)
    if rng.random() < _BODY_CHANCE:
        labels[blob(grid, size, rng, radius=size * rng.uniform(0.35, 0.6))] = 1
    for i in range(2, int(rng.integers(20, 50))):
        paint = painters[rng.integers(len(painters))]
        labels[paint(grid, size, rng)] = i
    return bent(labels, rng)


def smooth_field(size: int, scale: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Noise of unit size that varies over about ``scale`` voxels."""
    coarse = max(3, round(size / scale) + 2)
    field = rng.standard_normal((coarse,) * 3).astype(np.float32)
    zoomed: NDArray[np.float32] = ndimage.zoom(field, size / coarse, order=2, mode="nearest")
    return zoomed[:size, :size, :size]


def blob(
    grid: NDArray[np.float32], size: int, rng: np.random.Generator, radius: float | None = None
) -> NDArray[np.bool_]:
    """A superellipsoid, lobed by noise now and then."""
    power = rng.uniform(1.5, 4)
    radii = _radii(size, rng) if radius is None else radius * rng.uniform(0.7, 1.2, 3)
    turned = _turned(grid, size, rng)
    level = sum(np.abs(t / r) ** power for t, r in zip(turned, radii, strict=True))
    if rng.random() < _LOBED_CHANCE:
        level = level + 0.6 * smooth_field(size, rng.uniform(6, 20), rng)
    return np.asarray(level < 1)


def shell(grid: NDArray[np.float32], size: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """The wall of an ellipsoid."""
    radii = 1.4 * _radii(size, rng)
    level = np.sqrt(sum((t / r) ** 2 for t, r in zip(_turned(grid, size, rng), radii, strict=True)))
    thickness = rng.uniform(1.5, 5) / radii.min()
    return np.asarray((level < 1) & (level > 1 - thickness))


def plate(grid: NDArray[np.float32], size: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """A thin bent sheet, such as a muscle or a fascia."""
    turned = _turned(grid, size, rng)
    height = turned[0] + 3 * smooth_field(size, size / 3, rng)
    extent = rng.uniform(size / 8, size / 3, 2)
    inside = (np.abs(turned[1]) < extent[0]) & (np.abs(turned[2]) < extent[1])
    return np.asarray(inside & (np.abs(height) < rng.uniform(1, 4)))


def tube(grid: NDArray[np.float32], size: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """A random walk with thickness: vessels, bowel, ribs."""
    steps = int(rng.integers(20, 80))
    direction = rng.standard_normal(3)
    point = rng.uniform(0.1, 0.9, 3) * size
    seeds = np.ones((size,) * 3, np.bool_)
    for _ in range(steps):
        direction = direction + 0.5 * rng.standard_normal(3)
        direction /= np.linalg.norm(direction)
        point = point + 1.5 * direction
        index = np.round(point).astype(int)
        if np.any(index < 0) or np.any(index >= size):
            break
        seeds[tuple(index)] = False
    if seeds.all():
        return ~seeds
    return np.asarray(ndimage.distance_transform_edt(seeds) < rng.uniform(1.5, 6))


def beads(grid: NDArray[np.float32], size: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """One of a row of like bodies (vertebrae, ribs, nuclei): the neighbours look the same."""
    turned = _turned(grid, size, rng)
    pitch = rng.uniform(8, 20)
    radius = pitch * rng.uniform(0.3, 0.46)
    along = turned[0] - pitch * int(rng.integers(-2, 3))
    return np.asarray(along**2 + turned[1] ** 2 + turned[2] ** 2 < radius**2)


def bent(labels: Labels, rng: np.random.Generator) -> Labels:
    """The labels under a smooth random displacement of a few voxels."""
    size = labels.shape[0]
    amplitude = rng.uniform(0, 4)
    index = np.indices(labels.shape, dtype=np.float32)
    for axis in range(3):
        index[axis] += amplitude * smooth_field(size, size / 6, rng)
    moved: Labels = ndimage.map_coordinates(labels, index, order=0, mode="nearest")
    return moved


def _radii(size: int, rng: np.random.Generator) -> NDArray[np.float64]:
    radii: NDArray[np.float64] = np.exp(rng.uniform(np.log(3), np.log(size / 3.5)))
    return radii * rng.uniform(0.5, 1.5, 3)


def _turned(grid: NDArray[np.float32], size: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Coordinates in a randomly placed and turned frame."""
    rotation, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    centre = rng.uniform(0.05, 0.95, 3) * size
    moved = grid - centre.astype(np.float32)[:, None, None, None]
    turned: NDArray[np.float32] = np.tensordot(rotation.astype(np.float32), moved, axes=1)
    return turned
