"""Tests of vesal.datasets.challenge: cases in and out, as the organisers' evaluator has them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vesal.datasets.challenge import (
    ChallengeCase,
    Clicks,
    read_case,
    read_image,
    read_numbered,
    write_answer,
    write_case,
)
from vesal.errors import GeometryError, ImageError
from vesal.geometry import Grid
from vesal.images import Image
from vesal.prompts.simulate_challenge import ChallengeBox

SHAPE = (4, 5, 6)
BOX = {
    "z_min": 0, "z_max": 3, "z_mid": 2, "z_mid_x_min": 1, "z_mid_y_min": 2, "z_mid_x_max": 5,
    "z_mid_y_max": 4,
}  # fmt: skip


def numbers() -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Labels without any symmetry."""
    return np.random.default_rng(0).integers(0, 3, SHAPE).astype(np.uint8)


def write(path: Path, **arrays: Any) -> Path:
    """A file as the organisers write it."""
    arrays = {"imgs": numbers(), "spacing": [0.5, 0.75, 5.0]} | arrays
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]  # names of arrays
    return path


def test_a_case_of_the_organisers_is_read(tmp_path: Path) -> None:
    """Lists that NumPy makes object arrays of, with numbers of NumPy in them."""
    clicks = [
        {"fg": [[np.int64(1), 2, 3], [0, 0, 0]], "bg": []},
        {"fg": [], "bg": [np.array([3, 4, 5])]},
    ]
    order = [["fg", "fg", None], [None, "bg", None]]
    path = write(
        tmp_path / "a.npz",
        gts=numbers().astype(np.int64), boxes=[BOX, BOX], clicks=clicks, clicks_order=order,
        prev_pred=numbers(),
    )  # fmt: skip
    case = read_case(path)
    assert case.boxes == (ChallengeBox(**BOX),) * 2
    assert case.clicks == (
        Clicks(inside=((1, 2, 3), (0, 0, 0)), order=(True, True, None)),
        Clicks(outside=((3, 4, 5),), order=(None, False, None)),
    )
    for labels in (case.truth, case.previous):
        assert labels is not None
        assert labels.dtype == np.uint8
        np.testing.assert_array_equal(labels, numbers())


def test_the_grid_has_slice_row_and_column_in_this_order(tmp_path: Path) -> None:
    """The spacing is stored the other way round; columns run to the left, rows to the back."""
    image = read_image(write(tmp_path / "a.npz"))
    assert image.grid.spacing_mm == (5.0, 0.75, 0.5)
    assert image.grid.orientation == "SPL"
    np.testing.assert_array_equal(image.grid.to_world(np.array([[1.0, 2, 3]])), [[-1.5, -1.5, 5]])
    assert image.source.spacing_known
    np.savez(tmp_path / "b.npz", imgs=numbers())
    assert not read_image(tmp_path / "b.npz").source.spacing_known


def test_a_case_without_boxes_or_clicks_has_none(tmp_path: Path) -> None:
    """Vessels have no boxes, the first round has no clicks; clicks alone have an order."""
    case = read_case(write(tmp_path / "a.npz"))
    assert (case.truth, case.boxes, case.clicks, case.previous) == (None, (), (), None)
    clicks = np.array([{"fg": [[1, 1, 1]], "bg": [[2, 2, 2]]}], object)
    assert read_case(write(tmp_path / "a.npz", clicks=clicks)).clicks[0].order == (True, False)
    assert read_case(write(tmp_path / "a.npz", clicks=[], boxes=[])).clicks == ()
    order = [["fg"], ["fg"]]  # equally long lists of text alone become an array of text
    both = [{"fg": [[1, 1, 1]], "bg": []}] * 2
    assert read_case(write(tmp_path / "a.npz", clicks=both, clicks_order=order)).clicks[
        1
    ].order == (True,)


