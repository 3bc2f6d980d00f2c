"""One plane of a contact sheet: image, outlines, clicks, orientation letters, scale bar.

Painted at twice its size and then reduced, which smooths every line.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pixels
from PIL import ImageDraw, ImageFont

from vesal.arrays import MaskArray, Voxels
from vesal.images.image import Image, Mask
from vesal.images.intensity import window
from vesal.images.planes import Plane

PREDICTED = (45, 226, 200)  # turquoise and orange stay apart for colour-blind eyes
KNOWN = (255, 159, 28)
INSIDE = (255, 255, 255)
OUTSIDE = (255, 84, 112)
_SHADOW = (0, 0, 0)
_LETTER = (226, 230, 238)
_BLANK = (4, 5, 8)

_OVERSIZE = 2
_FILL = 0.16  # how strongly the inside of the answer is tinted
_LINE = 3  # of an outline, in pixels before the reduction
_NEAR = 1.5  # clicks this many voxels off the plane are still drawn on it
_ROUND_LENGTHS = tuple(m * 10.0**e for e in range(-3, 6) for m in (1, 2, 5))

Colour = tuple[int, int, int]
_Silhouette = NDArray[np.bool_]  # in pixels of the picture


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """What all planes of one structure share.

    Attributes:
        image: what is shown.
        window: grey values that become black and white; a colour image needs none.
        mask: the answer.
        known: what the answer should be.
        marks_index: the clicks as continuous array indices.
        positive: for each click whether it was inside the structure.
        cut_index: the planes go through this index.
        focus_index: the middle of what is shown.
        field_mm: width and height of what is shown.
    """

    image: Image
    window: tuple[float, float]
    mask: Mask
    known: Mask | None
    marks_index: tuple[tuple[float, ...], ...]
    positive: tuple[bool, ...]
    cut_index: tuple[float, ...]
    focus_index: tuple[float, ...]
    field_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Camera:
    """Where a plane lies on a square of pixels."""

    plane: Plane
    corner_mm: tuple[float, float]
    field_mm: float
    side: int

    def pixel(self, index: Sequence[float]) -> tuple[float, float]:
        """Return (x, y) in pixels of a continuous array index."""
        down, right = self.plane.on_page(index)
        scale = self.side / self.field_mm
        return (right - self.corner_mm[1]) * scale, (down - self.corner_mm[0]) * scale

    def shoot(self, values: Voxels) -> Pixels.Image:
        """Return a cut scaled to the square; what lies beyond the image is 0."""
        picture = Pixels.fromarray(np.ascontiguousarray(values))
        blank = Pixels.new(picture.mode, (self.side, self.side))
        source, target = [], []
        for axis in (1, 0):
            mm = self.plane.spacing_mm[axis]
            low = max(self.corner_mm[axis], 0.0)
            high = min(self.corner_mm[axis] + self.field_mm, self.plane.counts[axis] * mm)
            source.append((low / mm, high / mm))
            edges = ((e - self.corner_mm[axis]) * self.side / self.field_mm for e in (low, high))
            target.append(tuple(round(e) for e in edges))
        size = tuple(max(stop - start, 1) for start, stop in target)
        box = (source[0][0], source[1][0], source[0][1], source[1][1])
        part = picture.resize((size[0], size[1]), Pixels.Resampling.BICUBIC, box=box)
        blank.paste(part, (target[0][0], target[1][0]))
        return blank


def paint(scene: Scene, plane: Plane, side: int) -> Pixels.Image:
    """Return a plane as a square RGB picture.

    Args:
        scene: what is shown.
        plane: how it is cut.
        side: width and height in pixels.
    """
    camera = _camera(scene, plane, side * _OVERSIZE)
    picture = camera.shoot(_displayed(scene, plane)).convert("RGB")
    answer = _silhouette(camera, plane.cut(scene.mask.array, scene.cut_index))
    _stain(picture, answer, PREDICTED, _FILL)
    if scene.known is not None:
        known = _silhouette(camera, plane.cut(scene.known.array, scene.cut_index))
        _stain(picture, _outline(known, _LINE), KNOWN)
    _stain(picture, _outline(answer, _LINE), PREDICTED)
    _draw_clicks(picture, scene, camera)
    picture = picture.resize((side, side), Pixels.Resampling.BOX)
    _draw_words(picture, scene, plane)
    return picture


def draw_click(pen: ImageDraw.ImageDraw, x: float, y: float, size: float, *, inside: bool) -> None:
    """Draw a click: a white cross inside the structure, a red one turned by 45 degrees outside.

    Args:
        pen: draws on the picture.
        x: middle, in pixels to the right.
        y: middle, in pixels downwards.
        size: length of an arm in pixels.
        inside: which of the two.
    """
    along, across = (size, 0.0) if inside else (size * 0.75, size * 0.75)
    for width, colour in ((size * 0.55, _SHADOW), (size * 0.22, INSIDE if inside else OUTSIDE)):
        for dx, dy in ((along, across), (-across, along)):
            for start, stop in ((-1.0, -0.25), (0.25, 1.0)):
                ends = (x + dx * start, y + dy * start, x + dx * stop, y + dy * stop)
                pen.line(ends, fill=colour, width=max(round(width), 1))


def _camera(scene: Scene, plane: Plane, side: int) -> _Camera:
    """Look at the focus, but not past the edges of the image where that can be helped."""
    corner = []
    for focus, count, mm in zip(
        plane.on_page(scene.focus_index), plane.counts, plane.spacing_mm, strict=True
    ):
        room = count * mm - scene.field_mm
        corner.append(min(max(focus - scene.field_mm / 2, 0.0), room) if room > 0 else room / 2)
    return _Camera(
        plane=plane, corner_mm=(corner[0], corner[1]), field_mm=scene.field_mm, side=side
    )


def _displayed(scene: Scene, plane: Plane) -> Voxels:
    values = plane.cut(scene.image.array, scene.cut_index)
    if scene.image.is_colour:
        return values
    return np.asarray(window(values, *scene.window) * 255, dtype=np.uint8)


def _silhouette(camera: _Camera, mask: MaskArray) -> _Silhouette:
    """The inside of a mask in pixels, its border halfway between voxel centres."""
    values = np.asarray(camera.shoot(mask.astype(np.float32)))
    inside: _Silhouette = values > 0.5
    return inside


def _outline(silhouette: _Silhouette, thickness: int) -> _Silhouette:
    """The border of a silhouette, `thickness` pixels wide, on its inner side."""
    inner = silhouette
    for _ in range(thickness):
        near = np.pad(inner, 1, mode="edge")  # a silhouette may go on beyond the picture
        inner = inner & near[:-2, 1:-1] & near[2:, 1:-1] & near[1:-1, :-2] & near[1:-1, 2:]
    return np.asarray(silhouette & ~inner)


def _stain(
    picture: Pixels.Image, where: _Silhouette, colour: Colour, strength: float = 1.0
) -> None:
    """Paint a colour over the pixels, which shine through at a strength below 1."""
    picture.paste(colour, mask=Pixels.fromarray(np.uint8(255 * strength) * where.view(np.uint8)))


def _draw_clicks(picture: Pixels.Image, scene: Scene, camera: _Camera) -> None:
    pen = ImageDraw.Draw(picture)
    normal = camera.plane.normal
    for index, inside in zip(scene.marks_index, scene.positive, strict=True):
        if normal is None or abs(index[normal] - scene.cut_index[normal]) <= _NEAR:
            x, y = camera.pixel(index)
            draw_click(pen, x, y, 11.0 * _OVERSIZE, inside=inside)


def _draw_words(picture: Pixels.Image, scene: Scene, plane: Plane) -> None:
    """Write the plane's name, the orientation letters at the edges, and the scale bar."""
    side = picture.width
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(15)
    middle, edge = side / 2, 7.0
    places = [(edge, middle, "lm"), (side - edge, middle, "rm")]
    places += [(middle, edge, "mt"), (middle, side - edge, "mb")]
    for letter, (x, y, anchor) in zip(plane.letters, places, strict=False):
        pen.text((x, y), letter, _LETTER, font, anchor, stroke_width=2, stroke_fill=_SHADOW)
    small = ImageFont.load_default(12)
    pen.text((11, 8), plane.name, _LETTER, small, "lt", stroke_width=2, stroke_fill=_SHADOW)
    length = max(n for n in _ROUND_LENGTHS if n <= max(scene.field_mm / 3, _ROUND_LENGTHS[0]))
    unit = "mm" if scene.image.source.spacing_known else "px"
    width = length / scene.field_mm * side
    bottom = side - 11
    pen.line((11, bottom, 11 + width, bottom), fill=_SHADOW, width=5)
    pen.line((12, bottom, 10 + width, bottom), fill=_LETTER, width=2)
    pen.text(
        (11, bottom - 7), f"{length:g} {unit}", _LETTER, ImageFont.load_default(12), "ls",
        stroke_width=2, stroke_fill=_SHADOW,
    )  # fmt: skip
