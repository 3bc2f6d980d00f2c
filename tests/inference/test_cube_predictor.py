"""SAM-Med3D's way of looking: one cube, one click at a time, a mask that outlives the cube."""

import numpy as np
import pytest
import torch

from tests.fakes import BrightSegmenter, bright_segmenter
from tests.grids import UGLY
from tests.phantoms import ball_image, enlarged
from vesal.geometry import Grid, Patch
from vesal.images import Image
from vesal.inference.answer import Answer
from vesal.inference.clicks import Clicks
from vesal.inference.cube_predictor import CubePredictor
from vesal.inference.request import Request
from vesal.models.promptable import Decoded, Embedding, PromptTensors
from vesal.models.sam_config import SamConfig
from vesal.models.segmenter import Segmenter
from vesal.prompts import Box

GRID = Grid(shape=(60, 50, 40), affine=np.diag([-1.5, 1.5, 3.0, 1.0]))
CENTRE = (-45.0, 36.0, 60.0)
FAR = (-80.0, 4.0, 114.0)
SIZE = 32
"""Voxels of 1.5 mm: 48 mm, about half of the volume."""


def said(*points: tuple[tuple[float, ...], bool]) -> Clicks:
    """Clicks at points in mm."""
    return Clicks(
        points_mm=np.array([point for point, _ in points], np.float64),
        positive=np.array([side for _, side in points]),
    )


ONE, TWO = said((CENTRE, True)), said((CENTRE, True), ((-47.0, 36.0, 61.0), False))


@pytest.fixture
def model() -> BrightSegmenter:
    """A model that takes what is bright."""
    return bright_segmenter("sam-med3d", SIZE)


def looking(model: BrightSegmenter, image: Image, *, full_history: bool = False) -> CubePredictor:
    """A predictor on an image."""
    return CubePredictor(image, model, model.config, full_history=full_history)


BALL = ball_image(GRID, CENTRE, 12.0)


@pytest.mark.parametrize("name", ["LPS", "permuted", "oblique permuted", "left-handed"])
def test_a_click_meets_its_voxel_whatever_the_axes_of_the_file(
    model: BrightSegmenter, name: str
) -> None:
    """The prompted point is the middle of the ball that the model is shown, in order R, A, S."""
    grid = enlarged(UGLY[name], 14)
    index = np.array(grid.shape)[None] / 2.0 + 0.3
    point = tuple(float(v) for v in grid.to_world(index)[0])
    looking(model, ball_image(grid, point, 9.0)).predict(Request(clicks=said((point, True))))
    shown = model.images[0][0, 0]
    assert shown.shape == (SIZE,) * 3
    bright = torch.nonzero(shown > (shown.amin() + shown.amax()) / 2).double().mean(dim=0)
    assert model.prompts[0].points[0, 0].numpy() == pytest.approx(bright.numpy(), abs=0.7)
    assert model.prompts[0].labels.tolist() == [[1]]


def test_a_volume_of_exactly_one_window_is_looked_at_as_it_is(model: BrightSegmenter) -> None:
    """Cut out to be shown so, as in the published scripts: the click does not move the window."""
    grid = Grid(shape=(SIZE,) * 3, affine=np.diag([1.5, 1.5, 1.5, 1.0]))
    image = ball_image(grid, (9.0, 30.0, 21.0), 8.0)
    looking(model, image).predict(Request(clicks=said(((9.0, 30.0, 21.0), True))))
    assert model.prompts[0].points[0, 0].tolist() == pytest.approx([6.0, 20.0, 14.0])
    values = model.images[0][0, 0].numpy()
    np.testing.assert_allclose(np.corrcoef(values.ravel(), image.array.ravel())[0, 1], 1, atol=1e-5)


