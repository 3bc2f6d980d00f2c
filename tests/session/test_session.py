"""A session: prompts one after the other, the mask that follows, and what is refused."""

import numpy as np
import pytest

from tests.fakes import BrightModel, bright_segmenter
from tests.grids import UGLY
from tests.phantoms import ball_image, enlarged
from vesal.errors import ConfigError, ImageError, PromptError
from vesal.geometry import Grid
from vesal.images import Image
from vesal.prompts import Box, Click
from vesal.session import Session

GRID = Grid(shape=(40, 36, 30), affine=np.diag([2.0, 2, 3, 1]))
CENTRE = (40.0, 36.0, 45.0)


@pytest.fixture
def model() -> BrightModel:
    """A model that takes what is bright."""
    return BrightModel()


@pytest.fixture
def session(model: BrightModel) -> Session:
    """A session on a bright ball of 15 mm."""
    return Session(ball_image(GRID, CENTRE, 15.0), model)


def test_the_mask_is_empty_before_the_first_prompt(session: Session) -> None:
    """Nothing said, nothing segmented."""
    assert not session.mask.array.any()


def test_the_mask_lies_on_the_grid_of_the_image(session: Session) -> None:
    """Same shape, same affine, same source."""
    mask = session.click(CENTRE)
    assert mask.grid.same_as(session.image.grid, tolerance=0.0)
    assert mask.source is session.image.source


def test_a_second_click_in_the_same_window_does_not_encode_again(
    session: Session, model: BrightModel
) -> None:
    """Encode once, decode for each click."""
    session.click(CENTRE)
    before = model.encoded
    session.click((46.0, 36.0, 45.0))
    assert model.encoded == before


def test_the_next_click_is_shown_the_last_answer(session: Session, model: BrightModel) -> None:
    """The model gets the previous logits and all clicks so far."""
    session.click(CENTRE)
    session.click((46.0, 36.0, 45.0))
    last = model.prompts[-1]
    assert last.previous is not None
    assert last.labels.tolist() == [[1, 1]]


def test_a_positive_voxel_is_inside_and_a_negative_one_outside_whatever_the_model_says(
    session: Session,
) -> None:
    """The user is right."""
    dark, bright = (10.0, 10.0, 12.0), (44.0, 36.0, 45.0)
    session.click(CENTRE)
    session.click(dark)
    mask = session.click(bright, positive=False)
    voxel = np.round(GRID.to_index(np.array([dark, bright, CENTRE]))).astype(int)
    assert [bool(mask.array[tuple(v)]) for v in voxel] == [True, False, True]


def test_a_click_between_voxels_holds_the_voxel_it_lies_in(session: Session) -> None:
    """Also at the very face of the image."""
    mask = session.click((-0.99, 36.0, 45.0))
    assert mask.array[0, 18, 15]


def test_what_is_not_joined_to_a_positive_click_is_left_out(model: BrightModel) -> None:
    """Two balls, one click, one ball."""
    one, two = ball_image(GRID, (20.0, 36.0, 45.0), 9.0), ball_image(GRID, (60.0, 36.0, 45.0), 9.0)
    image = Image(array=np.maximum(one.array, two.array), grid=GRID)
    mask = Session(image, model).click((20.0, 36.0, 45.0))
    assert mask.array[10, 18, 15]
    assert not mask.array[30, 18, 15]


def test_a_box_is_translated_limits_the_mask_and_says_so(session: Session) -> None:
    """Window, centre click and limit; the note names the translation."""
    mask = session.box((30.0, 30.0, 40.0), (45.0, 45.0, 60.0))
    assert mask.array.any()
    inside = GRID.to_world(np.argwhere(mask.array).astype(np.float64))
    assert (inside >= np.array([30, 30, 40])).all()
    assert (inside <= np.array([45, 45, 60])).all()
    assert "box" in session.notes[0]


