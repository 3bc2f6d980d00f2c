"""What is wrong with a case, whatever the rules: each check a function that answers in a sentence.

A check gives "" where nothing is wrong. Its word stands in the catalogue as the reason.
"""

import math
from dataclasses import dataclass

from vesal.datasets import Opened, Target
from vesal.datasets.likeness import BOUND
from vesal.datasets.open import image_at
from vesal.datasets.pair import Pair
from vesal.errors import ConfigError, GeometryError, InputError, ResourceError, VesalError
from vesal.geometry import Grid
from vesal.images import Image
from vesal.images.intensity import is_constant

UNREADABLE, MISALIGNED, NOT_FINITE, DIED = "unreadable", "misaligned", "not finite", "died"
SPACING, CONSTANT, EMPTY, FULL = "spacing", "constant", "empty", "full"
TWIN, LEAK = "twin", "leak"
CHECKS = {
    UNREADABLE: "image or labels cannot be read",
    MISALIGNED: "labels on another grid than the image",
    NOT_FINITE: "voxels that are NaN or infinite",
    DIED: "the process died of it, twice",
    SPACING: "absurd spacing: a broken header",
    CONSTANT: "an image of one value",
    EMPTY: "no voxel of it is labelled",
    FULL: "the label fills the image",
    TWIN: "the same scan came before, with the same structures",
    LEAK: "the patient or the scan is in a part that is held out, too",
}
"""Reasons for which a case or a mask is left out before the rules see it, in words."""
UNOPENED = (InputError, ResourceError, OSError, MemoryError)
"""Errors of a pair that cannot be opened, of which `why_unread` tells the reason."""
FAILURES = (UNREADABLE, DIED)
"""Reasons that may be gone the next time: such a case is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """Thresholds of the checks.

    Attributes:
        least_spacing_mm: between voxels, on any axis.
        most_spacing_mm: between voxels, on any axis.
        most_anisotropy: largest spacing by smallest.
        most_share: of the image that one label may fill, 0 to 1.
        find_twins: look for scans that come twice.
        twin_difference: between two images that count as one scan at most, from 0 (the same) to
            0.3; see `vesal.datasets.likeness`.

    Raises:
        ConfigError: bounds that nothing can keep to.
    """

    least_spacing_mm: float = 0.01
    most_spacing_mm: float = 50.0
    most_anisotropy: float = 100.0
    most_share: float = 0.99
    find_twins: bool = True
    # Measured on the CT and MR that vesal ships: copies on 1.5 mm differ by 0.02, on half the
    # voxels by up to 0.16, without 2 % of each axis by 0.27. A wider bound might take two patients
    # for one in data that lie on an atlas.
    twin_difference: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.least_spacing_mm < self.most_spacing_mm < math.inf:
            msg = (
                "the spacing needs bounds above 0 mm, the lower one first, got "
                f"least_spacing_mm={self.least_spacing_mm} most_spacing_mm={self.most_spacing_mm}"
            )
            raise ConfigError(msg)
        if not self.most_anisotropy >= 1:
            msg = f"most_anisotropy must be 1 or more, got {self.most_anisotropy}"
            raise ConfigError(msg)
        if not 0 <= self.twin_difference <= BOUND:
            msg = f"twin_difference must be 0 to {BOUND}, got {self.twin_difference}"
            raise ConfigError(msg)
        if not 0 < self.most_share <= 1:
            msg = f"most_share must be above 0 and at most 1, got {self.most_share}"
            raise ConfigError(msg)


def image_problem(image: Image, checks: Checks) -> tuple[str, str]:
    """The first thing that is wrong with an image, its word and a sentence; ("", "") if nothing."""
    grid = image.grid
    found = absurd_spacing(grid, checks) if image.source.spacing_known else ""
    if found:
        return SPACING, found
    found = one_value(image)
    return (CONSTANT, found) if found else ("", "")


def absurd_spacing(grid: Grid, checks: Checks) -> str:
    """Why the spacing cannot be right: out of bounds, or of one axis far from the others."""
    spacing = grid.spacing_mm
    named = " x ".join(f"{s:g}" for s in spacing)
    if min(spacing) < checks.least_spacing_mm or max(spacing) > checks.most_spacing_mm:
        low, high = checks.least_spacing_mm, checks.most_spacing_mm
        return f"the spacing is {named} mm, allowed are {low:g} to {high:g} mm"
    ratio = max(spacing) / min(spacing)
    if ratio > checks.most_anisotropy:
        return (
            f"the spacing is {named} mm, the largest {ratio:.3g} times the smallest, "
            f"allowed are {checks.most_anisotropy:g}"
        )
    return ""


def one_value(image: Image) -> str:
    """Says that all voxels are equal, so that there is nothing to see."""
    if not is_constant(image.array):
        return ""
    return f"every voxel is {image.array.flat[0]:g}"


def fills_image(target: Target, grid: Grid, checks: Checks) -> str:
    """Says that a label leaves next to nothing of the image outside: a frame, or inverted."""
    share = target.patch.count / grid.size
    if share <= checks.most_share:
        return ""
    most = 100 * checks.most_share
    return f"the label fills {100 * share:.4g} % of the image, allowed are {most:g} %"


def split_full(opened: Opened, checks: Checks) -> tuple[tuple[Target, ...], dict[str, str]]:
    """The targets that do not fill the image, and of the others why, by their names."""
    full = {
        target.name: why
        for target in opened.targets
        if (why := fills_image(target, opened.image.grid, checks))
    }
    return tuple(target for target in opened.targets if target.name not in full), full


def why_unread(pair: Pair, error: Exception) -> tuple[str, str]:
    """The word and the sentence of a pair that could not be opened: whose fault it is."""
    said = str(error) or type(error).__name__
    if "NaN" in said:  # as `Image` says it; tests/curation/test_checks.py holds it to that
        return NOT_FINITE, said
    if not isinstance(error, GeometryError):
        return UNREADABLE, said
    try:
        image_at(pair.image)
    except (VesalError, OSError):
        return SPACING, said
    return MISALIGNED, said
