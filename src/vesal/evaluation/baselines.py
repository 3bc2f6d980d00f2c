"""What needs no learning, for comparison: a ball round the click, and region growing."""

import numpy as np
import SimpleITK as sitk  # noqa: N813

from vesal.arrays import MaskArray, Voxels
from vesal.geometry.grid import Grid
from vesal.prompts.simulate import Voxel


def ball(grid: Grid, index: Voxel, radius_mm: float) -> MaskArray:
    """The voxels whose centres lie within ``radius_mm`` of the centre of voxel ``index``."""
    squared = np.zeros(grid.shape)
    axes = np.ogrid[tuple(slice(n) for n in grid.shape)]
    for row in grid.affine[:-1, :-1]:
        offset = sum(
            step * (axis - i) for step, axis, i in zip(row, axes, index, strict=True)
        )
        squared = squared + np.square(offset)
    return np.asarray(squared <= radius_mm**2)


def grown_region(voxels: Voxels, index: Voxel, tolerance: float) -> MaskArray:
    """ITK's connected threshold: voxels joined to ``index`` whose values differ by at most ``tolerance``.

    The image is smoothed a little first (curvature flow, as in ITK's own region growing example), because noise
    stops a grower at once.
    """
    image = sitk.GetImageFromArray(np.ascontiguousarray(voxels.T).astype(np.float32))
    smooth = sitk.CurvatureFlow(image, timeStep=0.0625, numberOfIterations=5)
    value = smooth[index]
    region = sitk.ConnectedThreshold(
        smooth, seedList=[index], lower=value - tolerance, upper=value + tolerance
    )
    return np.asarray(sitk.GetArrayFromImage(region).T > 0)
