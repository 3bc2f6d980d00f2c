"""A 2D model in a volume: slice by slice from what was prompted, both ways."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from tests.fakes import BrightSegmenter, bright_segmenter
from tests.grids import rotation
from tests.inference.balls import (
    BALL,
    CENTRE,
    GRID,
    NOTHING,
    ONE,
    REACHED,
    SCALE,
    agreement,
    looking,
    said,
    slices_of,
)
from tests.phantoms import ball_image
from vesal.geometry import Grid, Patch
from vesal.images import Image
from vesal.inference.answer import Answer
from vesal.inference.request import Request
from vesal.prompts import Box


@pytest.fixture
def model() -> BrightSegmenter:
    """A model that takes what is bright."""
    return bright_segmenter("sam")


def test_the_mask_goes_both_ways_until_it_vanishes(model: BrightSegmenter) -> None:
    """All slices of the ball; the ones behind its poles are looked at and left out."""
    answer = looking(model).predict(Request(clicks=ONE))
    assert slices_of(answer) == REACHED
    assert agreement(answer.mask.full(), BALL) > 0.98
    assert len(model.images) == len(REACHED) + 2
    assert answer.notes == ()


def test_a_neighbour_is_prompted_with_the_last_mask(model: BrightSegmenter) -> None:
    """Its box, from its first pixel to one past its last, its logits, and no point."""
    looking(model).predict(Request(clicks=ONE))
    first, neighbour = model.prompts[0], model.prompts[1]
    assert first.boxes is None
    assert first.previous is None
    assert neighbour.points.shape[1] == 0
    assert neighbour.previous is not None
    held = np.argwhere((BALL.array > 550)[:, ::-1, 10].T)  # the front is up, the left is right
    wanted = np.stack([held.min(axis=0), held.max(axis=0) + 1]) * SCALE
    assert neighbour.boxes is not None
    assert neighbour.boxes[0].numpy() == pytest.approx(wanted, abs=0.1)


@pytest.mark.parametrize(("family", "told"), [("sam-med2d", True), ("medsam", False)])
def test_only_families_trained_on_masks_are_told_the_last_one(family: str, told: bool) -> None:
    """The box is for all."""
    model = bright_segmenter(family)
    looking(model).predict(Request(clicks=ONE))
    assert (model.prompts[1].previous is not None) == told
    assert model.prompts[1].boxes is not None


def test_a_further_click_on_a_seen_slice_never_encodes_again(model: BrightSegmenter) -> None:
    """On the clicked slice, on one that was reached, positive or negative."""
    predictor = looking(model)
    answer = predictor.predict(Request(clicks=ONE))
    before = len(model.images)
    places = [(-22.0, 18.0, 30.0), (-20.0, 20.0, 36.0), (-20.0, 15.0, 24.0)]
    clicks = [(CENTRE, True)]
    for place, positive in zip(places, (True, True, False), strict=True):
        clicks.append((place, positive))
        answer = predictor.predict(Request(clicks=said(*clicks)), previous=answer)
    assert len(model.images) == before
    assert not answer.mask.full()[20, 15, 8]


def test_a_clicked_slice_is_told_its_clicks_and_its_last_logits(model: BrightSegmenter) -> None:
    """Of that slice alone; slices where nothing new was said keep what they had."""
    predictor = looking(model)
    first = predictor.predict(Request(clicks=ONE))
    model.prompts.clear()
    predictor.predict(
        Request(clicks=said((CENTRE, True), ((-20.0, 18.0, 36.0), True))), previous=first
    )
    again = [p for p in model.prompts if p.points.shape[1]]
    assert len(again) == 1
    assert again[0].previous is not None
    assert again[0].labels.tolist() == [[1]]


def test_a_changed_prompt_starts_again(model: BrightSegmenter) -> None:
    """Nothing is left of the last answer when a click was taken back or a box was drawn."""
    predictor = looking(model)
    first = predictor.predict(Request(clicks=said((CENTRE, True), ((-21.0, 18.0, 30.0), True))))
    for clicks, box in (
        (ONE, None),
        (ONE, Box(low_mm=(-32.0, 6.0, 18.0), high_mm=(-8.0, 30.0, 42.0))),
    ):
        model.prompts.clear()
        predictor.predict(Request(clicks=clicks, box=box), previous=first)
        assert model.prompts[0].previous is None


def test_negative_clicks_alone_on_a_slice_wait_for_its_turn(model: BrightSegmenter) -> None:
    """The slice is asked with its neighbour's mask and the click; it starts no walk."""
    predictor = looking(model)
    answer = predictor.predict(Request(clicks=said((CENTRE, True), ((-20.0, 18.0, 36.0), False))))
    assert slices_of(answer) == REACHED
    assert not answer.mask.full()[20, 18, 12]
    asked = [p.labels.tolist() for p in model.prompts if p.labels.numel()]
    assert asked == [[[1]], [[0]]]


