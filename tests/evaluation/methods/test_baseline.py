"""Tests of what all methods without learning keep to: vesal.evaluation.methods.baseline."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.evaluation.methods.clicks import click, dice_after
from tests.grids import RASTERS, UGLY
from tests.phantoms import ball_image, enlarged
from vesal.arrays import MaskArray
from vesal.errors import ImageError, PromptError
from vesal.evaluation.method import Method, Trial
from vesal.evaluation.methods.choose import BASELINES
from vesal.evaluation.metrics import dice
from vesal.geometry import Grid
from vesal.geometry.patch import Patch
from vesal.images import Image, open_image
from vesal.prompts import Box, Lasso, MaskPrompt, Scribble

DATA = Path(__file__).parents[2] / "data"
every = pytest.mark.parametrize("kind", list(BASELINES))
SEEING = [kind for kind in BASELINES if kind != "ball"]  # those that look at values


@cache
def lesion() -> tuple[Image, MaskArray]:
    """The MR of a brain, and its lesion."""
    labels = open_image(DATA / "brain1_label.nrrd").array
    return open_image(DATA / "brain1_image.nrrd"), labels > 0


@cache
def nucleus() -> tuple[Image, MaskArray]:
    """The stack of nuclei, and its largest one."""
    labels = open_image(DATA / "mask3d.tif").array
    largest = int(np.argmax(np.bincount(labels.ravel())[1:])) + 1
    return open_image(DATA / "img3d.tif"), labels == largest


@every
def test_it_is_a_method_of_the_protocol(kind: str) -> None:
    """Its trials too; two of one kind have one identity, whatever they are called."""
    method = BASELINES[kind]("floor")
    assert isinstance(method, Method)
    assert isinstance(method.begin(nucleus()[0]), Trial)
    assert method.name == "floor"
    assert method.identity == BASELINES[kind](kind).identity
    assert "mask" not in method.prompts


# measured: 0.49, 0.70, 0.65, 0.60 and 0.24, 0.43, 0.75, 0.78
@pytest.mark.parametrize(
    ("kind", "brain", "cell"),
    [
        ("ball", 0.3, 0.1),
        ("region-growing", 0.4, 0.25),
        ("geodesic", 0.3, 0.4),
        ("random-walker", 0.3, 0.4),
    ],
)
def test_three_clicks_find_more_than_chance(kind: str, brain: float, cell: float) -> None:
    """A lesion in a brain, and a nucleus among many, in the middle of the largest error."""
    method = BASELINES[kind](kind)
    assert dice_after(method, *lesion(), 3) > brain
    assert dice_after(method, *nucleus(), 3) > cell


@pytest.mark.parametrize("kind", SEEING)
def test_storage_order_does_not_matter(kind: str) -> None:
    """The same stack with axes swapped and turned round has the same mask, where it then lies."""
    image, target = nucleus()
    order, flip = (2, 0, 1), (slice(None, None, -1), slice(None), slice(None, None, -1))
    affine = image.grid.affine.copy()
    affine[:-1, :-1] = affine[:-1, order]
    array = image.array.transpose(order)[flip]
    for axis in (0, 2):
        affine[:-1, -1] += affine[:-1, axis] * (array.shape[axis] - 1)
        affine[:-1, axis] *= -1
    other = Image(array=array, grid=Grid(shape=array.shape, affine=affine))
    inside = np.argwhere(target).mean(axis=0).round().astype(int)
    clicks = [
        click(image.grid, tuple(inside.tolist())),
        click(image.grid, (3, 4, 5), positive=False),
    ]
    method = BASELINES[kind](kind)
    first = method.begin(image).add(clicks)
    second = method.begin(other).add(clicks)
    assert first.any()
    assert dice(second, first.transpose(order)[flip]) > 0.98


@every
def test_clicks_are_obeyed_on_every_grid(kind: str) -> None:
    """The positive ones are inside and the negative ones outside, one by one, in 2D and 3D."""
    grids = [enlarged(UGLY[name], 6) for name in ("oblique permuted", "single slice", "sheared")]
    for grid in (*grids, UGLY["tiny"], *RASTERS.values()):
        centre = grid.to_world((np.array([grid.shape]) - 1) / 2)[0]
        radius = 0.3 * max(n * s for n, s in zip(grid.shape, grid.spacing_mm, strict=True))
        image = ball_image(grid, tuple(centre.tolist()), radius, noise=20)
        rng = np.random.default_rng(1)
        trial = BASELINES[kind](kind).begin(image)
        said: dict[tuple[int, ...], bool] = {}
        for number in range(4):
            voxel = tuple(int(i) for i in rng.integers(0, grid.shape))
            if voxel in said:
                continue
            said[voxel] = number != 1
            mask = trial.add([click(grid, voxel, positive=said[voxel])])
            assert mask.shape == grid.shape
            assert all(mask[voxel] == positive for voxel, positive in said.items())


@every
def test_boxes_scribbles_and_lassos_are_kept_to(kind: str) -> None:
    """Nothing beyond the box; what is scribbled is inside, or outside; a lasso limits its slice."""
    image, target = nucleus()
    grid = image.grid
    low, high = np.argwhere(target).min(axis=0), np.argwhere(target).max(axis=0)
    box = Box.of_voxels(grid, tuple(low.tolist()), tuple(high.tolist()))
    part = tuple(slice(a, b + 1) for a, b in zip(low, high, strict=True))
    beyond = np.ones(grid.shape, np.bool_)
    beyond[part] = False
    trial = BASELINES[kind](kind).begin(image)
    boxed = trial.add([box])
    assert boxed[part].any()
    assert not boxed[beyond].any()
    line, away = np.zeros_like(target), np.zeros_like(target)
    middle = ((low + high) // 2).tolist()
    line[middle[0] - 1 : middle[0] + 2, middle[1], middle[2]] = True
    away[part[0], low[1], middle[2]] = True
    drawn = [Scribble.of_voxels(grid, line), Scribble.of_voxels(grid, away, positive=False)]
    mask = trial.add(drawn)
    assert mask[line].all()
    assert not mask[away].any()
    corners = [(a, b, middle[2]) for a, b in ((-2, -2), (2, -2), (2, 2), (-2, 2))]
    at = [(middle[0] + a, middle[1] + b, c) for a, b, c in corners]
    outline = tuple(tuple(p) for p in grid.to_world(np.array(at, np.float64)).tolist())
    mask = BASELINES[kind](kind).begin(image).add([Lasso(outline_mm=outline)])
    slab = np.argwhere(mask[:, :, middle[2]])
    assert len(slab)
    assert (np.abs(slab - middle[:2]) <= 2).all()


def test_a_mask_to_begin_with_is_ignored() -> None:
    """Alone it gives nothing; beside a click it changes nothing."""
    image, target = nucleus()
    begun = MaskPrompt(patch=Patch.of(target))
    inside = click(image.grid, tuple(int(i) for i in np.argwhere(target)[99]))
    method = BASELINES["geodesic"]("geodesic")
    trial = method.begin(image)
    assert not trial.add([begun]).any()
    np.testing.assert_array_equal(trial.add([inside]), method.begin(image).add([inside]))


def test_objects_of_one_image_know_nothing_of_each_other() -> None:
    """Two trials that take turns are as two trials one after the other."""
    image, target = nucleus()
    method = BASELINES["random-walker"]("w")
    voxels = [tuple(int(i) for i in v) for v in np.argwhere(target)[[50, 300]]]
    alone = [method.begin(image).add([click(image.grid, voxel)]) for voxel in voxels]
    trials = [method.begin(image) for _ in voxels]
    together = [t.add([click(image.grid, v)]) for t, v in zip(trials, voxels, strict=True)]
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_colours_are_seen_as_their_luminance() -> None:
    """A colour raster has the mask of its grey one."""
    rng = np.random.default_rng(0)
    array = rng.integers(0, 60, (40, 50, 3)).astype(np.uint8)
    array[10:30, 15:35, 1] += 180
    grid = Grid(shape=(40, 50), affine=RASTERS["pixels"].affine)
    colour = Image(array=array, grid=grid)
    grey = Image(array=colour.grey(), grid=grid)
    for kind in BASELINES:
        method = BASELINES[kind](kind)
        grey_mask = method.begin(grey).add([click(grid, (20, 25))])
        assert grey_mask.any()
        np.testing.assert_array_equal(method.begin(colour).add([click(grid, (20, 25))]), grey_mask)


def test_what_cannot_be_answered_is_refused_in_a_sentence() -> None:
    """A plain image, and a click beside it."""
    grid = RASTERS["detector"]
    plain = Image(array=np.full(grid.shape, 7, np.int16), grid=grid)
    with pytest.raises(ImageError, match="same value"):
        BASELINES["ball"]("ball").begin(plain)
    image = Image(array=np.arange(grid.size).reshape(grid.shape).astype(np.int16), grid=grid)
    with pytest.raises(PromptError, match="outside the image"):
        BASELINES["ball"]("ball").begin(image).add([click(grid, (99, 1))])
