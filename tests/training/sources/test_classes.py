"""Tests of vesal.training.sources.classes."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.training.pairs import blob_pair, prepared
from vesal.errors import ConfigError
from vesal.images.normalisation import Normalisation
from vesal.training.case import Case
from vesal.training.sources.classes import Classes

if TYPE_CHECKING:
    from tests.training.sources.conftest import Cases

NAMES = ("liver", "Spleen", "kidney right")
PLAIN = Normalisation(kind="ct", low=-1e6, high=1e6, mean=0.0, deviation=1.0)


def classes(**changes: object) -> Classes:
    """Small patches of the CT's organs."""
    given = {"names": NAMES, "window": (16, 20, 24), "spacing_mm": 3.0, "batch": 3}
    return Classes(**{**given, **changes})  # type: ignore[arg-type]


def numbered(case: Case, names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The image and all its classes at once."""
    part = [slice(0, n) for n in case.grid.shape]
    labels = np.zeros(case.grid.shape, np.uint8)
    with case.opened() as reading:
        for number, name in enumerate(names, 1):
            for at, held in enumerate(case.structures):
                if held.name.casefold() == name.casefold():
                    labels[reading.mask(at, part)] = number
        return reading.values(part).astype(np.float32), labels


def test_a_patch_is_a_part_of_the_image_with_its_numbers(cases: Cases) -> None:
    """Found again in the whole image by its values; a later class lies above an earlier one."""
    case = cases["ct 3 mm"]
    names = ("liver", "kidneys", "kidney right")
    image, labels = numbered(case, names)
    source = classes(names=names).source([case], PLAIN)
    windows = np.lib.stride_tricks.sliding_window_view(image, (16, 20, 24))
    for number in range(3):
        batch = source.batch(number)
        for values, targets in zip(batch.images[:, 0], batch.targets[:, 0], strict=True):
            corner = np.argwhere(windows[..., 0, 0, 0] == values[0, 0, 0])
            (start,) = [c for c in corner if np.array_equal(windows[tuple(c)], values)]
            part = tuple(slice(a, a + n) for a, n in zip(start, values.shape, strict=True))
            np.testing.assert_array_equal(targets, labels[part])
    assert batch.targets.dtype == np.uint8


def test_enough_patches_of_a_batch_are_around_a_class(cases: Cases) -> None:
    """A third at least; all where all are asked for, each class in its turn."""
    source = classes(window=(6, 6, 6), batch=4, foreground=0.5).source([cases["ct 3 mm"]], PLAIN)
    for number in range(6):
        filled = source.batch(number).targets.reshape(4, -1).max(axis=1) > 0
        assert filled[:2].all()
    every = classes(window=(6, 6, 6), batch=3, foreground=1.0, balance=0.0)
    seen = np.concatenate(
        [np.unique(every.source([cases["ct 3 mm"]], PLAIN).batch(n).targets) for n in range(8)]
    )
    assert set(seen) == {0, 1, 2, 3}


def test_batches_are_alike_whatever_was_asked_for_before(cases: Cases) -> None:
    """In any order, and sent to another process; another seed gives others."""
    given = [cases["ct 3 mm"], cases["mr 3 mm"]]
    settings = classes(augmentation="strong")
    rule = settings.normalisation(given)
    source = settings.source(given, rule)
    sent = pickle.loads(pickle.dumps(source))  # noqa: S301
    wanted = [source.batch(number) for number in range(4)]
    for number in (3, 0, 2, 1):
        for other in (sent, source):
            batch = other.batch(number)
            np.testing.assert_array_equal(batch.images, wanted[number].images)
            np.testing.assert_array_equal(batch.targets, wanted[number].targets)
    assert wanted[0].images.shape == wanted[0].targets.shape == (3, 1, 16, 20, 24)
    assert not np.array_equal(
        classes(augmentation="strong", seed=1).source(given, rule).batch(0).images, wanted[0].images
    )


def test_ct_is_scaled_by_what_its_classes_hold(cases: Cases) -> None:
    """Percentiles, mean and deviation of the classes' voxels, close to those of all of them."""
    case = cases["ct 3 mm"]
    image, labels = numbered(case, NAMES)
    values = image[labels > 0]
    rule = classes().normalisation([case])
    assert rule.kind == "ct"
    assert rule.mean == pytest.approx(values.mean(), abs=2)
    assert rule.deviation == pytest.approx(values.std(), rel=0.05)
    assert rule.low == pytest.approx(np.percentile(values, 0.5), abs=15)
    assert rule.high == pytest.approx(np.percentile(values, 99.5), abs=15)
    assert classes().normalisation([case]) == rule


def test_anything_but_ct_is_scaled_by_each_image_itself(cases: Cases) -> None:
    """Also where only some are CT: a model has one rule, and MR values mean nothing by themselves.

    The moments are of the image on its own grid, as they are at use.
    """
    both = [cases["ct 3 mm"], cases["mr 3 mm"]]
    rule = classes().normalisation(both)
    assert rule == Normalisation(kind="zscore")
    settings = classes(names=("liver",), window=(60, 60, 60), batch=1, foreground=0.0)
    batch = settings.source([cases["mr 3 mm"]], rule).batch(0)
    image, _ = numbered(cases["mr"], ("liver",))
    expected = (np.sort(image.ravel()) - image.mean()) / image.std()
    assert batch.images.max() <= expected.max() + 1e-3
    assert abs(batch.images.max() - expected.max()) < 3


def test_ct_that_tells_nothing_is_scaled_by_itself(tmp_path: Path) -> None:
    """Classes of one value have no deviation to scale by."""
    pair = blob_pair(tmp_path, "flat", np.eye(4), (9, 9, 9), flat=True)
    flat = prepared(tmp_path, dataclasses.replace(pair, modality="CT"))
    assert classes(names=("blob",)).normalisation(flat) == Normalisation(kind="zscore")


def test_a_small_image_is_in_the_middle_of_its_patch(cases: Cases) -> None:
    """Dark around it, and of no class there."""
    case = cases["mr 3 mm"]
    depth = case.grid.shape[2]
    settings = classes(names=("liver",), window=(16, 16, depth + 11), batch=1)
    batch = settings.source([case], PLAIN).batch(0)
    dark = np.floor(case.bounds[0])
    beyond = np.r_[0:5, depth + 6 : depth + 11]
    at = 6 if bool((batch.images[0, 0, :, :, 5] == dark).all()) else 5
    outside = [*range(at), *range(at + depth, depth + 11)]
    assert np.unique(batch.images[0, 0][:, :, outside]).tolist() == [dark]
    assert not batch.targets[0, 0][:, :, beyond].any()
    assert batch.targets.any()


def test_pictures_and_volumes_have_windows_of_their_own(cases: Cases) -> None:
    """Two axes: grey of colour pictures; other cases are left out."""
    given = list(cases.values())
    names = tuple(held.name for held in cases["picture 0"].structures)
    settings = classes(names=names, window=(64, 48), batch=2)
    source = settings.source(given, settings.normalisation(given))
    assert len(source.cases) == 3
    batch = source.batch(0)
    assert batch.images.shape == (2, 1, 64, 48)
    assert np.unique(batch.targets).size > 1


def test_a_class_that_no_case_has_is_named(cases: Cases) -> None:
    """With those that there are."""
    with pytest.raises(ConfigError, match=r"classes brain; the 1 cases have kidney right, kidneys"):
        classes(names=("liver", "brain")).source([cases["ct 3 mm"]], PLAIN)
    with pytest.raises(ConfigError, match="no case with 2 axes has the classes liver"):
        classes(names=("liver",), window=(8, 8)).source([cases["ct"]], PLAIN)


@pytest.mark.parametrize(
    "wrong",
    [
        {"names": ()},
        {"names": ("liver", "Liver")},
        {"window": (8,)},
        {"window": (8, 0, 8)},
        {"batch": 0},
        {"foreground": 1.5},
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    """One sentence says what would be right."""
    with pytest.raises(ConfigError, match=r"must|needed"):
        classes(**wrong)


def test_a_normalisation_needs_a_case() -> None:
    """One sentence says so."""
    with pytest.raises(ConfigError, match="at least one prepared case"):
        classes().normalisation([])
