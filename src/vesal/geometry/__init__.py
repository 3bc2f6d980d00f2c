"""Where things are: grids, boxes, frames, and moving values between grids."""

from vesal.geometry.box import AxisBox
from vesal.geometry.components import (
    component_at,
    distance_to_border,
    mask_box,
)
from vesal.geometry.frames import Frame, lps_to_ras, ras_to_lps, transposed
from vesal.geometry.grid import Grid
from vesal.geometry.patch import Patch
from vesal.geometry.resample import resample

__all__ = [
    "AxisBox",
    "Frame",
    "Grid",
    "Patch",
    "component_at",
    "distance_to_border",
    "lps_to_ras",
    "mask_box",
    "ras_to_lps",
    "resample",
    "transposed",
]
