"""Images whose truth is known in world millimetres."""

import numpy as np

from vesal.geometry import Grid
from vesal.images import Image


def ball_image(
    grid: Grid, centre_mm: tuple[float, ...], radius_mm: float, *, noise: float = 0.0
) -> Image:
    """A bright ball (a disc on a slice) on a dark ground, its edge as soft as half a voxel."""
    index = np.stack(np.meshgrid(*[np.arange(n) for n in grid.shape], indexing="ij"), axis=-1)
    world = grid.to_world(index.reshape(-1, grid.ndim).astype(np.float64))
    distance = np.linalg.norm(world - np.array(centre_mm), axis=1).reshape(grid.shape)
    softness = 0.25 * min(grid.spacing_mm)
    values = 100 + 900 / (1 + np.exp(np.clip((distance - radius_mm) / softness, -50, 50)))
    grain = noise * np.random.default_rng(3).standard_normal(grid.shape)
    return Image(array=(values + grain).astype(np.float32), grid=grid)


def enlarged(grid: Grid, voxels_of_coarsest: int = 12) -> Grid:
    """The same affine, with as many mm along each thick axis as so many of the coarsest voxels."""
    coarsest = max(s for s, n in zip(grid.spacing_mm, grid.shape, strict=True) if n > 1)
    shape = tuple(
        1 if n == 1 else int(np.ceil(voxels_of_coarsest * coarsest / s))
        for s, n in zip(grid.spacing_mm, grid.shape, strict=True)
    )
    return Grid(shape=shape, affine=grid.affine)