def test_what_is_written_is_read_by_numpy_and_by_us(tmp_path: Path) -> None:
    """With the keys, shapes and types that the evaluator has."""
    image = read_image(write(tmp_path / "a.npz"))
    case = ChallengeCase(
        image=image,
        truth=numbers(),
        boxes=(ChallengeBox(**BOX),),
        clicks=(Clicks(inside=((1, 2, 3),), outside=((0, 4, 5),), order=(True, None, False)),),
        previous=numbers(),
    )
    write_case(tmp_path / "b.npz", case)
    with np.load(tmp_path / "b.npz", allow_pickle=True) as read:
        assert set(read) == {
            "imgs", "gts", "spacing", "boxes", "clicks", "clicks_order", "prev_pred",
        }  # fmt: skip
        assert read["spacing"].tolist() == [0.5, 0.75, 5.0]
        assert list(read["boxes"]) == [BOX]
        assert list(read["clicks"]) == [{"fg": [[1, 2, 3]], "bg": [[0, 4, 5]]}]
        assert list(read["clicks_order"]) == [["fg", None, "bg"]]
        assert read["imgs"].dtype == read["gts"].dtype == np.uint8
    again = read_case(tmp_path / "b.npz")
    assert (again.boxes, again.clicks) == (case.boxes, case.clicks)
    assert again.image.grid.same_as(image.grid)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "b.npz"]


def test_two_objects_with_equally_many_clicks_stay_two_objects(tmp_path: Path) -> None:
    """NumPy itself would make an array of two axes of them."""
    image = Image(array=numbers(), grid=Grid(shape=SHAPE, affine=np.eye(4)))
    clicks = (Clicks(inside=((1, 2, 3),), order=(True,)),) * 2
    write_case(tmp_path / "a.npz", ChallengeCase(image=image, clicks=clicks))
    with np.load(tmp_path / "a.npz", allow_pickle=True) as read:
        assert read["clicks_order"].shape == (2,)
        assert set(read) == {"imgs", "spacing", "clicks", "clicks_order"}
    assert read_case(tmp_path / "a.npz").clicks == clicks


def test_answers_are_written_with_all_rounds_or_without(tmp_path: Path) -> None:
    """Without any pickle."""
    write_answer(tmp_path / "a.npz", numbers(), [numbers(), numbers()])
    with np.load(tmp_path / "a.npz") as read:
        assert read["all_segs"].shape == (2, *SHAPE)
        np.testing.assert_array_equal(read["segs"], numbers())
    write_answer(tmp_path / "a.npz", numbers())
    np.testing.assert_array_equal(read_numbered(tmp_path / "a.npz", "segs", SHAPE), numbers())


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "axes": ({"imgs": np.zeros((2, 2))}, "must have three axes"),
    "spacing": ({"spacing": [1.0]}, "must hold x, y and z in mm"),
    "shape": ({"gts": np.zeros((2, 2, 2))}, r"must have the image's shape \(4, 5, 6\)"),
    "fractions": ({"gts": np.full(SHAPE, 0.5)}, r"gts in a\.npz has 0\.5"),
    "box": ({"boxes": [{"z_min": 1}]}, "a box in .* needs whole numbers z_min, z_max"),
    "text box": ({"boxes": [BOX | {"z_mid": "x"}]}, "needs whole numbers"),
    "outside": ({"clicks": [{"fg": [[9, 0, 0]], "bg": []}]}, "inside .* got .9, 0, 0."),
    "two numbers": ({"clicks": [{"fg": [[1, 0]], "bg": []}]}, "needs slice, row and column"),
    "fraction": ({"clicks": [{"fg": [[0.5, 0, 0]], "bg": []}]}, "needs slice, row and column"),
    "no clicks": ({"clicks": ["x"]}, "needs slice, row and column"),
    "words": (
        {"clicks": [{"fg": [], "bg": []}], "clicks_order": [["left"]]}, "'fg', 'bg' and None",
    ),
    "no order": ({"clicks": [{"fg": [], "bg": []}], "clicks_order": ["fg"]}, "'fg', 'bg' and None"),
    "orders": ({"clicks": [{"fg": [], "bg": []}], "clicks_order": []}, "an order of 0"),
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(BAD))
def test_cases_that_make_no_sense_are_refused(kind: str, tmp_path: Path) -> None:
    """In one sentence, with the name of the file."""
    arrays, message = BAD[kind]
    with pytest.raises(ImageError, match=message) as refused:
        read_case(write(tmp_path / "a.npz", **arrays))
    assert "a.npz" in str(refused.value)


def test_a_spacing_of_0_is_refused(tmp_path: Path) -> None:
    """As in every file."""
    with pytest.raises(GeometryError, match="the spacing must lie between"):
        read_image(write(tmp_path / "a.npz", spacing=[0.0, 1, 1]))