def test_several_prompts_at_once_are_one_answer(session: Session) -> None:
    """Box and clicks mix."""
    mask = session.add(
        Box(low_mm=(20.0, 16.0, 20.0), high_mm=(60.0, 56.0, 70.0)),
        Click(point_mm=CENTRE),
        Click(point_mm=(22.0, 18.0, 24.0), positive=False),
    )
    assert mask.array[20, 18, 15]
    assert len(session.prompts) == 3


def test_a_point_outside_is_refused_with_distance_and_range(session: Session) -> None:
    """How far, and what would be valid."""
    with pytest.raises(PromptError, match=r"9\.0 mm outside.*x -1\.0 to 79\.0") as refused:
        session.click((88.0, 36.0, 45.0))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("first", "second"),
    [(CENTRE, (40.3, 36.2, 45.4)), ((10.0, 10.0, 12.0), (10.0, 10.0, 12.0))],
)
def test_one_voxel_clicked_both_ways_is_refused_and_the_session_stays(
    session: Session, first: tuple[float, ...], second: tuple[float, ...]
) -> None:
    """A voxel cannot be inside and outside; what there was is kept."""
    before = session.click(first).array.copy()
    with pytest.raises(PromptError, match="both as inside and as outside"):
        session.click(second, positive=False)
    assert len(session.prompts) == 1
    assert np.array_equal(session.mask.array, before)


def test_a_negative_click_alone_is_refused(session: Session) -> None:
    """It does not say what to segment."""
    with pytest.raises(PromptError, match="give a positive click, box"):
        session.click(CENTRE, positive=False)


def test_two_coordinates_in_a_volume_are_refused(session: Session) -> None:
    """The message says how many are needed."""
    with pytest.raises(PromptError, match="needs 3 coordinates, got 2"):
        session.click((1.0, 2.0))


def test_a_box_beside_the_image_is_refused(session: Session) -> None:
    """Nothing to look at."""
    with pytest.raises(PromptError, match="holds no voxel of the image"):
        session.box((200.0, 0.0, 0.0), (220.0, 10.0, 10.0))


def test_a_constant_image_is_refused() -> None:
    """There is nothing to segment in it."""
    image = Image(array=np.full(GRID.shape, 7, np.int16), grid=GRID)
    with pytest.raises(ImageError, match="same value in every voxel"):
        Session(image, BrightModel())


def test_an_unknown_model_is_refused_and_the_known_ones_are_named() -> None:
    """The message helps."""
    with pytest.raises(ConfigError, match="vesal-mini"):
        Session(ball_image(GRID, CENTRE, 9.0), "vesal-maxi")


def test_a_large_object_makes_the_window_wider(model: BrightModel) -> None:
    """An object that fills the image comes out whole from one click."""
    grid = Grid(shape=(120, 110, 100), affine=np.diag([2.0, 2, 2, 1]))
    image = ball_image(grid, (120.0, 110.0, 100.0), 90.0)
    mask = Session(image, model).click((120.0, 110.0, 100.0))
    truth = image.array > 550
    overlap = 2 * (mask.array & truth).sum() / (mask.array.sum() + truth.sum())
    assert overlap > 0.97


def test_a_click_far_from_the_last_window_is_seen(model: BrightModel) -> None:
    """The window moves or widens so that every click is in it."""
    grid = enlarged(UGLY["oblique"], 60)
    far = grid.to_world(np.array([[3.0, 4.0, 5.0], [110.0, 80.0, 50.0]]))
    session = Session(ball_image(grid, tuple(far[0]), 4.0), model)
    session.click(tuple(float(v) for v in far[0]))
    mask = session.click(tuple(float(v) for v in far[1]))
    assert mask.array[3, 4, 5]
    assert mask.array[110, 80, 50]


def test_a_positive_click_outside_the_box_is_refused(session: Session) -> None:
    """The two contradict each other; the session stays as it was."""
    session.click(CENTRE)
    with pytest.raises(PromptError, match="outside the box"):
        session.box((0.0, 0.0, 0.0), (20.0, 20.0, 20.0))
    assert len(session.prompts) == 1