def test_two_prompted_slices_meet_half_way(model: BrightSegmenter) -> None:
    """No slice is asked twice."""
    looking(model).predict(
        Request(clicks=said(((-20.0, 18.0, 24.0), True), ((-20.0, 18.0, 36.0), True)))
    )
    assert len(model.prompts) == len(model.images) == len(REACHED) + 2


def test_a_mask_that_grows_absurdly_is_not_followed(model: BrightSegmenter) -> None:
    """A rod that runs into a plate; the note says where and how much."""
    values = np.full(GRID.shape, 100, np.float32)
    values[18:22, 16:20, :] = 1000
    values[2:38, 2:34, 14:16] = 1000
    answer = looking(model, Image(array=values, grid=GRID)).predict(Request(clicks=ONE))
    assert slices_of(answer) == list(range(14))
    assert answer.notes == (
        "slices: stopped before slice 15, where the mask would grow from 16 to 1,152 pixels",
    )


def test_a_box_prompts_its_middle_slice_and_limits_all(model: BrightSegmenter) -> None:
    """In its own plane exactly, along the slices, and in the mask; nothing is emulated."""
    box = Box(low_mm=(-31.5, 11.25, 21.5), high_mm=(-19.5, 30.0, 36.5))
    answer = looking(model).predict(Request(clicks=NOTHING, box=box))
    corners = model.prompts[0].boxes
    assert corners is not None
    # Rows count from the front down: 35 - y; columns to the patient's left: -x.
    assert corners[0].numpy() == pytest.approx(np.array([[5, 19.5], [23.75, 31.5]]) * SCALE)
    assert model.prompts[0].points.shape[1] == 0
    assert set(slices_of(answer)) <= set(range(7, 13))
    inside = GRID.to_world(np.argwhere(answer.mask.full()).astype(np.float64))
    slack = np.array([0.51, 0.51, 1.51])
    assert answer.mask.full().any()
    assert (inside >= np.array(box.low_mm) - slack).all()
    assert (inside <= np.array(box.high_mm) + slack).all()
    assert len(model.images) <= 6
    assert answer.notes == ()


def test_a_box_in_an_oblique_volume_is_cut_by_each_slice() -> None:
    """The prompt is the part of the box in that slice, not the shadow of all of it."""
    affine = np.eye(4)
    affine[:3, :3] = rotation(45, 0, 0) * [1, 1, 2]
    grid = Grid(shape=(40, 40, 20), affine=affine)
    middle = tuple(float(v) for v in grid.to_world(np.array([[20.0, 20.0, 10.0]]))[0])
    low, high = (tuple(m + s * 8 for m in middle) for s in (-1, 1))
    model = bright_segmenter("sam")
    image = ball_image(grid, middle, 8.0)
    answer = looking(model, image).predict(
        Request(clicks=NOTHING, box=Box(low_mm=low, high_mm=high))
    )
    assert model.prompts[0].boxes is not None
    sides = (model.prompts[0].boxes[0, 1] - model.prompts[0].boxes[0, 0]).numpy() / 96 * 40
    assert sorted(sides.tolist()) == pytest.approx([16, 16 * 2**0.5], abs=2.0)
    assert agreement(answer.mask.full(), image) > 0.95


