"""A scan with its partitions into labels, as the sampler wants it: small, and all in one file."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import watershed

from vesal.errors import ResourceError
from vesal.images.write import replacing

FINEST_MM = 1.0
"""Finer voxels are averaged to about this: smaller files, and windows are coarser anyway."""

_SUPERVOXEL_SIGMAS = (1.5, 3.0)  # voxels: fine parts, coarse parts
_SMALLEST_LABEL = 30  # voxels
_MOST_SUPERVOXELS = 65_000  # ids are stored in 16 bits
_FLAT = 1e-6  # a gradient so small is none


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Partition:
    """A label map, with the bounding box of each label that has 30 voxels or more."""

    labels: NDArray[np.uint16]
    learnt: bool
    """False for supervoxels, which no one drew."""
    ids: tuple[int, ...] = field(init=False)
    boxes: tuple[tuple[slice, ...], ...] = field(init=False)

    def __post_init__(self) -> None:
        found = ndimage.find_objects(self.labels)
        count = np.bincount(self.labels.reshape(-1), minlength=len(found) + 1)
        kept = [
            i
            for i, box in enumerate(found, start=1)
            if box is not None and count[i] >= _SMALLEST_LABEL
        ]
        object.__setattr__(self, "ids", tuple(kept))
        object.__setattr__(self, "boxes", tuple(found[i - 1] for i in kept))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledVolume:
    """An image (or none: its intensities are then always drawn) and ways to divide it."""

    name: str
    modality: str
    image: NDArray[np.float16] | None
    spacing: tuple[float, ...]
    partitions: tuple[Partition, ...]

    def save(self, path: Path) -> None:
        """Write everything to one compressed npz file, which is whole or not there.

        Raises:
            ResourceError: the disk refuses.
        """
        arrays: dict[str, Any] = {f"partition{i}": p.labels for i, p in enumerate(self.partitions)}
        arrays |= {
            "image": np.zeros(0, np.float16) if self.image is None else self.image,
            "spacing": self.spacing,
            "learnt": np.array([p.learnt for p in self.partitions]),
            "modality": self.modality,
        }
        with replacing(path, ".npz") as temporary:
            np.savez_compressed(temporary, **arrays)

    @classmethod
    def load(cls, path: Path) -> "LabelledVolume":
        """What `save` wrote.

        Raises:
            ResourceError: it is damaged.
        """
        try:
            return cls._read(path)
        except Exception as error:  # zip and NumPy have many for damaged files
            msg = f"{path} is damaged; delete it, and it is made anew"
            raise ResourceError(msg) from error

    @classmethod
    def _read(cls, path: Path) -> "LabelledVolume":
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            partitions = tuple(
                Partition(labels=file[f"partition{i}"], learnt=bool(learnt))
                for i, learnt in enumerate(file["learnt"])
            )
            image = file["image"]
            return cls(
                name=path.stem,
                modality=str(file["modality"]),
                image=image if image.size else None,
                spacing=tuple(float(s) for s in file["spacing"]),
                partitions=partitions,
            )


def prepare(
    name: str,
    modality: str,
    image: NDArray[np.float32],
    spacing: tuple[float, ...],
    label_maps: list[NDArray[np.uint16]],
) -> LabelledVolume:
    """A volume with its label maps and supervoxels at two scales, coarsened to at least about 1 mm.

    Intensities are stored in 16 bits, scaled so that the 0.1 and 99.9 percentiles are 0 and 1.
    A 2D image becomes a volume of one slice and is not coarsened.
    """
    if image.ndim == 2:
        image, spacing = image[..., None], (*spacing, min(spacing))  # as thick as a pixel
        label_maps = [m[..., None] for m in label_maps]
    steps = _coarsening(image.shape, spacing)
    image = _block_mean(image, steps)
    picked = tuple(
        slice(step // 2, n * step, step) for n, step in zip(image.shape, steps, strict=True)
    )
    label_maps = [m[picked] for m in label_maps]
    spacing = tuple(s * step for s, step in zip(spacing, steps, strict=True))
    low, high = np.percentile(image[:: max(1, image.shape[0] // 64)], [0.1, 99.9])
    image = np.clip((image - low) / max(high - low, 1e-6), -0.5, 1.5).astype(np.float32)
    partitions = [Partition(labels=m, learnt=True) for m in label_maps]
    partitions += [
        Partition(labels=supervoxels(image, spacing, sigma), learnt=False)
        for sigma in _SUPERVOXEL_SIGMAS
    ]
    return LabelledVolume(
        name=name,
        modality=modality,
        image=image.astype(np.float16),
        spacing=spacing,
        partitions=tuple(partitions),
    )


def supervoxels(
    image: NDArray[np.float32], spacing: tuple[float, ...], sigma: float
) -> NDArray[np.uint16]:
    """Regions between edges: a watershed of the gradient, smoothed by ``sigma`` finest voxels.

    Empty background (no gradient) becomes one region or none.
    """
    finest = min(spacing)
    sigmas = [
        sigma * finest / s if n > 1 else 0.0 for s, n in zip(spacing, image.shape, strict=True)
    ]
    smooth = ndimage.gaussian_filter(image, [s / 2 for s in sigmas])
    edges = ndimage.gaussian_gradient_magnitude(smooth, [max(s / 2, 1e-3) for s in sigmas])
    edges = ndimage.gaussian_filter(edges, [s / 2 for s in sigmas])
    size = [max(1, 2 * round(1.5 * s) + 1) for s in sigmas]
    minima = (edges == ndimage.minimum_filter(edges, size=size)) & (edges > _FLAT)
    markers, count = ndimage.label(minima)
    if count >= _MOST_SUPERVOXELS:
        return supervoxels(image, spacing, 1.5 * sigma)
    regions = watershed(edges, markers, mask=edges > _FLAT)  # type: ignore[no-untyped-call]
    return np.asarray(regions, np.uint16)


def _coarsening(shape: tuple[int, ...], spacing: tuple[float, ...]) -> list[int]:
    """Voxels along each axis to average into one, at most all of them."""
    if min(shape) == 1:
        return [1] * len(shape)
    return [min(n, max(1, round(FINEST_MM / s))) for n, s in zip(shape, spacing, strict=True)]


def _block_mean(image: NDArray[np.float32], steps: list[int]) -> NDArray[np.float32]:
    for axis, step in enumerate(steps):
        n = image.shape[axis] // step
        shape = [*image.shape[:axis], n, step, *image.shape[axis + 1 :]]
        cut = np.take(image, np.arange(n * step), axis=axis)
        image = cut.reshape(shape).mean(axis=axis + 1)
    return image