def test_a_click_deep_inside_something_uniform_looks_from_further_away(
    model: BrightModel,
) -> None:
    """A window without contrast has no border in sight."""
    grid = Grid(shape=(200, 240), affine=np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 1]]))
    image = ball_image(grid, (120.0, 100.0), 60.0)
    mask = Session(image, model).click((120.0, 100.0))
    truth = image.array > 550
    assert 2 * (mask.array & truth).sum() / (mask.array.sum() + truth.sum()) > 0.95


def test_a_session_and_its_parts_describe_themselves_in_a_line(session: Session) -> None:
    """No screenful of numbers in a notebook."""
    assert repr(session.image) == "Image(the image, 40 x 36 x 30 RAS, 2 x 2 x 3 mm, float32)"
    assert repr(session.mask) == "Mask(0 voxels of the image, 40 x 36 x 30 RAS, 2 x 2 x 3 mm)"


def test_a_score_is_shown_only_where_it_was_trained(session: Session) -> None:
    """SAM's is; the small model and SAM-Med3D have none that means anything."""
    slices = Session(session.image, bright_segmenter("sam"))
    assert slices.score is None
    slices.click(CENTRE)
    assert slices.score == pytest.approx(0.9)
    for model in (BrightModel(), bright_segmenter("sam-med3d")):
        other = Session(session.image, model)
        other.click(CENTRE)
        assert other.score is None


def test_a_box_is_native_to_models_that_were_trained_on_boxes(session: Session) -> None:
    """No click is made up and nothing is noted; for SAM-Med3D it is emulated, and noted."""
    box = Box(low_mm=(20.0, 16.0, 20.0), high_mm=(60.0, 56.0, 70.0))
    model = bright_segmenter("sam-unet")
    slices = Session(session.image, model)
    assert slices.add(box).array.any()
    assert slices.notes == ()
    assert model.prompts[0].points.shape[1] == 0
    cube = Session(session.image, bright_segmenter("sam-med3d"))
    assert cube.add(box).array.any()
    assert "emulated" in cube.notes[0]


@pytest.mark.parametrize(("full_history", "told"), [(False, [[0]]), (True, [[1, 0]])])
def test_the_full_history_is_told_on_request(
    session: Session, full_history: bool, told: list[list[int]]
) -> None:
    """To a 3D SAM, which else gets the newest click alone."""
    model = bright_segmenter("sam-med3d")
    cube = Session(session.image, model, full_history=full_history)
    cube.click(CENTRE)
    cube.click((10.0, 10.0, 12.0), positive=False)
    assert model.prompts[-1].labels.tolist() == told


def test_an_interrupted_click_leaves_the_session_as_it_was(session: Session) -> None:
    """Ctrl-C between two slices; the next click works."""
    calls: list[str] = []

    def interrupt(done: int, total: int, text: str) -> None:
        calls.append(text)
        if len(calls) == 20:
            raise KeyboardInterrupt

    slices = Session(session.image, bright_segmenter("sam"), progress=interrupt)
    before = slices.click(CENTRE).array
    calls.clear()
    calls.extend("x" * 16)
    with pytest.raises(KeyboardInterrupt):
        slices.click((46.0, 36.0, 45.0))
    assert len(slices.prompts) == 1
    assert np.array_equal(slices.mask.array, before)
    slices.click((46.0, 36.0, 45.0))
    assert len(slices.prompts) == 2


def test_a_picture_for_a_model_of_volumes_is_refused() -> None:
    """When the session opens, not at the first click."""
    grid = Grid(shape=(20, 30), affine=np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 1]]))
    with pytest.raises(ImageError, match="needs a volume"):
        Session(ball_image(grid, (15.0, 10.0), 4.0), bright_segmenter("sam-med3d"))