@pytest.mark.parametrize("row", [10, 29])
def test_a_walk_ends_where_the_box_leaves_the_last_mask(row: int) -> None:
    """A rod across slices that lean: a corner of the box holds it in one of them alone."""
    affine = np.eye(4)
    affine[:3, :3] = rotation(45, 0, 0) * [1, 1, 6]
    grid = Grid(shape=(40, 40, 20), affine=affine)
    middle, seen = grid.to_world(np.array([[20.0, 20.0, 10.0], [20.0, row, 10.0]]))
    low, high = (tuple(float(v) for v in middle + s * 8) for s in (-1, 1))
    rod = np.zeros(grid.shape, np.uint8)
    rod[19:22, row : row + 2] = 255
    answer = looking(bright_segmenter("sam"), Image(array=rod, grid=grid)).predict(
        Request(
            clicks=said((tuple(float(v) for v in seen), True)), box=Box(low_mm=low, high_mm=high)
        )
    )
    assert slices_of(answer) == [10]


def test_a_walk_ends_at_the_end_of_the_box() -> None:
    """In slices that lean, where everything in the box is bright; no slice is looked at twice."""
    affine = np.eye(4)
    affine[:3, :3] = rotation(30, 20, 0) * [1, 1, 3]
    grid = Grid(shape=(40, 40, 20), affine=affine)
    middle = grid.to_world(np.array([[20.0, 20.0, 10.0]]))[0]
    low, high = (tuple(float(v) for v in middle + s * 7) for s in (-1, 1))
    model = bright_segmenter("sam")
    image = ball_image(grid, tuple(float(v) for v in middle), 18.0)
    answer = looking(model, image).predict(
        Request(clicks=NOTHING, box=Box(low_mm=low, high_mm=high))
    )
    world = grid.to_world(np.argwhere(answer.mask.full()).astype(np.float64))
    reach = 0.51 * np.abs(affine[:3, :3]).max(axis=1)
    assert (np.abs(world - middle) <= 7 + reach).all()
    assert len(model.images) == len(slices_of(answer))


def test_from_a_slice_where_nothing_is_found_no_walk_starts(model: BrightSegmenter) -> None:
    """A box around darkness: its middle slice is looked at, and that is all."""
    box = Box(low_mm=(-38.0, 1.0, 12.0), high_mm=(-32.0, 6.0, 48.0))
    assert not looking(model).predict(Request(clicks=NOTHING, box=box)).mask.full().any()
    assert len(model.images) == 1


def test_a_box_outside_of_every_slice_gives_no_mask(model: BrightSegmenter) -> None:
    """The session refuses it before; nothing breaks here."""
    box = Box(low_mm=(5.0, 50.0, 100.0), high_mm=(9.0, 55.0, 110.0))
    assert not looking(model).predict(Request(clicks=NOTHING, box=box)).mask.full().any()


@pytest.mark.parametrize(("family", "score"), [("sam", 0.9), ("medsam", None), ("sam-unet", None)])
def test_a_score_is_told_only_where_it_was_trained(family: str, score: float | None) -> None:
    """For one click SAM's best mask; MedSAM's head was never trained."""
    answer = looking(bright_segmenter(family)).predict(Request(clicks=ONE))
    assert answer.score == (None if score is None else pytest.approx(score))


def test_a_family_trained_on_boxes_alone_is_given_clicks_and_says_so() -> None:
    """A box needs no note."""
    model = bright_segmenter("sam-unet")
    predictor = looking(model)
    answer = predictor.predict(Request(clicks=ONE))
    assert model.prompts[0].labels.tolist() == [[1]]
    assert answer.notes == (
        "point: this model was trained on boxes alone; clicks are passed on as they are",
    )
    box = Box(low_mm=(-32.0, 6.0, 18.0), high_mm=(-8.0, 30.0, 42.0))
    assert predictor.predict(Request(clicks=NOTHING, box=box)).notes == ()


