"""Tests of what all methods without learning promise, on real images and ugly grids."""

import numpy as np
import pytest

from tests.evaluation.methods.scenes import BASELINES, corrected, dice, scene, stored_otherwise
from tests.grids import RASTERS, UGLY
from vesal.errors import PromptError
from vesal.evaluation.method import Method, Trial
from vesal.evaluation.methods.choose import method
from vesal.geometry import Grid
from vesal.images import Image
from vesal.images.image import Source
from vesal.prompts import Click, Lasso
from vesal.prompts.place import box_on, click_on, scribble_on

# after three clicks; well below what was measured on 2026-11-27
_FLOORS = {
    ("lesion", "geodesic"): 0.45,  # 0.62
    ("lesion", "random-walker"): 0.3,  # 0.44
    ("lesion", "region-growing"): 0.1,  # 0.19
    ("lesion", "ball"): 0.35,  # 0.49
    ("nucleus", "geodesic"): 0.65,  # 0.78
    ("nucleus", "random-walker"): 0.6,  # 0.74
    ("nucleus", "region-growing"): 0.4,  # 0.57
    ("nucleus", "ball"): 0.45,  # 0.57
    ("cell", "geodesic"): 0.75,  # 0.87
    ("cell", "random-walker"): 0.7,  # 0.84
    ("cell", "region-growing"): 0.2,  # 0.30
    ("cell", "ball"): 0.15,  # 0.21
}


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("place", ["lesion", "nucleus", "cell"])
def test_three_clicks_outline_a_real_object_better_than_a_floor(place: str, name: str) -> None:
    """Dice after three clicks, each in the middle of the worst error."""
    image, truth = scene(place)
    mask = corrected(method(name).begin(image), image, truth, 3)
    assert dice(mask, truth) >= _FLOORS[place, name]


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("grid", [*UGLY.values(), *RASTERS.values()], ids=[*UGLY, *RASTERS])
def test_clicks_are_obeyed_on_any_grid(grid: Grid, name: str) -> None:
    """Each clicked voxel is on the side that was said, and the later word counts."""
    rng = np.random.default_rng(5)
    image = Image(array=rng.integers(-100, 900, grid.shape).astype(np.int16), grid=grid)
    trial = method(name).begin(image)
    said: dict[tuple[int, ...], bool] = {}
    for number in range(5):
        voxel = tuple(int(rng.integers(0, n)) for n in grid.shape)
        positive = number % 2 == 0
        said.pop(voxel, None)
        said[voxel] = positive
        mask = trial.add([click_on(grid, voxel, positive=positive)])
        assert mask.shape == grid.shape
        if any(said.values()):
            assert {v: bool(mask[v]) for v in said} == said
        else:
            assert not mask.any()


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize(
    ("place", "order", "flips"), [("nucleus", (2, 0, 1), (0, 2)), ("cell", (1, 0), (1,))]
)
def test_the_order_of_storage_does_not_matter(
    place: str, order: tuple[int, ...], flips: tuple[int, ...], name: str
) -> None:
    """The same image with its axes permuted and flipped gives nearly the same mask."""
    image, truth = scene(place)
    other = stored_otherwise(image, order, flips)
    other_truth = np.flip(truth.transpose(order), flips)
    first, second = method(name).begin(image), method(name).begin(other)
    points = np.argwhere(truth).mean(axis=0).round().astype(int)
    outside = np.argwhere(~truth)[0]
    for voxel, positive in ((points, True), (outside, False)):
        click = click_on(image.grid, tuple(voxel.tolist()), positive=positive)
        mask, moved = first.add([click]), second.add([click])
    assert moved.shape == other_truth.shape
    # faces of the window on voxel borders, and a solver that stops early, leave a few voxels
    assert dice(np.flip(mask.transpose(order), flips), moved) > 0.97


@pytest.mark.parametrize("name", ["geodesic", "random-walker"])
@pytest.mark.parametrize("place", ["nucleus", "cell"])
def test_a_box_limits_and_starts(place: str, name: str) -> None:
    """Without a click there is a mask already, and none of it is out of the box."""
    image, truth = scene(place)
    where = np.argwhere(truth)
    low, high = where.min(axis=0), where.max(axis=0) + 1
    trial = method(name).begin(image)
    mask = trial.add([box_on(image.grid, (tuple(low.tolist()), tuple(high.tolist())))])
    found = np.argwhere(mask)
    assert (found >= low).all()
    assert (found < high).all()
    assert dice(mask, truth) > 0.5