def test_a_volume_of_one_window_is_shown_whole_with_a_mask_to_begin_with(
    model: BrightSegmenter,
) -> None:
    """Also where the mask lies in a corner: the model is told of each voxel what it was."""
    grid = Grid(shape=(SIZE,) * 3, affine=np.diag([1.5, 1.5, 1.5, 1.0]))
    mask = np.zeros(grid.shape, np.bool_)
    mask[2:8, 2:8, 2:8] = True
    begun = Answer(mask=Patch.of(mask))
    image = ball_image(grid, (9.0, 9.0, 9.0), 8.0)
    looking(model, image).predict(Request(clicks=said(((9.0, 9.0, 9.0), True))), previous=begun)
    previous = model.prompts[0].previous
    assert previous is not None
    np.testing.assert_array_equal(previous[0, 0].numpy(), np.where(mask, 6, -6))


def test_the_first_click_is_told_with_an_empty_mask_of_zeros(model: BrightSegmenter) -> None:
    """As the weights were trained; "no mask" they have never seen."""
    looking(model, BALL).predict(Request(clicks=ONE))
    previous = model.prompts[0].previous
    assert previous is not None
    assert previous.shape == (1, 1, SIZE, SIZE, SIZE)
    assert not previous.any()


def test_a_further_click_is_told_alone_with_the_last_logits(model: BrightSegmenter) -> None:
    """And the window is not encoded again."""
    predictor = looking(model, BALL)
    first = predictor.predict(Request(clicks=ONE))
    predictor.predict(Request(clicks=TWO), previous=first)
    assert len(model.images) == 1
    assert model.prompts[1].labels.tolist() == [[0]]
    assert model.prompts[1].previous is not None
    assert model.prompts[1].previous.amax() > 0


def test_the_full_history_is_an_option(model: BrightSegmenter) -> None:
    """All clicks at each step."""
    looking(model, BALL, full_history=True).predict(Request(clicks=TWO))
    assert [prompts.labels.tolist() for prompts in model.prompts] == [[[1]], [[1, 0]]]


def test_clicks_at_once_are_clicks_one_after_the_other(model: BrightSegmenter) -> None:
    """The same prompts, the same bits; and a click that was changed starts again."""
    predictor = looking(model, BALL)
    step = predictor.predict(Request(clicks=TWO), previous=predictor.predict(Request(clicks=ONE)))
    asked = len(model.prompts)
    at_once = predictor.predict(Request(clicks=TWO))
    assert len(model.prompts) == 2 * asked
    assert np.array_equal(step.mask.full(), at_once.mask.full())
    other = said((CENTRE, True), ((-43.0, 36.0, 61.0), False))
    predictor.predict(Request(clicks=other), previous=step)
    assert len(model.prompts) == 3 * asked


def test_a_positive_click_goes_first(model: BrightSegmenter) -> None:
    """There is nothing yet to take away from."""
    looking(model, BALL).predict(Request(clicks=said(((-47.0, 36.0, 61.0), False), (CENTRE, True))))
    assert [prompts.labels.tolist() for prompts in model.prompts] == [[[1]], [[0]]]


def test_an_answer_of_another_predictor_is_not_looked_at(model: BrightSegmenter) -> None:
    """As when a session changes its model."""
    predictor = looking(model, BALL)
    foreign = Answer(mask=Patch.empty(GRID.shape), memory="something")
    answer = predictor.predict(Request(clicks=ONE), previous=foreign)
    assert np.array_equal(answer.mask.full(), predictor.predict(Request(clicks=ONE)).mask.full())


def test_a_click_outside_the_window_moves_it_and_the_mask_stays() -> None:
    """Two balls at opposite ends: the second click finds the other and keeps the first."""
    model = bright_segmenter("sam-med3d", SIZE)
    one, two = ball_image(GRID, (-12.0, 12.0, 12.0), 8.0), ball_image(GRID, FAR, 8.0)
    image = Image(array=np.maximum(one.array, two.array), grid=GRID)
    predictor = looking(model, image)
    first = predictor.predict(Request(clicks=said(((-12.0, 12.0, 12.0), True))))
    both = predictor.predict(
        Request(clicks=said(((-12.0, 12.0, 12.0), True), (FAR, True))), previous=first
    )
    assert len(model.images) == 2
    truth = image.array > 550
    assert 2 * (both.mask.full() & truth).sum() / (both.mask.full().sum() + truth.sum()) > 0.9
    assert (both.mask.full() & first.mask.full()).sum() == first.mask.full().sum()
    assert any(note.startswith("point: the clicks lie too far apart") for note in both.notes)


