"""How each 2D family is asked, and which of its answers counts."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.fakes import BrightSegmenter, bright_segmenter
from tests.grids import RASTERS
from tests.phantoms import ball_image
from vesal.geometry import Grid
from vesal.inference.habits import HABITS
from vesal.inference.slice_reader import Reading, SliceReader
from vesal.models.promptable import Decoded, Embedding, PromptTensors

GRID = Grid(shape=(60, 80), affine=RASTERS["pixels"].affine)
IMAGE = ball_image(GRID, (50.0, 20.0), 8.0)  # x, y
CLICK = np.array([[20.0, 50.0]])
CORNERS = np.array([[12.0, 42.0], [28.0, 58.0]])


class Numbered(BrightSegmenter):
    """Mask number n is n everywhere, so that the chosen one shows."""

    def decode(self, embedding: Embedding, prompts: PromptTensors) -> Decoded:
        """Four masks; number 2 has the best score."""
        decoded = super().decode(embedding, prompts)
        masks = torch.arange(decoded.logits.shape[1], dtype=torch.float32)
        return Decoded(
            logits=masks[None, :, None, None].expand(decoded.logits.shape), scores=decoded.scores
        )


def read(
    model: BrightSegmenter, *, clicks: int = 1, box: bool = False, previous: bool = False
) -> Reading:
    """What a model reads on the image."""
    points = np.repeat(CLICK, clicks, axis=0)
    last = np.full((model.config.mask_size,) * 2, 2.0, np.float32)
    return SliceReader(IMAGE, model, model.config).read(
        0,
        points=points,
        positive=np.ones(clicks, np.bool_),
        corners=CORNERS if box else None,
        previous=last if previous else None,
    )


@pytest.mark.parametrize("family", sorted(HABITS))
def test_a_click_meets_its_pixel(family: str) -> None:
    """The square at the prompted point is bright; the box has the disc in its middle."""
    model = bright_segmenter(family)
    read(model, box=True)
    prompts, square = model.prompts[0], model.images[0][0, 0]
    row, column = (int(v) for v in prompts.points[0, 0].round())
    assert square[row, column] == square.max()
    bright = torch.nonzero(square > (square.min() + square.max()) / 2).double().mean(dim=0)
    assert prompts.boxes is not None
    assert prompts.boxes[0].double().mean(dim=0).numpy() == pytest.approx(bright.numpy(), abs=1.0)


@pytest.mark.parametrize("family", sorted(HABITS))
def test_the_disc_comes_back_to_its_pixels(family: str) -> None:
    """On the page, whatever the family's square is like; MedSAM's slices have their own scale."""
    reading = read(bright_segmenter(family, 256))
    wanted = IMAGE.array > 550
    assert reading.page.shape == GRID.shape
    if family != "medsam":
        assert ((reading.page > 0) != wanted).mean() < 0.005


@pytest.mark.parametrize(
    ("family", "alone", "clicks", "box", "again"),
    [
        ("sam", 2, 0, 0, 0),
        ("medsam", 0, 0, 0, 0),
        ("sam-med2d", 2, 2, 2, 2),
        ("ft-sam", 2, 2, 2, 2),
    ],
)
def test_each_family_has_its_own_mask_that_counts(
    family: str, alone: int, clicks: int, box: int, again: int
) -> None:
    """For one click alone, for two, for a box, for one click on a last answer."""
    model = Numbered(bright_segmenter(family).config)
    readings = (
        read(model),
        read(model, clicks=2),
        read(model, clicks=0, box=True),
        read(model, previous=True),
    )
    assert [one.coarse[0, 0] for one in readings] == [alone, clicks, box, again]
    scores = (0.1, 0.2, 0.9, 0.3)
    wanted = [scores[n] for n in (alone, clicks, box, again)]
    assert [one.score for one in readings] == pytest.approx(wanted)


def test_a_model_without_scores_has_one_mask() -> None:
    """SAM-UNet."""
    reading = read(bright_segmenter("sam-unet"))
    assert reading.score is None


@pytest.mark.parametrize(
    ("family", "given"),
    [("sam", 2.0), ("ft-sam", 0.8808), ("sam-med2d", 0.8808), ("medsam", None), ("sam-unet", None)],
)
def test_the_last_answer_is_told_as_the_family_knows_it(family: str, given: float | None) -> None:
    """Logits, probabilities, or not at all."""
    model = bright_segmenter(family)
    read(model, previous=True)
    previous = model.prompts[0].previous
    if given is None:
        assert previous is None
    else:
        assert previous is not None
        assert previous.numpy() == pytest.approx(given, abs=1e-4)


def test_medsam_is_thresholded_after_its_probabilities_are_resized() -> None:
    """Between hardly inside and surely outside, half way is further for probabilities."""

    class Steep(BrightSegmenter):
        def decode(self, embedding: Embedding, prompts: PromptTensors) -> Decoded:
            """Inside on the left, outside on the right."""
            logits = torch.full((1, 4, 2, 2), -30.0)
            logits[..., 0] = 1.0
            return Decoded(logits=logits, scores=torch.zeros(1, 4))

    def inside(family: str) -> NDArray[np.bool_]:
        config = bright_segmenter(family).config
        return np.asarray(read(Steep(config)).page > 0)

    assert inside("sam").mean() == pytest.approx(0.25 + 0.5 * 1 / 31, abs=0.02)
    assert inside("medsam").mean() == pytest.approx(0.25 + 0.5 * 0.231 / 0.731, abs=0.02)


def test_a_slice_that_was_seen_is_not_encoded_again() -> None:
    """However often it is asked; a bound on memory holds for many slices."""
    model = bright_segmenter("sam")
    grid = Grid(shape=(20, 20, 6), affine=np.diag([1.0, 1, 4, 1]))
    image = ball_image(grid, (10.0, 10.0, 12.0), 6.0)
    one = 4 * 3 * model.config.image_size**2
    reader = SliceReader(image, model, model.config, limit_bytes=3 * one)

    def ask(number: int) -> None:
        reader.read(number, points=np.zeros((1, 2)), positive=np.array([True]))

    for number in (0, 0, 1, 2, 0, 1):
        ask(number)
    assert len(model.images) == 3
    for number in (3, 0, 1, 2):
        ask(number)
    assert len(model.images) == 5


@pytest.mark.parametrize("family", sorted(HABITS))
def test_a_given_mask_is_said_as_the_model_would_have(family: str) -> None:
    """Sure logits on the grid of the model's masks."""
    model = bright_segmenter(family)
    logits = SliceReader(IMAGE, model, model.config).given(IMAGE.array > 550)
    assert logits.shape == (model.config.mask_size,) * 2
    assert logits.dtype == np.float32
    assert (logits.min(), logits.max()) == (-6, 6)