@pytest.mark.parametrize("name", ["geodesic", "random-walker"])
def test_a_click_outside_widens_the_box(name: str) -> None:
    """A positive click beside the box is in the mask, and the box holds it then."""
    image, truth = scene("cell")
    where = np.argwhere(truth)
    low, high = where.min(axis=0), where.max(axis=0) + 1
    middle = tuple(((low + high) // 2).tolist())
    half = (middle[0], int(high[1]))
    trial = method(name).begin(image)
    before = trial.add([box_on(image.grid, (tuple(low.tolist()), half))])
    below = (int(high[0]) - 3, middle[1])
    mask = trial.add([click_on(image.grid, below, positive=True)])
    assert not before[below]
    assert dice(mask, truth) > dice(before, truth)
    assert mask[middle[0] + 1 : below[0]].any()


@pytest.mark.parametrize("name", ["geodesic", "random-walker"])
def test_a_box_on_a_slice_says_nothing_of_others(name: str) -> None:
    """On its slice the mask stays in the box; there are voxels on other slices too."""
    image, truth = scene("nucleus")
    number = int(np.argmax(truth.sum(axis=(0, 1))))
    where = np.argwhere(truth[:, :, number])
    low, high = where.min(axis=0), where.max(axis=0) + 1
    box = box_on(image.grid, ((*low.tolist(), number), (*high.tolist(), number + 1)))
    mask = method(name).begin(image).add([box])
    found = np.argwhere(mask[:, :, number])
    assert (found >= low).all()
    assert (found < high).all()
    assert mask[:, :, number - 1].any()


@pytest.mark.parametrize("name", ["geodesic", "random-walker"])
def test_a_scribble_is_many_clicks(name: str) -> None:
    """All voxels drawn over are obeyed, and help more than one of them."""
    image, truth = scene("nucleus")
    number = int(np.argmax(truth.sum(axis=(0, 1))))
    row = int(np.argmax(truth[:, :, number].sum(axis=1)))
    drawn = [(row, int(c), number) for c in np.flatnonzero(truth[row, :, number])[1:-1]]
    out = [tuple(int(i) for i in v) for v in np.argwhere(~truth)[:5]]
    trial = method(name).begin(image)
    one = trial.add([click_on(image.grid, drawn[0], positive=True)])
    mask = trial.add(
        [
            scribble_on(image.grid, drawn, positive=True),
            scribble_on(image.grid, out, positive=False),
        ]
    )
    assert all(mask[voxel] for voxel in drawn)
    assert not any(mask[voxel] for voxel in out)
    assert dice(mask, truth) > dice(one, truth)


@pytest.mark.parametrize("name", BASELINES)
def test_an_image_without_contrast_and_a_coloured_one_are_answered(name: str) -> None:
    """Nothing to go by is no error; colour counts as grey."""
    grid = RASTERS["placed"]
    flat = Image(array=np.zeros(grid.shape, np.int16), grid=grid)
    click = click_on(grid, (3, 4), positive=True)
    assert method(name).begin(flat).add([click])[3, 4]
    grey = np.random.default_rng(2).integers(0, 255, grid.shape).astype(np.uint8)
    source = Source(format="PNG", spacing_known=False)
    plain = Image(array=grey, grid=grid, source=source)
    colour = Image(array=np.stack([grey] * 3, axis=-1), grid=grid, source=source)
    first, second = (method(name).begin(one).add([click]) for one in (plain, colour))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("name", BASELINES)
def test_a_prompt_that_cannot_be_answered_leaves_the_trial_as_it_was(name: str) -> None:
    """A click outside the image and a lasso are refused in a sentence."""
    image, truth = scene("cell")
    trial = method(name).begin(image)
    voxel = tuple(np.argwhere(truth)[0].tolist())
    before = trial.add([click_on(image.grid, voxel, positive=True)])
    with pytest.raises(PromptError, match=r"the click at \(-5, 3\) mm lies outside the image"):
        trial.add([Click(point_mm=(-5.0, 3.0))])
    with pytest.raises(PromptError, match="got a Lasso"):
        trial.add([Lasso(outline_mm=((1, 1), (5, 1), (5, 5)))])
    np.testing.assert_array_equal(trial.add([]), before)


@pytest.mark.parametrize("name", BASELINES)
def test_baselines_are_methods_that_can_be_named(name: str) -> None:
    """They are known by their name, take another, and do not say how sure they are."""
    found = method(f"other={name}")
    assert isinstance(found, Method)
    assert found.name == "other"
    assert method(name).name == name
    assert found.identity == method(name).identity
    trial = found.begin(scene("cell")[0])
    assert isinstance(trial, Trial)
    assert trial.stability is None
    assert "point" in found.prompts
