"""Region growing by ITK: what is joined to a click and has about its value."""

from importlib.metadata import version

import numpy as np
import SimpleITK as sitk  # noqa: N813

from vesal.arrays import Intensities, MaskArray, Resampled, Voxels
from vesal.evaluation.methods.baseline import Baseline, Found, nearest_voxels
from vesal.evaluation.methods.window import SETTINGS, cut_faces, faces_of, range_of
from vesal.images import Image
from vesal.images.intensity import robust_range
from vesal.inference.request import Request
from vesal.prompts.simulate import Voxel

_SMOOTHING_STEP = 0.0625  # curvature flow is stable up to 1 / 2**(ndim + 1), 1/16 for volumes
_SMOOTHING_STEPS = 5  # as in ITK's ConnectedThresholdImageFilter example
_REACH = _SMOOTHING_STEPS + 1  # voxels: each step looks at neighbours
_TOLERANCE = 0.2  # of the image's robust range; chosen on tests/data
_ROUNDING = 1e-6  # of a voxel
_HALVINGS = 6  # of the tolerance, and the first try is all of it


def growing_method(name: str = "region-growing") -> Baseline:
    """Regions that grow from the positive clicks on the smoothed image, each for itself.

    A region takes what is joined to its click by faces and differs by at most a share of the
    image's range; the share is narrowed until all negative clicks are outside, and all
    faces of a window round the clicks (see `window.range_of`): what reaches so far has leaked.
    """
    settings = f"{_TOLERANCE:g} of the range, {SETTINGS}"
    identity = f"region growing, {settings}, SimpleITK {version('SimpleITK')}"
    return Baseline(name, identity=identity, look=_Grower)


class _Grower:
    def __init__(self, image: Image) -> None:
        self._grid = image.grid
        self._values = image.grey()
        low, high = robust_range(self._values)
        self._range = high - low

    def find(self, request: Request) -> Found:
        """The union of the regions of all positive clicks."""
        seen = range_of(self._grid, request)
        starts = np.ceil(np.array(seen.low) - _ROUNDING).astype(int)
        stops = np.floor(np.array(seen.high) + _ROUNDING).astype(int) + 1
        part = tuple(slice(int(a), int(b)) for a, b in zip(starts, stops, strict=True))
        values = smoothed_part(self._values, part)
        outside = faces_of(values.shape, cut_faces(seen, self._grid))
        inside = []
        for voxel, positive in nearest_voxels(request, self._grid):
            local = tuple(i - s.start for i, s in zip(voxel, part, strict=True))
            if positive:
                inside.append(local)
            elif all(0 <= i < n for i, n in zip(local, values.shape, strict=True)):
                outside[local] = True
        image = as_itk(values)
        mask = np.zeros(values.shape, np.bool_)
        for seed in dict.fromkeys(inside):
            if not mask[seed]:
                mask |= self._region(image, seed, outside)
        return Found(mask=mask, start=tuple(s.start for s in part))

    def _region(self, image: sitk.Image, seed: Voxel, outside: MaskArray) -> MaskArray:
        """The largest region that stays inside; a wider tolerance never makes it smaller."""
        best = np.zeros(outside.shape, np.bool_)
        best[seed] = True
        low, high = 0.0, 2 * _TOLERANCE * self._range  # the first try is the tolerance itself
        for _ in range(_HALVINGS):
            tolerance = (low + high) / 2
            region = grown_region(image, seed, tolerance)
            if (region & outside).any():
                high = tolerance
            elif high > _TOLERANCE * self._range:
                return region
            else:
                low, best = tolerance, region
        return best


def smoothed(voxels: Voxels) -> Intensities:
    """The image after a little curvature flow: noise stops a region grower at once."""
    image = as_itk(voxels)
    smooth = sitk.CurvatureFlow(image, _SMOOTHING_STEP, _SMOOTHING_STEPS)  # type: ignore[no-untyped-call]
    # curvature flow answers in double precision, which would double a large scan
    return np.ascontiguousarray(sitk.GetArrayFromImage(smooth).T, np.float32)


def smoothed_part(voxels: Voxels, part: tuple[slice, ...]) -> Resampled:
    """What `smoothed` makes of a part of an image, without looking further than it has to."""
    wider = tuple(
        slice(max(s.start - _REACH, 0), min(s.stop + _REACH, n))
        for s, n in zip(part, voxels.shape, strict=True)
    )
    inner = (slice(s.start - w.start, s.stop - w.start) for s, w in zip(part, wider, strict=True))
    return smoothed(voxels[wider])[tuple(inner)]


def as_itk(voxels: Voxels) -> sitk.Image:
    """The same axes in ITK's order, so that an index is the same too."""
    return sitk.GetImageFromArray(np.ascontiguousarray(voxels.T).astype(np.float32))


def grown_region(image: sitk.Image, index: Voxel, tolerance: float) -> MaskArray:
    """ITK's connected threshold: what is joined to ``index`` by faces and has about its value.

    Values differ from the one at ``index`` by at most ``tolerance``.
    """
    value = image[index]
    region = sitk.ConnectedThreshold(  # type: ignore[no-untyped-call]
        image, seedList=[index], lower=value - tolerance, upper=value + tolerance
    )
    return np.asarray(sitk.GetArrayFromImage(region).T > 0)