def test_progress_is_told_on_every_slice(model: BrightSegmenter) -> None:
    """With the slice's number, the first one too, up to the end."""
    steps: list[tuple[int, int, str]] = []
    looking(model).predict(Request(clicks=ONE), progress=lambda *step: steps.append(step))
    assert [text for _, _, text in steps[:2]] == ["slice 11 of 20", "slice 10 of 20"]
    assert len(steps) == len(REACHED) + 2 + 1
    assert steps[-1][:2] == (20, 20)


def test_an_interrupted_walk_leaves_a_predictor_that_works(model: BrightSegmenter) -> None:
    """What was encoded is not encoded again."""
    predictor = looking(model)

    def interrupt(done: int, total: int, text: str) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predictor.predict(Request(clicks=ONE), progress=interrupt)
    seen = len(model.images)
    assert agreement(predictor.predict(Request(clicks=ONE)).mask.full(), BALL) > 0.98
    assert len(model.images) == len(REACHED) + 2 > seen


def half_ball(first: int = 9) -> Answer:
    """A mask to begin with: the ball from a slice on, without a memory of any predictor."""
    mask = BALL.array > 550
    mask[..., :first] = False
    return Answer(mask=Patch.of(mask))


@pytest.mark.parametrize(
    ("family", "told"), [("sam", True), ("sam-med2d", True), ("medsam", False)]
)
def test_a_slice_of_a_mask_to_begin_with_is_improved(family: str, told: bool) -> None:
    """It is told as logits where the family knows them, and its box, with what was clicked."""
    model = bright_segmenter(family)
    looking(model).predict(Request(clicks=ONE), previous=half_ball())
    first = model.prompts[0]
    held = np.argwhere((BALL.array > 550)[:, ::-1, 10].T)
    scale = SCALE if family == "sam" else np.array([1, 1]) * 96 / np.array([36, 40])
    if family != "sam-med2d":  # which puts a small page into the middle as it is
        wanted = np.stack([held.min(axis=0), held.max(axis=0) + 1]) * scale
        assert first.boxes is not None
        assert first.boxes[0].numpy() == pytest.approx(wanted, abs=0.1)
    assert (first.previous is not None) == told
    if first.previous is not None:
        row, column = (int(v) for v in first.points[0, 0].round())
        least, most = (-6.0, 6.0) if family == "sam" else (0.0025, 0.9975)
        assert float(first.previous[0, 0, row, column]) == pytest.approx(most, abs=1e-3)
        assert float(first.previous[0, 0, 0, 0]) == pytest.approx(least, abs=1e-3)


def test_slices_of_a_mask_to_begin_with_stay_as_they_are(model: BrightSegmenter) -> None:
    """The walk goes on where it has nothing, and stops where it has something."""
    given = half_ball()
    wrong = given.mask.full()
    wrong[0, 0, 12] = True
    answer = looking(model).predict(
        Request(clicks=said(((-20.0, 18.0, 27.0), True))), previous=Answer(mask=Patch.of(wrong))
    )
    assert slices_of(answer) == REACHED
    assert answer.mask.full()[0, 0, 12]
    assert len(model.images) == 4  # the clicked one, two that follow, one on which nothing is
    assert answer.notes == ("mask: slices without a prompt keep the mask that you started from",)
    assert len(answer.evidence) == 3


def test_a_mask_to_begin_with_is_not_forgotten(model: BrightSegmenter) -> None:
    """One click after the other, as if both had been meant from the start; also with a new box."""
    predictor = looking(model)
    first = predictor.predict(Request(clicks=ONE), previous=half_ball(11))
    two = said((CENTRE, True), ((-20.0, 18.0, 36.0), True))
    second = predictor.predict(Request(clicks=two), previous=first)
    assert slices_of(first) == slices_of(second) == REACHED
    assert len(model.images) == 5 + 1
    box = Box(low_mm=(-32.0, 6.0, 18.0), high_mm=(-8.0, 30.0, 42.0))
    assert slices_of(predictor.predict(Request(clicks=two, box=box), previous=second)) == REACHED


