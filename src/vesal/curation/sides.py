"""Left and right of a structure of which everybody has two, told apart in the world.

By name: one of a list (`PAIRED`), without a word for a side. By shape, with x to the right (RAS+):

1. Voxels are counted along x in slabs as thick as the longest voxel. There is a slab, the gap, with
   at most a tenth of the voxels of the fullest slab on either side of it.
2. Each side holds at least a tenth of all voxels.
3. The middles of both sides are at least 20 mm apart, along x more than along any line across it.

A connected piece goes whole to the side that holds nine tenths of it (a lung may reach over the
middle in front of the heart); another one is cut at the gap.
"""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vesal.arrays import MaskArray, PieceNumbers
from vesal.geometry import Grid
from vesal.geometry.components import pieces

PAIRED = (
    "kidney", "lung", "adrenal gland", "adrenal", "ureter", "breast", "eye", "eyeball", "eye lens",
    "lens", "optic nerve", "orbit", "parotid", "parotid gland", "submandibular gland",
    "lacrimal gland", "cochlea", "temporal lobe", "hippocampus", "amygdala", "putamen",
    "femur", "femoral head", "humerus", "scapula", "clavicula", "clavicle", "hip", "hip bone",
    "ilium", "tibia", "fibula", "radius", "ulna", "patella", "gluteus maximus", "gluteus medius",
    "gluteus minimus", "iliopsoas", "psoas", "autochthon", "testis", "testicle", "ovary",
    "seminal vesicle", "common carotid artery", "carotid artery", "subclavian artery",
    "iliac artery", "iliac vena", "iliac vein", "tonsil",
)  # fmt: skip
"""Structures of which there is one on each side, in the singular."""

_SIDE_WORDS = frozenset(
    ("left", "right", "l", "r", "lt", "rt", "lh", "rh", "sin", "dex", "sinister", "dexter")
)
_PLURALS = {"testes": "testis", "ovaries": "ovary", "patellae": "patella", "hippocampi":
            "hippocampus", "femora": "femur", "lenses": "lens", "cochleae": "cochlea",
            "pelvis": "pelvis", "humeri": "humerus", "scapulae": "scapula"}  # fmt: skip