def test_a_moved_window_is_told_the_last_logits_where_it_saw_them() -> None:
    """At their new place; nothing is said of what is newly seen."""
    model = bright_segmenter("sam-med3d", SIZE)
    predictor = looking(model, BALL)
    beyond = (CENTRE[0], CENTRE[1], CENTRE[2] + 27.0)
    predictor.predict(Request(clicks=said((CENTRE, True), (beyond, True))))
    first, second = (image[0, 0] for image in model.images[:2])
    shift = 9  # half of 27 mm in voxels: the window is in the middle of both clicks
    assert torch.equal(second[..., : SIZE - shift] > 0, first[..., shift:] > 0)
    previous = model.prompts[1].previous
    assert previous is not None
    assert not previous[..., SIZE - shift :].any()
    wanted = 8 * (first - (first.amin() + first.amax()) / 2)
    assert torch.allclose(previous[0, 0, ..., : SIZE - shift], wanted[..., shift:], atol=1e-3)


def test_an_object_larger_than_the_window_comes_out_whole(model: BrightSegmenter) -> None:
    """The window follows the mask over its faces, told its logits and a click where both see it."""
    image = ball_image(GRID, CENTRE, 27.0)
    answer = looking(model, image).predict(Request(clicks=ONE))
    truth = image.array > 550
    mask = answer.mask.full()
    assert 2 * (mask & truth).sum() / (mask.sum() + truth.sum()) > 0.95
    assert answer.notes == ()
    assert len(answer.evidence) == len(model.images) > 4
    for prompts in model.prompts[1:]:
        assert prompts.labels.tolist() == [[1]]
        assert prompts.previous is not None
        assert prompts.previous.amax() > 0


def test_a_further_click_follows_the_object_without_encoding_again(
    model: BrightSegmenter,
) -> None:
    """All windows that it led to are remembered; elsewhere nothing is asked that was not before."""
    predictor = looking(model, ball_image(GRID, CENTRE, 27.0))
    first = predictor.predict(Request(clicks=ONE))
    encoded = len(model.images)
    predictor.predict(Request(clicks=TWO), previous=first)
    assert len(model.images) == encoded