def test_the_box_of_a_mask_to_begin_with_holds_what_was_clicked(model: BrightSegmenter) -> None:
    """A click beside the mask says that it is too small."""
    mask = np.zeros(GRID.shape, np.bool_)
    mask[18:20, 16:20, 10] = True
    clicks = said(((-26.0, 18.0, 30.0), True))
    looking(model).predict(Request(clicks=clicks), previous=Answer(mask=Patch.of(mask)))
    assert model.prompts[0].boxes is not None
    wanted = np.array([[16, 18], [20, 27]]) * SCALE  # rows from y 19 down, columns from x -18
    assert model.prompts[0].boxes[0].numpy() == pytest.approx(wanted, abs=0.1)


def test_a_negative_click_corrects_a_slice_of_a_mask_and_starts_no_walk(
    model: BrightSegmenter,
) -> None:
    """There is nothing to look for next to it."""
    request = Request(clicks=said(((-20.0, 18.0, 36.0), False)))
    answer = looking(model).predict(request, previous=half_ball())
    assert len(model.images) == 1
    assert model.prompts[0].labels.tolist() == [[0]]
    assert slices_of(answer) == [9, 10, 11, 12, 13]
    assert not answer.mask.full()[20, 18, 12]
    assert answer.score is None


def test_without_anything_positive_nothing_is_found(model: BrightSegmenter) -> None:
    """As where all that was positive has been taken back."""
    request = Request(clicks=said(((-20.0, 18.0, 36.0), False)))
    answer = looking(model).predict(request, previous=Answer(mask=Patch.empty(GRID.shape)))
    assert answer.mask.is_empty
    assert model.images == []


def test_the_answer_of_another_predictor_is_a_mask_to_begin_with(model: BrightSegmenter) -> None:
    """Whatever it remembers."""
    foreign = replace(half_ball(), memory="of another kind")
    answer = looking(model).predict(Request(clicks=ONE), previous=foreign)
    assert model.prompts[0].previous is not None
    assert slices_of(answer) == [9, 10, 11, 12, 13]


def test_evidence_lies_where_the_slices_do(model: BrightSegmenter) -> None:
    """One slice each: bright where the ball is, in world mm."""
    answer = looking(model).predict(Request(clicks=ONE))
    assert len(answer.evidence) == len(REACHED)
    for number, one in zip(REACHED, answer.evidence, strict=True):
        assert one.logits.shape == one.grid.shape == (40, 36, 1)
        world = one.grid.to_world(np.argwhere(one.logits > 0).astype(np.float64))
        assert world[:, 2] == pytest.approx(3.0 * number)
        assert len(world) == pytest.approx(answer.mask.full()[..., number].sum(), abs=2)
        assert (np.linalg.norm(world - np.array(CENTRE), axis=1) < 11).all()


def test_an_answer_takes_no_memory_for_what_lies_far_from_it(model: BrightSegmenter) -> None:
    """Bits of the mask and two small pictures of each slice."""
    grid = Grid(shape=(400, 300, 40), affine=np.diag([-1.0, 1.0, 3.0, 1.0]))
    image = ball_image(grid, (-200.0, 150.0, 60.0), 9.0)
    answer = looking(model, image).predict(Request(clicks=said(((-200.0, 150.0, 60.0), True))))
    assert len(answer.mask.bits) < 1500
    count = len(slices_of(answer))
    assert [one.logits.shape for one in answer.evidence] == [(128, 128, 1)] * count
    # Twice the logits of a slice, for the first one was told none; the whole mask has 600,000.
    assert len(pickle.dumps(answer)) < (count + 2) * (4 * (96**2 + 128**2) + 4000)
