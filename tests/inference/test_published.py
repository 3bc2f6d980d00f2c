"""The published models at full size with the golden weights, asked as their predictors ask them.

SAM at 1024 is not here, for its encoder takes too long; it takes the same path.
"""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.goldens import arrays, golden_network, record
from tests.grids import RASTERS
from vesal.geometry import Grid
from vesal.images import Image
from vesal.inference.fit import Fit
from vesal.inference.slice_reader import Reading, SliceReader
from vesal.models.promptable import Promptable
from vesal.models.sam_config import SamConfig

ATOL = 1e-4
NO_POINT = np.zeros((0, 2))


def reader_of(picture: NDArray[np.uint8], network: Promptable) -> SliceReader:
    """A model looking at a picture of red, green and blue."""
    grid = Grid(shape=picture.shape[:2], affine=RASTERS["pixels"].affine)
    config = network.config
    assert isinstance(config, SamConfig)
    return SliceReader(Image(array=picture, grid=grid), network, config)


@pytest.fixture(scope="module")
def med2d() -> SliceReader:
    """SAM-Med2D, looking at the golden picture of 300 rows and 200 columns."""
    picture = np.random.default_rng(0).integers(0, 256, (300, 200, 3), dtype=np.uint8)
    return reader_of(picture, golden_network("sam-med2d"))


def assert_as_golden(reading: Reading, case: str) -> None:
    """Low-res logits, logits on the picture and the predicted IoU are the reference's."""
    golden = arrays("sam_med2d/predictor")
    facts: dict[str, Any] = record("sam_med2d/predictor")[case]
    assert reading.coarse == pytest.approx(golden[f"{case}__lowres"][0], abs=ATOL)
    assert reading.score == pytest.approx(facts["iou"][0], abs=ATOL)
    stats = facts["logits"]
    assert reading.page.ravel()[stats["idx"]] == pytest.approx(np.array(stats["val"]), abs=ATOL)
    assert float(reading.page.mean()) == pytest.approx(stats["mean"], abs=ATOL)


def test_sam_med2d_answers_clicks_as_its_predictor_does(med2d: SliceReader) -> None:
    """The best of its three masks; the number of pixels inside is the same."""
    points, sides = np.array([[120.0, 100.0], [250.0, 30.0]]), np.array([True, False])
    reading = med2d.read(0, points=points, positive=sides)
    assert_as_golden(reading, "points_multi")
    inside = record("sam_med2d/predictor")["points_multi"]["foreground_pixels"]
    assert np.count_nonzero(reading.page > 0) == pytest.approx(inside, abs=2)


@pytest.mark.parametrize(("clicks", "case"), [(0, "box_multi"), (1, "box_point_multi")])
def test_sam_med2d_answers_a_box_as_its_predictor_does(
    med2d: SliceReader, clicks: int, case: str
) -> None:
    """Alone and with a click."""
    points, sides = np.array([[120.0, 100.0]]), np.array([True])
    corners = np.array([[40.0, 20.0], [260.0, 150.0]])
    reading = med2d.read(0, points=points[:clicks], positive=sides[:clicks], corners=corners)
    assert_as_golden(reading, case)


def test_sam_med2d_is_told_its_last_answer_as_probabilities(med2d: SliceReader) -> None:
    """The second of two rounds; with logits the reference gives another mask."""
    points, sides = np.array([[120.0, 100.0], [250.0, 30.0]]), np.array([True, False])
    first = med2d.read(0, points=points[:1], positive=sides[:1])
    facts = record("sam_med2d/predictor")["second_round_sigmoid_mask"]
    assert first.score == pytest.approx(facts["first_iou"][0], abs=ATOL)
    second = med2d.read(0, points=points, positive=sides, previous=first.coarse)
    assert_as_golden(second, "second_round_sigmoid_mask")


def test_sam_unet_answers_boxes_and_clicks_as_its_model_does() -> None:
    """Two boxes on a broad picture, then a box with a click on a high one."""
    golden = arrays("sam_unet/infer_res34")
    network = golden_network("sam-unet-34")
    rng = np.random.default_rng(2)
    pictures = [rng.integers(0, 256, shape) for shape in ((3, 192, 256), (3, 256, 171))]
    for name, original, boxes, points in (
        ("0", (300, 400), [(40, 60, 210, 190), (20, 10, 90, 100)], NO_POINT),
        ("1", (512, 342), [(30, 20, 200, 120)], np.array([[90.0, 60.0]])),
    ):
        picture = np.ascontiguousarray(pictures[int(name)].transpose(1, 2, 0)).astype(np.uint8)
        reader = reader_of(picture, network)
        shape = tuple(int(n) for n in golden[f"{name}.masks_shape"])
        masks = np.unpackbits(golden[f"{name}.masks_packed"], count=math.prod(shape)).reshape(shape)
        rows, columns = picture.shape[:2]
        whole = Fit(shape=original, inner=(rows, columns), start=(0, 0), size=256)
        for box, logits, mask in zip(boxes, golden[f"{name}.low_res_logits"], masks, strict=True):
            corners = np.array(box, np.float64).reshape(2, 2)
            sides = np.ones(len(points), np.bool_)
            reading = reader.read(0, points=points, positive=sides, corners=corners)
            assert reading.coarse == pytest.approx(logits[0], abs=2 * ATOL)
            assert np.count_nonzero((whole.from_square(reading.coarse) > 0) != mask[0]) < 5
