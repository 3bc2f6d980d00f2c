"""Label maps of things that do not exist: blobs, tubes, shells, plates, beads and noise cells.

The shapes are parametric and our own, so the maps carry nobody's licence. After the idea of
training on random shapes with random intensities: Billot et al., SynthSeg (2023); Hoffmann et al.,
SynthMorph (2022). All lengths are in voxels.
"""

import numpy as np
from scipy import ndimage

from vesal.training.shapes import Labels, beads, bent, blob, plate, shell, smooth_field, tube
from vesal.training.torso import torso
from vesal.training.volume import LabelledVolume, Partition

_TORSO_CHANCE, _CELLS_CHANCE = 0.5, 0.15  # of a volume; the others are scenes
_BODY_CHANCE = 0.6  # of a scene: one large body holds the rest
_TUBE_CHANCE = 0.3  # of a shape in a scene


def synthetic_volume(name: str, size: int, rng: np.random.Generator) -> LabelledVolume:
    """A volume of ``size`` voxels an axis without intensities, labels from one of three worlds."""
    drawn = rng.random()
    if drawn < _TORSO_CHANCE:
        labels = torso(size, rng)
    elif drawn < _TORSO_CHANCE + _CELLS_CHANCE:
        labels = noise_cells(size, rng)
    else:
        labels = scene(size, rng)
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
    painters = (blob, blob, shell, plate, beads)
    if rng.random() < _BODY_CHANCE:
        labels[blob(grid, size, rng, radius=size * rng.uniform(0.35, 0.6))] = 1
    for i in range(2, int(rng.integers(20, 50))):
        if rng.random() < _TUBE_CHANCE:
            labels[tube(size, rng)] = i
            continue
        paint = painters[rng.integers(len(painters))]
        labels[paint(grid, size, rng)] = i
    return bent(labels, rng)