_WHOLE = 0.9  # of a piece, beyond which it is not cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """What two sides must be like.

    Attributes:
        gap: voxels of the slab between them at most, as a share of the fuller slabs beside it.
        share: voxels of each side at least, as a share of both.
        middles_mm: between their centres of gravity at least.
    """

    gap: float = 0.1
    share: float = 0.1  # a shrunken kidney beside a large one
    middles_mm: float = 20.0  # kidneys 120, lungs 160, eyes 60, amygdalae 45 mm


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Profile:
    """What a mask is like along world x.

    Attributes:
        numbers: the piece of each voxel, 0 outside.
        x_mm: of each slab's lower face, ascending.
        counts: voxels of each piece in each slab, (piece, slab).
        step_mm: thickness of a slab.
    """

    numbers: PieceNumbers
    x_mm: NDArray[np.float64]
    counts: NDArray[np.int64]
    step_mm: float


def is_paired(name: str, paired: tuple[str, ...] = PAIRED) -> bool:
    """Whether a name is of a structure of which there are two, and names no side.

    Case, underscores and plurals do not matter: "Kidneys" is one, "kidney_left" and "kidney cyst"
    are none.
    """
    plain = singular(name)
    if _SIDE_WORDS.intersection(plain.split()):
        return False
    return plain in {singular(one) for one in paired}


def singular(name: str) -> str:
    """A name in small letters, its words in the singular with blanks between: "adrenal gland"."""
    words = re.split(r"[^a-z0-9]+", name.lower())
    return " ".join(_singular(word) for word in words if word)


def split_sides(
    mask: MaskArray, grid: Grid, apart: Apart | None = None
) -> dict[str, MaskArray] | None:
    """The left and the right part of a mask by their names; None where there are not two.

    Together they are the mask.

    Args:
        mask: on the grid, with a voxel in it.
        grid: of the mask, or of a part of an image; a volume.
        apart: what counts as two sides.
    """
    apart = apart or Apart()
    profile = _profile(mask, grid)
    gap = _gap(profile, apart)
    if gap is None:
        return None
    right = _right(profile, gap, grid)
    parts = {"left": mask & ~right, "right": mask & right}
    return parts if _face_each_other(parts, grid, apart) else None


def _singular(word: str) -> str:
    if word in _PLURALS:
        return _PLURALS[word]
    plain = len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is", "ns"))
    return word[:-1] if plain else word


def _profile(mask: MaskArray, grid: Grid) -> _Profile:
    numbers = pieces(mask)
    step = max(grid.spacing_mm)
    x = _corner_x(grid)
    low = float(np.floor(x.min() / step)) * step
    slabs = int((x.max() - low) // step) + 2
    counts = np.zeros((int(numbers.max()) + 1) * slabs, np.int64)
    for first, plane in enumerate(numbers):  # a plane at a time: a lung has many voxels
        slab = np.floor((_x_of_plane(grid, first) - low) / step).astype(np.int64)
        counts += np.bincount(
            (plane.astype(np.int64) * slabs + slab).ravel(), minlength=counts.size
        )
    by_piece = counts.reshape(-1, slabs)[1:]
    return _Profile(
        numbers=numbers,
        x_mm=np.arange(slabs, dtype=np.float64) * step + low,
        counts=by_piece,
        step_mm=step,
    )


def _corner_x(grid: Grid) -> NDArray[np.float64]:
    """World x of the eight outermost voxels."""
    row = grid.affine[0]
    ends = [(0.0, step * (n - 1)) for step, n in zip(row[:3], grid.shape, strict=True)]
    return np.array([row[3] + a + b + c for a in ends[0] for b in ends[1] for c in ends[2]])


def _x_of_plane(grid: Grid, first: int) -> NDArray[np.float64]:
    """World x of the voxels with one index along the first axis."""
    row = grid.affine[0]
    second, third = np.ogrid[: grid.shape[1], : grid.shape[2]]
    return np.asarray(row[3] + row[0] * first + row[1] * second + row[2] * third)


def _gap(profile: _Profile, apart: Apart) -> float | None:
    """World x between the sides, in the middle of the emptiest slabs; None if there is no gap."""
    counts = profile.counts.sum(axis=0)
    below = np.cumsum(counts)
    total = int(below[-1])
    lower = np.maximum.accumulate(counts)
    upper = np.maximum.accumulate(counts[::-1])[::-1]
    ratio = counts / np.minimum(lower, upper).clip(1)
    least = apart.share * total
    fits = (below - counts >= least) & (total - below >= least) & (ratio <= apart.gap)
    if not fits.any():
        return None
    emptiest = np.flatnonzero(fits & (ratio == ratio[fits].min()))
    runs = np.split(emptiest, np.flatnonzero(np.diff(emptiest) > 1) + 1)
    widest = max(runs, key=len)
    return float(profile.x_mm[widest[0]] + len(widest) * profile.step_mm / 2)


def _right(profile: _Profile, gap_mm: float, grid: Grid) -> MaskArray:
    """True for voxels that belong to the right side, whatever is in them."""
    beyond = profile.x_mm + profile.step_mm / 2 > gap_mm
    share = profile.counts[:, beyond].sum(axis=1) / profile.counts.sum(axis=1)
    whole = np.concatenate([[False], share >= _WHOLE])
    cut = np.concatenate([[False], (share < _WHOLE) & (share > 1 - _WHOLE)])
    right = whole[profile.numbers]
    if cut.any():
        for first, plane in enumerate(profile.numbers):
            right[first] |= cut[plane] & (_x_of_plane(grid, first) > gap_mm)
    return np.asarray(right)


def _face_each_other(parts: dict[str, MaskArray], grid: Grid, apart: Apart) -> bool:
    """Whether both sides are large enough, far enough apart, and beside each other."""
    voxels = [int(part.sum()) for part in parts.values()]
    if min(voxels) < apart.share * sum(voxels):
        return False
    middles = [grid.to_world(_middle(part)[np.newaxis])[0] for part in parts.values()]
    way = middles[1] - middles[0]
    return bool(way[0] >= max(apart.middles_mm, float(np.linalg.norm(way[1:]))))


def _middle(mask: MaskArray) -> NDArray[np.float64]:
    """Index of the centre of gravity of a mask with a voxel."""
    total = mask.sum()
    others = [tuple(a for a in range(mask.ndim) if a != axis) for axis in range(mask.ndim)]
    sums = [mask.sum(axis=axes) for axes in others]
    return np.array([float((s * np.arange(len(s))).sum() / total) for s in sums])
