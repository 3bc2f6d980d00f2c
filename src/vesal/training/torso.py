"""Label maps of a made-up trunk: wall, spine, ribs or pelvis, vessels, organs that touch.

What the shapes of `vesal.training.synth` lack: that objects lie against one another, come in pairs
and rows, and run along a common axis. Lengths are shares of the volume's side; axes are (along the
body, front to back, across).
"""

import itertools
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vesal.training.shapes import Labels, bent, smooth_field, tube

Map = NDArray[np.float32]
Part = NDArray[np.bool_]

_PELVIS_CHANCE = 0.35  # the others have ribs
_WALL, _CAVITY = 0.9, 0.7  # of the body's radius
_BOWELS = 3  # at most


@dataclass(slots=True)
class _Trunk:
    """What is painted on: each part gets the next number."""

    size: int
    rng: np.random.Generator
    along: Map
    depth: Map
    across: Map
    radius: Map = field(init=False)
    """Of the body, 1 at the skin."""
    labels: Labels = field(init=False)

    def __post_init__(self) -> None:
        rng = self.rng
        power = rng.uniform(2, 2.6)
        wide, deep = rng.uniform(0.34, 0.46), rng.uniform(0.24, 0.36)
        level = np.abs(self.across / wide) ** power + np.abs(self.depth / deep) ** power
        self.radius = level ** (1 / power) + 0.04 * smooth_field(self.size, self.size / 3, rng)
        self.labels = np.zeros((self.size,) * 3, np.uint16)

    def paint(self, part: Part) -> None:
        """The part over all that was there."""
        self.labels[part] = self.labels.max() + 1


def torso(size: int, rng: np.random.Generator) -> Labels:
    """A trunk in a cube of ``size`` voxels a side, bent as a whole."""
    index = (np.indices((size,) * 3, np.float32) + 0.5) / size - 0.5
    along, depth, across = np.asarray(index, np.float32)
    trunk = _Trunk(size=size, rng=rng, along=along, depth=depth, across=across)
    trunk.paint(trunk.radius < 1)
    trunk.paint(trunk.radius < _CAVITY)
    _wall(trunk)
    _organs(trunk)
    for _ in range(int(rng.integers(_BOWELS + 1))):
        trunk.paint(tube(size, rng) & (trunk.radius < _CAVITY))
    back = float(rng.uniform(0.12, 0.2))
    _vessels(trunk, back)
    _spine(trunk, back)
    if rng.random() < _PELVIS_CHANCE:
        _pelvis(trunk, back)
    else:
        _ribs(trunk)
    return bent(trunk.labels, rng)


def _wall(trunk: _Trunk) -> None:
    """Muscles side by side, in one or two layers, alike on both sides or not."""
    rng = trunk.rng
    angle = np.arctan2(np.abs(trunk.across), trunk.depth)
    angle = angle + 0.2 * smooth_field(trunk.size, trunk.size / 3, rng)
    sectors = int(rng.integers(3, 8))
    sector = np.clip(angle / np.pi * sectors, 0, sectors - 1).astype(int)
    layers = np.linspace(_CAVITY, _WALL, int(rng.integers(2, 4)))
    for low, high in itertools.pairwise(layers):
        ring = (trunk.radius >= low) & (trunk.radius < high)
        for number in range(sectors):
            here = ring & (sector == number)
            trunk.paint(here & (trunk.across < 0))
            trunk.paint(here & (trunk.across >= 0))


def _organs(trunk: _Trunk) -> None:
    """Bodies that share out a part of the cavity: each voxel goes to the nearest, or to none."""
    rng = trunk.rng
    best: Map = np.full(trunk.labels.shape, rng.uniform(-3, -0.7), np.float32)
    owner = np.zeros(trunk.labels.shape, np.int64)
    for number in range(1, int(rng.integers(8, 20))):
        middle = rng.uniform([-0.45, -0.2, -0.3], [0.45, 0.15, 0.3])
        sizes = np.exp(rng.uniform(np.log(0.05), np.log(0.22))) * rng.uniform(0.7, 1.4, 3)
        places = (trunk.along, trunk.depth, trunk.across)
        level = -sum(((p - m) / s) ** 2 for p, m, s in zip(places, middle, sizes, strict=True))
        level = level + 0.3 * smooth_field(trunk.size, trunk.size / 5, rng)
        nearer = (level > best) & (trunk.radius < _CAVITY)
        best[nearer], owner[nearer] = level[nearer], number
    for number in np.unique(owner[owner > 0]):
        trunk.paint(owner == number)


