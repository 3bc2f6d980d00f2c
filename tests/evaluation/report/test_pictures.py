"""Tests of vesal.evaluation.report.pictures."""

import base64
import io

import numpy as np
from PIL import Image as Pixels

from tests.evaluation.report.played import broken, played
from vesal.evaluation.report.course import courses_of
from vesal.evaluation.report.pictures import chosen, pictures
from vesal.evaluation.row import Row
from vesal.geometry import Grid
from vesal.images import Image, Mask
from vesal.images.picture import Row as SceneRow

GRID = Grid(shape=(12, 10, 8), affine=np.diag([1.0, 1.0, 2.0, 1.0]))


def scene(row: Row) -> SceneRow | None:
    """A small image with the same mask twice; nothing of cases that are gone."""
    if row.case == "gone":
        return None
    values = np.arange(np.prod(GRID.shape), dtype=np.float32).reshape(GRID.shape)
    mask = np.zeros(GRID.shape, np.bool_)
    mask[3:7, 3:7, 3:5] = True
    shown = Mask(array=mask, grid=GRID)
    return SceneRow(image=Image(array=values, grid=GRID), mask=shown, title="", known=shown)


def test_best_median_and_worst_are_chosen_by_the_last_dice() -> None:
    """Not by the best one, which a user does not end with."""
    rows = [
        *played([0.9, 0.1], case="a"),
        *played([0.2, 0.3], case="b"),
        *played([0.2, 0.8], case="c"),
        *broken(played([0.9], case="d")),
        *played([0.5], case="e"),
    ]
    found = [(word, course.last.case) for word, course in chosen(courses_of(rows))]
    assert found == [("best", "c"), ("median", "b"), ("worst", "d")]


def test_few_objects_are_not_shown_twice() -> None:
    """One is the only one, two are best and worst."""
    one, two = played([0.5], case="a"), played([0.6], case="b")
    assert [word for word, _ in chosen(courses_of(one))] == ["only object"]
    assert [word for word, _ in chosen(courses_of([*one, *two]))] == ["best", "worst"]
    assert chosen(()) == ()


def test_a_sheet_is_a_png_with_words() -> None:
    """One for each model, which says what is to be seen."""
    rows = [*played([0.5]), *broken(played([0.5], model="theirs", object="x" * 60))]
    ours, theirs = pictures(courses_of(rows), ("ours", "theirs"), scene)
    data = base64.b64decode(ours.data.removeprefix("data:image/png;base64,"))
    assert Pixels.open(io.BytesIO(data)).size == (ours.width, ours.height)
    assert ours.text == "only object: liver of scan, Dice 0.50"
    assert theirs.text.endswith("Dice 0.00")


def test_what_cannot_be_shown_is_left_out() -> None:
    """The image may have been moved since."""
    assert pictures(courses_of(played([0.5], case="gone")), ("ours",), scene) == ()
    some = [*played([0.5]), *played([0.9], case="gone")]
    (found,) = pictures(courses_of(some), ("ours",), scene)
    assert found.text.startswith("worst: liver of scan")
