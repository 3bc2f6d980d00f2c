"""Cases of the CVPR 2025 challenge, Foundation Models for Interactive 3D Biomedical Segmentation.

An npz file holds `imgs` (slice, row, column), perhaps `gts`, `spacing` in the other order (x, y,
z), and from round to round `boxes`, `clicks`, `clicks_order` and `prev_pred`. Answers are `segs`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from vesal.arrays import LabelArray, Voxels
from vesal.datasets.npz import Plain, npz_keys, read_numbers, read_objects
from vesal.errors import ImageError
from vesal.geometry import Grid, lps_to_ras
from vesal.images import Image, Source
from vesal.images.write import replacing
from vesal.labels.read import label_numbers
from vesal.prompts.simulate_challenge import ChallengeBox

Index = tuple[int, int, int]
"""Slice, row and column of a voxel: an index of the array."""

FORMAT = "challenge npz"
SUFFIX = ".npz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clicks:
    """Clicks on one object so far, in the order in which they were made on each side."""

    inside: tuple[Index, ...] = ()
    outside: tuple[Index, ...] = ()
    order: tuple[bool | None, ...] = ()
    """Of each round, whether the click was inside; None where none was needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeCase:
    """A case, as it is given to a model in one round.

    Attributes:
        image: index axes are slice, row, column; its world is as if they ran to the head, the
            back and the left, as the files do not say.
        truth: label numbers on the image's grid; None where the file keeps them back.
        boxes: for each object, in the order of the label numbers; none where the organisers leave
            them out.
        clicks: for each object; none before the first click.
        previous: the model's own last answer.
    """

    image: Image
    truth: LabelArray | None = None
    boxes: tuple[ChallengeBox, ...] = ()
    clicks: tuple[Clicks, ...] = ()
    previous: LabelArray | None = None


def read_case(path: Path) -> ChallengeCase:
    """The case of an npz file.

    Raises:
        ImageError: it cannot be read, or is no case.
        GeometryError: its spacing makes no sense.
        ResourceError: it does not fit into memory.
    """
    keys = npz_keys(path)
    image = read_image(path)
    shape = image.grid.shape
    return ChallengeCase(
        image=image,
        truth=read_numbered(path, "gts", shape) if "gts" in keys else None,
        boxes=_boxes(read_objects(path, "boxes"), path) if "boxes" in keys else (),
        clicks=_clicks(path, keys, shape) if "clicks" in keys else (),
        previous=read_numbered(path, "prev_pred", shape) if "prev_pred" in keys else None,
    )


def read_image(path: Path) -> Image:
    """The image of a case alone.

    Raises:
        ImageError: it cannot be read, or has not three axes.
        GeometryError: its spacing makes no sense.
        ResourceError: it does not fit into memory.
    """
    array = read_numbers(path, "imgs")
    if array.ndim != 3:
        msg = f"imgs in {path.name} must have three axes (slice, row, column), got {array.shape}"
        raise ImageError(msg)
    known = "spacing" in npz_keys(path)
    spacing = read_numbers(path, "spacing").astype(np.float64) if known else np.ones(3)
    if spacing.shape != (3,):
        msg = f"spacing in {path.name} must hold x, y and z in mm, got shape {spacing.shape}"
        raise ImageError(msg)
    affine = np.eye(4)
    affine[:3, :3] = np.diag(spacing)[:, ::-1]  # x belongs to the last axis
    return Image(
        array=array,
        grid=Grid(shape=array.shape, affine=lps_to_ras(affine)),
        source=Source(path=path, format=FORMAT, spacing_known=known),
    )


def read_numbered(path: Path, key: str, shape: tuple[int, ...]) -> LabelArray:
    """Label numbers, such as `gts` of a case, `segs` of an answer.

    Args:
        path: of the npz file.
        key: name of the array.
        shape: that it must have.

    Raises:
        ImageError: it cannot be read, is of another shape, or holds no label numbers.
        ResourceError: it does not fit into memory.
    """
    array = read_numbers(path, key)
    if array.shape != shape:
        msg = f"{key} in {path.name} must have the image's shape {shape}, got {array.shape}"
        raise ImageError(msg)
    return label_numbers(array, f"{key} in {path.name}")


def write_case(path: Path, case: ChallengeCase) -> None:
    """Write a case as the organisers' evaluator does; an existing file is replaced in one step.

    Raises:
        ResourceError: the disk refuses.
    """
    arrays: dict[str, Voxels] = {
        "imgs": case.image.array,
        "spacing": np.array(case.image.grid.spacing_mm[::-1]),
    }
    if case.truth is not None:
        arrays["gts"] = case.truth
    if case.boxes:
        arrays["boxes"] = _objects([asdict(box) for box in case.boxes])
    if case.clicks:
        arrays["clicks"] = _objects([_as_written(clicks) for clicks in case.clicks])
        arrays["clicks_order"] = _objects(
            [[_SIDES[side] for side in clicks.order] for clicks in case.clicks]
        )
    if case.previous is not None:
        arrays["prev_pred"] = case.previous
    _save(path, arrays)