def test_an_object_that_does_not_end_is_noted(
    model: BrightSegmenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never a truncated object without a warning; where the volume ends there is none."""
    monkeypatch.setattr("vesal.inference.cube_predictor._MOST_WINDOWS", 3)
    large = looking(model, ball_image(GRID, CENTRE, 34.0)).predict(Request(clicks=ONE))
    assert any("goes on beyond 3 windows of 48 mm" in note for note in large.notes)
    assert looking(model, BALL).predict(Request(clicks=ONE)).notes == ()
    edge = (0.0, 0.0, 0.0)
    at_the_edge = looking(model, ball_image(GRID, edge, 15.0)).predict(
        Request(clicks=said((edge, True)))
    )
    assert (0, 0, 0) in at_the_edge.mask
    assert at_the_edge.notes == ()


def test_a_box_is_a_window_a_click_in_its_middle_and_a_limit(model: BrightSegmenter) -> None:
    """And it is said; with a click inside, that one is told."""
    box = Box(low_mm=(-55.0, 30.0, 50.0), high_mm=(-44.0, 40.0, 70.0))
    predictor = looking(model, ball_image(GRID, CENTRE, 30.0))
    answer = predictor.predict(Request(clicks=said((CENTRE, False)).only(slice(0)), box=box))
    inside = GRID.to_world(np.argwhere(answer.mask.full()).astype(np.float64))
    slack = np.array([0.76, 0.76, 1.51])  # half a voxel
    assert answer.mask.full().any()
    assert (inside >= np.array(box.low_mm) - slack).all()
    assert (inside <= np.array(box.high_mm) + slack).all()
    assert answer.notes == (
        "box: emulated by a window, a click in its middle and a limit; not trained on boxes",
    )
    assert model.prompts[0].points[0, 0].tolist() == pytest.approx([SIZE / 2] * 3, abs=1.0)
    predictor.predict(Request(clicks=ONE, box=box), previous=answer)
    assert model.prompts[1].points[0, 0].tolist() != model.prompts[0].points[0, 0].tolist()


def test_a_window_without_positive_values_is_noted(model: BrightSegmenter) -> None:
    """SAM-Med3D takes its scale from values above 0."""
    dark = Image(array=BALL.array - 2000, grid=GRID)
    answer = looking(model, dark).predict(Request(clicks=ONE))
    assert answer.mask.full().any()
    assert any(note.startswith("intensity: ") for note in answer.notes)


def test_progress_is_told_at_every_click(model: BrightSegmenter) -> None:
    """Up to the end."""
    steps: list[tuple[int, int]] = []
    looking(model, BALL).predict(
        Request(clicks=TWO), progress=lambda done, total, _text: steps.append((done, total))
    )
    assert steps == [(1, 2), (2, 2)]


class Coarse(BrightSegmenter):
    """Logits four times as coarse as the window, as the published network has them."""

    def decode(self, embedding: Embedding, prompts: PromptTensors) -> Decoded:
        """The mean of each block of voxels."""
        fine = super().decode(embedding, prompts).logits[:, :1]
        return Decoded(logits=torch.nn.functional.avg_pool3d(fine, 4))


def test_coarse_logits_are_interpolated_before_they_are_thresholded() -> None:
    """A ball from blocks of 6 mm is as large as it was, and round."""
    config = SamConfig(
        family="sam-med3d",
        ndim=3,
        image_channels=1,
        image_size=SIZE,
        point_axes=(0, 1, 2),
        dense_axes=(0, 1, 2),
    )
    mask = looking(Coarse(config), BALL).predict(Request(clicks=ONE)).mask.full()
    truth = BALL.array > 550
    assert 2 * (mask & truth).sum() / (mask.sum() + truth.sum()) > 0.9
    assert (np.abs(np.argwhere(mask).mean(axis=0) - np.argwhere(truth).mean(axis=0)) < 0.5).all()


def test_the_network_itself_is_asked_as_its_authors_ask_it() -> None:
    """A small network with random weights: resample, score, encode, two clicks, interpolate."""
    config = SamConfig(
        family="sam-med3d",
        ndim=3,
        image_channels=1,
        image_size=SIZE,
        width=48,
        depth=4,
        heads=4,
        global_blocks=(1, 3),
        prompt_width=96,
        point_embeddings=2,
        code_waves=("sin", "cos", "sin"),
        point_axes=(0, 1, 2),
        dense_axes=(1, 0, 2),
        relative_positions="sam-med3d",
    )
    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = Segmenter(config).requires_grad_(False).eval()
    grid = Grid(shape=(SIZE,) * 3, affine=np.diag([1.5, 1.5, 1.5, 1.0]))
    volume = np.random.default_rng(2).normal(100, 40, grid.shape).astype(np.float32)
    image = Image(array=volume, grid=grid)
    middle, second = np.array([16.0, 16, 16]), np.array([20.0, 9, 13])
    predictor = CubePredictor(image, network, config, full_history=False)
    clicks = said((tuple(1.5 * middle), True), (tuple(1.5 * second), False))
    found = predictor.predict(Request(clicks=clicks)).mask.full()

    above = volume[volume > 0]
    window = torch.from_numpy((volume - above.mean()) / above.std(ddof=1))[None, None]
    logits = torch.zeros(1, 1, 8, 8, 8)
    embedding = network.encode(window)
    for point, label in ((middle, 1), (second, 0)):
        prompts = PromptTensors(
            points=torch.from_numpy(point).float()[None, None],
            labels=torch.tensor([[label]]),
            previous=logits,
        )
        logits = network.decode(embedding, prompts).logits[:, :1]
    wanted = torch.nn.functional.interpolate(logits, (SIZE,) * 3, mode="trilinear")[0, 0] > 0
    wanted[16, 16, 16], wanted[20, 9, 13] = True, False
    assert wanted.float().mean() not in (0, 1)
    assert (torch.from_numpy(found) != wanted).float().mean() < 1e-3
