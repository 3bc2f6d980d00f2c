"""Our own model at large and small objects, near and far clicks."""

import numpy as np
import pytest

from tests.fakes import BrightModel
from tests.phantoms import ball_image
from vesal.geometry import Grid, Patch
from vesal.images import Image
from vesal.inference.answer import Answer
from vesal.inference.predictor import predictor_for
from vesal.inference.request import request_of
from vesal.prompts import Box, Click, MaskPrompt, Prompt

GRID = Grid(shape=(200, 60, 60), affine=np.diag([1.0, 1.0, 1.0, 1.0]))


def bar() -> Image:
    """A bright bar along the whole volume, thick as a vessel."""
    array = np.zeros(GRID.shape, np.float32)
    array[:, 27:33, 27:33] = 1000
    return Image(array=array, grid=GRID)


def ask(image: Image, model: BrightModel, *prompts: Prompt, last: Answer | None = None) -> Answer:
    """The answer to prompts."""
    request = request_of(prompts, image.grid)
    return predictor_for(image, model).predict(request, previous=last)


def dice(patch: Patch, truth: np.ndarray) -> float:
    """Overlap with the truth."""
    mask = patch.full()
    return float(2 * (mask & truth).sum() / (mask.sum() + truth.sum()))


@pytest.mark.parametrize("radius", [4.0, 12.0, 28.0])
def test_an_object_of_any_size_comes_out_whole_from_one_click(radius: float) -> None:
    """From far and near windows, without being told how large it is."""
    grid = Grid(shape=(80, 80, 80), affine=np.eye(4))
    image = ball_image(grid, (40.0, 40.0, 40.0), radius)
    answer = ask(image, BrightModel(), Click(point_mm=(40.0, 40.0, 40.0)))
    assert dice(answer.mask, image.array > 550) > 0.9


def test_a_long_bar_is_followed_by_clicks_far_apart() -> None:
    """The second click adds its part, and the first part stays."""
    image, model = bar(), BrightModel()
    predictor = predictor_for(image, model)
    one, two = Click(point_mm=(20, 30, 30)), Click(point_mm=(180, 30, 30))
    first = predictor.predict(request_of([one], GRID))
    both = predictor.predict(request_of([one, two], GRID), previous=first)
    assert (20, 30, 30) in both.mask
    assert (180, 30, 30) in both.mask
    assert dice(both.mask, image.array > 0) > dice(first.mask, image.array > 0)
    for voxel in np.argwhere(first.mask.full() & (image.array > 0))[::50].tolist():
        assert tuple(voxel) in both.mask


def test_a_further_click_in_sight_encodes_nothing_new() -> None:
    """Nor does the same click in another session of the predictor."""
    grid = Grid(shape=(80, 80, 80), affine=np.eye(4))
    image, model = ball_image(grid, (40.0, 40.0, 40.0), 10.0), BrightModel()
    predictor = predictor_for(image, model)
    one, two = Click(point_mm=(40, 40, 40)), Click(point_mm=(44, 40, 40))
    first = predictor.predict(request_of([one], grid))
    encoded = model.encoded
    predictor.predict(request_of([one, two], grid), previous=first)
    predictor.predict(request_of([one], grid))
    assert model.encoded == encoded


def test_an_answer_says_where_the_model_looked() -> None:
    """On the windows' grids, before anything is thresholded."""
    image = bar()
    answer = ask(image, BrightModel(), Click(point_mm=(20, 30, 30)))
    assert answer.evidence
    for one in answer.evidence:
        assert one.logits.shape == one.grid.shape


@pytest.mark.parametrize("positive", [True, False])
def test_a_mask_to_begin_with_is_improved(positive: bool) -> None:
    """Also by a click outside alone: the window is that of the mask."""
    grid = Grid(shape=(80, 80, 80), affine=np.eye(4))
    image, model = ball_image(grid, (40.0, 40.0, 40.0), 10.0), BrightModel()
    rough = np.zeros(grid.shape, np.bool_)
    rough[28:46, 30:50, 30:50] = True
    click = Click(point_mm=(44, 40, 40) if positive else (28, 30, 30), positive=positive)
    given = Answer(mask=Patch.of(rough))
    answer = ask(image, model, MaskPrompt(patch=given.mask), click, last=given)
    assert model.prompts[0].previous is not None
    assert float(model.prompts[0].previous.max()) > 0
    voxel = tuple(int(v) for v in click.point_mm)
    assert (voxel in answer.mask) == positive


def test_a_window_may_show_no_click_at_all() -> None:
    """A box where a mask was given says nothing of points."""
    image, model = bar(), BrightModel()
    given = Answer(mask=Patch.of(image.array > 0))
    box = Box.of_voxels(GRID, (0, 20, 20), (60, 40, 40))
    answer = ask(image, model, box, last=given)
    assert answer.mask.full()[61:].sum() == 0
    assert answer.mask.count > 0


def test_the_middle_of_a_box_is_told_again_with_every_click() -> None:
    """It is the only word of what is inside, and a click changes its own piece only."""
    grid = Grid(shape=(80, 80, 80), affine=np.eye(4))
    image, model = ball_image(grid, (40.0, 40.0, 40.0), 10.0), BrightModel()
    box = Box.of_voxels(grid, (30, 30, 30), (50, 50, 50))
    first = ask(image, model, box)
    before = len(model.prompts)
    second = ask(image, model, box, Click(point_mm=(40, 48, 40), positive=False), last=first)
    assert len(model.prompts) > before
    assert model.prompts[-1].labels[0].tolist() == [1, 0]
    removed = first.mask.full() & ~second.mask.full()
    assert removed[40, 48, 40]
    assert not (second.mask.full() & ~first.mask.full()).any()
