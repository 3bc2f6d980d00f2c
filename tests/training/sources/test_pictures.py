"""Tests of vesal.training.sources.pictures."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from vesal.errors import ConfigError
from vesal.images import Image
from vesal.inference.fit import fit_of, square_of
from vesal.inference.habits import HABITS
from vesal.inference.slices import Slices
from vesal.training.case import Case
from vesal.training.sources.pictures import Pictures

if TYPE_CHECKING:
    from tests.training.sources.conftest import Cases


def pictures(**changes: object) -> Pictures:
    """Small ones."""
    given = {"family": "sam-med2d", "size": 64, "batch": 2, "masks": 3}
    return Pictures(**{**given, **changes})  # type: ignore[arg-type]


def whole(case: Case) -> tuple[np.ndarray, list[np.ndarray]]:
    """The image and the masks of a case."""
    part = [slice(0, n) for n in case.grid.shape]
    with case.opened() as reading:
        return reading.values(part), [reading.mask(n, part) for n in range(len(case.structures))]


@pytest.mark.parametrize("family", HABITS)
@pytest.mark.parametrize("name", ["picture 0", "picture 1", "picture 2"])
def test_a_picture_lies_in_the_square_as_it_does_at_use(
    family: str, name: str, cases: Cases
) -> None:
    """To the bit, by the code of inference; masks over half of a pixel after the same resize."""
    case = cases[name]
    array, masks = whole(case)
    fit = fit_of(HABITS[family], case.grid.shape, 128)  # type: ignore[arg-type]
    expected = square_of(Slices(Image(array=array, grid=case.grid)).picture(0), fit, HABITS[family])
    batch = pictures(family=family, size=128, batch=1).source([case]).batch(0)
    np.testing.assert_array_equal(batch.images[0], expected)
    (top, left), (rows, columns) = fit.start, fit.inner
    laid = []
    for mask in masks:
        values = torch.from_numpy(mask.astype(np.float32))[None, None]
        inner = torch.nn.functional.interpolate(values, fit.inner, mode="bilinear")[0, 0].numpy()
        square = np.zeros((128, 128), np.bool_)
        square[top : top + rows, left : left + columns] = inner > 0.5
        laid.append(square)
    for target in batch.targets[0]:
        assert any(np.array_equal(target, square) for square in laid)


@pytest.mark.parametrize("name", ["ct", "mr", "brain"])
def test_slices_of_a_volume_are_shown_as_at_use(name: str, cases: Cases) -> None:
    """Turned as a radiologist sees them, with one rule of grey for the whole volume."""
    case = cases[name]
    array, _ = whole(case)
    slices = Slices(Image(array=array, grid=case.grid))  # axial here: all its slices
    source = pictures(planes=("axial",), batch=1, masks=1, size=48).source([case])
    fit = fit_of(HABITS["sam-med2d"], slices.shape, 48)
    squares = {
        square_of(slices.picture(n), fit, HABITS["sam-med2d"]).tobytes(): n
        for n in range(slices.count)
    }
    for number in range(4):
        batch = source.batch(number)
        at = squares[batch.images[0].tobytes()]
        pages = [slices.page(mask[slices.part(at)].copy()) for mask in whole(case)[1]]
        assert any(
            np.array_equal(fit.to_masks(page, 48) > 0.5, batch.targets[0, 0]) for page in pages
        )


def test_volumes_are_cut_along_all_the_planes_that_are_wanted(cases: Cases) -> None:
    """Each time another one, and every mask is large enough in the square."""
    settings = pictures(batch=1, size=64)
    case = cases["ct"]
    whole_shape = case.grid.shape
    source = settings.source([case])
    seen = set()
    for number in range(20):
        batch = source.batch(number)
        cut = source._slice(case, 0, np.random.default_rng(number))
        seen.add(cut.plane.name)
        assert [s.stop - s.start for s in cut.part].count(1) == 1
        assert max(s.stop for s in cut.part) <= max(whole_shape)
        filled = batch.targets.reshape(3, -1).sum(axis=1)
        assert (filled >= settings.least_share * 64 * 64).all()
    assert seen == {"axial", "coronal", "sagittal"}
    coronal = pictures(planes=("coronal",), batch=1).source([case])
    names = {coronal._slice(case, 0, np.random.default_rng(n)).plane.name for n in range(9)}
    assert names == {"coronal"}


def test_batches_are_alike_whatever_was_asked_for_before(cases: Cases) -> None:
    """In any order, and sent to another process; another seed gives others."""
    given = list(cases.values())
    settings = pictures(augmentation="strong")
    source = settings.source(given)
    sent = pickle.loads(pickle.dumps(source))  # noqa: S301
    wanted = [source.batch(number) for number in range(4)]
    for number in (3, 0, 2, 1):
        for other in (sent, source):
            batch = other.batch(number)
            np.testing.assert_array_equal(batch.images, wanted[number].images)
            np.testing.assert_array_equal(batch.targets, wanted[number].targets)
    again = pictures(augmentation="strong", seed=5).source(given)
    assert not np.array_equal(again.batch(0).images, wanted[0].images)
    assert wanted[0].images.shape == (2, 3, 64, 64)
    assert wanted[0].targets.shape == (2, 3, 64, 64)


def test_masks_are_drawn_with_replacement(cases: Cases) -> None:
    """Five of two, so that some come twice, and both are seen."""
    source = pictures(masks=5, batch=1, size=128).source([cases["picture 0"]])
    kinds = set()
    for number in range(6):
        batch = source.batch(number)
        kinds |= {target.tobytes() for target in batch.targets[0]}
    assert len(kinds) == 2


def test_a_mask_that_vanishes_in_the_square_is_drawn_anew(cases: Cases) -> None:
    """The smaller one of two here; where all vanish a sentence says what to do."""
    case = cases["picture 1"]
    large = max(held.voxels for held in case.structures) / case.grid.size
    small = min(held.voxels for held in case.structures) / case.grid.size
    settings = pictures(family="medsam", least_share=(large + small) / 2, by_structure=False)
    batch = settings.source([case]).batch(0)
    assert len({target.tobytes() for target in batch.targets[0]}) == 1
    with pytest.raises(ConfigError, match="lower least_share or give larger structures"):
        pictures(least_share=0.99).source([case]).batch(0)


def test_pictures_can_be_drawn_without_regard_to_structures(cases: Cases) -> None:
    """As published: each picture once a pass, whatever is in it."""
    source = pictures(by_structure=False, balance=1.0, batch=1, size=128, masks=1).source(
        [cases[f"picture {n}"] for n in range(3)]
    )
    assert source.batches == 3
    assert len({source.batch(n).images.tobytes() for n in range(3)}) == 3
    by_structure = pictures(batch=1).source([cases[f"picture {n}"] for n in range(3)])
    assert by_structure.batches == 6


@pytest.mark.parametrize(
    "wrong",
    [
        {"family": "sam-med3d"},
        {"planes": ()},
        {"planes": ("oblique",)},
        {"masks": 0},
        {"least_share": 1.0},
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    """One sentence says what would be right."""
    with pytest.raises(ConfigError, match="must be"):
        pictures(**wrong)


def test_without_a_case_there_is_nothing_to_show() -> None:
    """One sentence says so."""
    with pytest.raises(ConfigError, match="at least one prepared case"):
        pictures().source([])
