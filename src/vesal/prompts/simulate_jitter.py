"""The unsteady hand of a simulated user: clicks that miss the voxel they were meant for."""

import math

import numpy as np

from vesal.arrays import MaskArray
from vesal.errors import ConfigError
from vesal.prompts.simulate import Voxel

_STEP = 0.5  # voxels between places that are looked at on the way back


def jittered_click(
    voxel: Voxel,
    shape: tuple[int, ...],
    spacing_mm: tuple[float, ...],
    rng: np.random.Generator,
    *,
    shift_mm: float,
    region: MaskArray | None = None,
) -> Voxel:
    """A voxel up to so many mm away in some direction, each direction and distance equally likely.

    With a region the click stays in it: it comes as far back towards the voxel as it must.
    Without one the click may miss the object, and is still meant as it was: a positive click on the
    background, as when a hand slips. It never leaves the array, and not the slice of an array of
    one slice.

    Args:
        voxel: where the user wants to click; in the region, if there is one.
        shape: of the array.
        spacing_mm: between voxel centres along each axis, which are taken to be at right angles.
        rng: where direction and distance come from.
        shift_mm: the longest way.
        region: what the click is meant for.

    Raises:
        ConfigError: a way that is not finite, or below 0.
    """
    if not (math.isfinite(shift_mm) and shift_mm >= 0):
        msg = f"a click is displaced by a number of mm from 0 on, got {shift_mm}"
        raise ConfigError(msg)
    free = np.array(shape) > 1
    direction = rng.standard_normal(len(shape)) * free
    length = max(float(np.linalg.norm(direction)), 1e-12)  # 0 for an array of one voxel
    way = rng.uniform(0, shift_mm) * direction / length / np.array(spacing_mm)  # in voxels
    way *= min(1.0, max(shape) / max(float(np.abs(way).max()), 1e-12))  # beyond lies nothing
    steps = 1 if region is None else max(1, math.ceil(float(np.abs(way).max()) / _STEP))
    last = np.array(shape) - 1
    for left in range(steps, 0, -1):
        found = np.clip(np.rint(np.array(voxel) + way * (left / steps)), 0, last).astype(int)
        reached = tuple(found.tolist())
        if region is None or region[reached]:
            return reached
    return voxel
