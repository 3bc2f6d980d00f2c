"""Elements of a DICOM header as numbers and text; what is absent or empty is neither."""

import numpy as np
from pydicom import Dataset
from pydicom.multival import MultiValue


def numbers(header: Dataset, name: str) -> tuple[float, ...]:
    """The numbers of an element, none if it is absent or empty."""
    value = header.get(name)
    if value is None or value == "":
        return ()
    return tuple(float(one) for one in np.atleast_1d(value))


def number(header: Dataset, name: str, default: float) -> float:
    """The first number of an element, the default if it is absent or empty."""
    return (*numbers(header, name), default)[0]


def across(header: Dataset) -> tuple[float, str]:
    """Distance or thickness of slices in mm and the element that says so; 0 and "" if none does."""
    for name in ("SpacingBetweenSlices", "SliceThickness"):
        if found := number(header, name, 0.0):
            return abs(found), name
    return 0.0, ""


def text(header: Dataset, name: str) -> str:
    """An element as one line of text, empty if it is absent."""
    value = header.get(name)
    if value is None:
        return ""
    parts = value if isinstance(value, (MultiValue, list)) else [value]
    return " ".join("/".join(str(part) for part in parts).split())