def write_answer(path: Path, answer: LabelArray, rounds: Sequence[LabelArray] = ()) -> None:
    """Write label numbers as a submission does; an existing file is replaced in one step.

    Args:
        path: of the npz file.
        answer: the last one.
        rounds: the answers of all rounds, as the evaluator keeps them; left out if there are none.

    Raises:
        ResourceError: the disk refuses.
    """
    arrays: dict[str, Voxels] = {"segs": answer}
    if rounds:
        arrays["all_segs"] = np.stack(rounds)
    _save(path, arrays)


_SIDES: Mapping[bool | None, str | None] = {True: "fg", False: "bg", None: None}


def _as_written(clicks: Clicks) -> dict[str, list[list[int]]]:
    return {
        "fg": [list(index) for index in clicks.inside],
        "bg": [list(index) for index in clicks.outside],
    }


def _objects(items: Sequence[object]) -> Voxels:
    """An array with an object for each item; NumPy itself would make axes of equal lists."""
    array = np.empty(len(items), np.object_)
    array[:] = items
    return array


def _save(path: Path, arrays: Mapping[str, Voxels]) -> None:
    with replacing(path, SUFFIX) as temporary:
        np.savez_compressed(temporary, **arrays)  # type: ignore[arg-type]  # none has that name


def _boxes(said: Plain, path: Path) -> tuple[ChallengeBox, ...]:
    names = [field.name for field in fields(ChallengeBox)]
    boxes = []
    for box in said if isinstance(said, list) else [said]:
        corners = [box.get(name) for name in names] if isinstance(box, dict) else []
        if not corners or not all(_is_whole(n) for n in corners):
            msg = f"a box in {path.name} needs whole numbers {', '.join(names)}, got {box!r:.100}"
            raise ImageError(msg)
        boxes.append(ChallengeBox(**dict(zip(names, map(_whole, corners), strict=True))))
    return tuple(boxes)


def _clicks(path: Path, keys: frozenset[str], shape: tuple[int, ...]) -> tuple[Clicks, ...]:
    said = read_objects(path, "clicks")
    sides = [(_side(one, "fg", shape, path), _side(one, "bg", shape, path)) for one in _list(said)]
    orders: list[tuple[bool | None, ...]]
    if "clicks_order" not in keys:
        orders = [(*[True] * len(inside), *[False] * len(outside)) for inside, outside in sides]
    else:
        orders = [_order(one, path) for one in _list(read_objects(path, "clicks_order"))]
    if len(orders) != len(sides):
        msg = f"{path.name} has clicks of {len(sides)} objects, but an order of {len(orders)}"
        raise ImageError(msg)
    return tuple(
        Clicks(inside=inside, outside=outside, order=order)
        for (inside, outside), order in zip(sides, orders, strict=True)
    )


def _order(said: Plain, path: Path) -> tuple[bool | None, ...]:
    told = {word: side for side, word in _SIDES.items()}
    words = [word for word in _list(said) if word is None or isinstance(word, str)]
    if not isinstance(said, list) or len(words) < len(said) or not set(words) <= set(told):
        msg = f"clicks_order in {path.name} needs lists of 'fg', 'bg' and None, got {said!r:.100}"
        raise ImageError(msg)
    return tuple(told[word] for word in words)


def _side(said: Plain, side: str, shape: tuple[int, ...], path: Path) -> tuple[Index, ...]:
    indices = []
    for point in _list(said.get(side)) if isinstance(said, dict) else [None]:
        numbers = [_whole(n) for n in _list(point) if _is_whole(n)]
        inside = all(0 <= n < length for n, length in zip(numbers, shape, strict=False))
        if len(numbers) != 3 or len(_list(point)) != 3 or not inside:
            msg = (
                f"a click in {path.name} needs slice, row and column inside {shape}, "
                f"got {point!r:.100}"
            )
            raise ImageError(msg)
        indices.append((numbers[0], numbers[1], numbers[2]))
    return tuple(indices)


def _list(said: Plain) -> list[Plain]:
    return said if isinstance(said, list) else []


def _is_whole(said: Plain) -> bool:
    return type(said) is int or (isinstance(said, float) and said.is_integer())


def _whole(said: Plain) -> int:
    return int(said) if isinstance(said, int | float) else 0
