"""What needs no learning, for comparison: a ball round the click, and region growing."""

import numpy as np
import SimpleITK as sitk  # noqa: N813

from vesal.arrays import Intensities, MaskArray, Voxels
from vesal.geometry.grid import Grid
from vesal.prompts.simulate import Voxel

_SMOOTHING_STEP = 0.0625  # curvature flow is stable up to 1 / 2**(ndim + 1), 1/16 for volumes
_SMOOTHING_STEPS = 5  # as in ITK's ConnectedThresholdImageFilter example


def ball(grid: Grid, index: Voxel, radius_mm: float) -> MaskArray:
    """The voxels whose centres lie within ``radius_mm`` of the centre of voxel ``index``."""
    squared = np.zeros(grid.shape)
    axes = np.ogrid[tuple(slice(n) for n in grid.shape)]
    for row in grid.affine[:-1, :-1]:  # one for each world axis
        offset = np.zeros(grid.shape)
        for step, axis, i in zip(row, axes, index, strict=True):
            offset += step * (axis - i)
        squared += np.square(offset)
    return np.asarray(squared <= radius_mm**2)


def smoothed(voxels: Voxels) -> Intensities:
    """The image after a little curvature flow: noise stops a region grower at once."""
    image = sitk.GetImageFromArray(np.ascontiguousarray(voxels.T).astype(np.float32))
    smooth = sitk.CurvatureFlow(image, _SMOOTHING_STEP, _SMOOTHING_STEPS)  # type: ignore[no-untyped-call]
    # curvature flow answers in double precision, which would double a large scan
    return np.ascontiguousarray(sitk.GetArrayFromImage(smooth).T, np.float32)


def grown_region(voxels: Voxels, index: Voxel, tolerance: float) -> MaskArray:
    """ITK's connected threshold: what is joined to ``index`` by faces and has about its value.

    Values differ from the one at ``index`` by at most ``tolerance``.
    """
    image = sitk.GetImageFromArray(np.ascontiguousarray(voxels.T).astype(np.float32))
    value = image[index]
    region = sitk.ConnectedThreshold(  # type: ignore[no-untyped-call]
        image, seedList=[index], lower=value - tolerance, upper=value + tolerance
    )
    return np.asarray(sitk.GetArrayFromImage(region).T > 0)
