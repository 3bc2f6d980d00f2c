"""Promptable segmentation of medical images and volumes: click on a structure, get its mask.

import vesal
image = vesal.open_image("scan.nii.gz")
session = vesal.Session(image, model="vesal-mini")
mask = session.click((12, -40, 33))
mask.save("liver.nii.gz")
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from vesal.errors import VesalError

if TYPE_CHECKING:
    from vesal.checkpoints.load import load_model
    from vesal.images import Image, Mask, open_image
    from vesal.labels import LabelMap, Segment, open_labels
    from vesal.prompts import Box, Click, Lasso, MaskPrompt, Scribble
    from vesal.session import Session

__version__ = version("vesal")

__all__ = [
    "Box",
    "Click",
    "Image",
    "LabelMap",
    "Lasso",
    "Mask",
    "MaskPrompt",
    "Scribble",
    "Segment",
    "Session",
    "VesalError",
    "__version__",
    "load_model",
    "open_image",
    "open_labels",
]

_HOMES = {
    "Box": "vesal.prompts",
    "Click": "vesal.prompts",
    "Image": "vesal.images",
    "LabelMap": "vesal.labels",
    "Lasso": "vesal.prompts",
    "Mask": "vesal.images",
    "MaskPrompt": "vesal.prompts",
    "Scribble": "vesal.prompts",
    "Segment": "vesal.labels",
    "Session": "vesal.session",
    "load_model": "vesal.checkpoints.load",
    "open_image": "vesal.images",
    "open_labels": "vesal.labels",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Load a public name when it is first used: `import vesal` alone brings no torch."""
    if name not in _HOMES:
        msg = f"module 'vesal' has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(_HOMES[name]), name)