def _vessels(trunk: _Trunk, back: float) -> None:
    """Tubes along the spine, which part in two somewhere."""
    rng = trunk.rng
    for side in rng.permutation([-1, 1])[: int(rng.integers(1, 3))]:
        fork, spread = rng.uniform(-0.2, 0.6), rng.uniform(0.3, 0.8)
        apart = spread * np.maximum(trunk.along - fork, 0)
        middle = side * rng.uniform(0.02, 0.06) + rng.normal(0, 0.02) * np.sin(9 * trunk.along)
        front = back - rng.uniform(0.1, 0.14)
        width = rng.uniform(0.015, 0.035)
        for branch in (-1, 1):
            off = (trunk.across - middle - branch * apart) ** 2 + (trunk.depth - front) ** 2
            trunk.paint(off < width**2)


def _spine(trunk: _Trunk, back: float) -> None:
    """Vertebrae and what lies between them in a row, a canal behind, an arch around it."""
    rng = trunk.rng
    pitch, share = rng.uniform(0.1, 0.22), rng.uniform(0.7, 0.88)
    wide, deep = rng.uniform(0.05, 0.08), rng.uniform(0.04, 0.06)
    number = np.floor(trunk.along / pitch + rng.random())
    within = trunk.along / pitch + 0.5 - np.round(trunk.along / pitch)
    body = (trunk.across / wide) ** 2 + ((trunk.depth - back) / deep) ** 2 < 1
    behind = trunk.depth - back - deep
    canal = trunk.across**2 + (behind - 0.02) ** 2 < 0.02**2
    arch = (trunk.across**2 + (behind - 0.02) ** 2 < 0.035**2) | (
        (np.abs(trunk.across) < 0.012) & (behind > 0) & (behind < 0.1)
    )
    arch |= (np.abs(trunk.depth - back - deep) < 0.012) & (np.abs(trunk.across) < 0.12)
    bony = np.abs(within - 0.5) < share / 2
    for level in np.unique(number):
        here = number == level
        trunk.paint(here & body & ~bony)
        trunk.paint(here & ((body & bony) | (arch & (np.abs(within - 0.5) < 0.25))))
    trunk.paint(canal)


def _ribs(trunk: _Trunk) -> None:
    """Thin bows in the wall, each a part of the way round."""
    rng = trunk.rng
    angle = np.arctan2(np.abs(trunk.across), trunk.depth)  # 0 at the back
    pitch, slope = rng.uniform(0.09, 0.16), rng.uniform(0.05, 0.15)
    thick, high = rng.uniform(0.04, 0.07), rng.uniform(0.012, 0.025)
    bow = np.abs(trunk.radius - 0.8) < thick
    for place in np.arange(-0.6, 0.5, pitch):
        reach = rng.uniform(0.35, 0.9) * np.pi
        line = place + slope * angle
        here = bow & (np.abs(trunk.along - line) < high) & (angle < reach)
        trunk.paint(here & (trunk.across < -0.02))
        trunk.paint(here & (trunk.across > 0.02))


def _pelvis(trunk: _Trunk, back: float) -> None:
    """Two wings, the heads that turn in them, and the shafts below."""
    rng = trunk.rng
    radii = rng.uniform([0.2, 0.14, 0.14], [0.3, 0.2, 0.2])
    thick = rng.uniform(0.1, 0.25)
    centre = (rng.uniform(-0.1, 0.15), back - 0.12)
    head, shaft = rng.uniform(0.04, 0.065), rng.uniform(0.025, 0.04)
    for side in (-1, 1):
        out = side * trunk.across
        places = (trunk.along - centre[0], trunk.depth - centre[1], out - 0.1)
        level = np.sqrt(sum((p / r) ** 2 for p, r in zip(places, radii, strict=True)))
        trunk.paint((level < 1) & (level > 1 - thick) & (out > 0.1))
        low = centre[0] + radii[0] * 0.7
        ball = (trunk.along - low) ** 2 + (trunk.depth - centre[1]) ** 2 + (out - 0.24) ** 2
        bone = (trunk.depth - centre[1]) ** 2 + (out - 0.27) ** 2 < shaft**2
        trunk.paint((ball < head**2) | (bone & (trunk.along > low)))
