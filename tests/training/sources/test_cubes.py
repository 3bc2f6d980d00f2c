"""Tests of vesal.training.sources.cubes."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import SimpleITK

from tests.training.pairs import SCANS, blob_pair, prepared
from vesal.errors import ConfigError, ImageError
from vesal.training.case import Case
from vesal.training.sources.cubes import Cubes, CubeSource

if TYPE_CHECKING:
    from tests.training.sources.conftest import Cases

SIDE = 40


def cubes(**changes: object) -> Cubes:
    """Small ones, without changes of the image."""
    given = {"side": SIDE, "spacing_mm": 3.0, "batch": 2, "augmentation": "off"}
    return Cubes(**{**given, **changes})  # type: ignore[arg-type]


def coarse(cases: Cases) -> list[Case]:
    """Those on a lattice of 3 mm."""
    return [case for name, case in cases.items() if name.endswith("3 mm")]


def by_simple_itk(numbers: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The published crop of the CT, whose voxels are 3 mm and RAS already, by another library."""
    image = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(SCANS / "example_ct.nii.gz")).T
    label = SimpleITK.GetArrayFromImage(
        SimpleITK.ReadImage(SCANS / "example_seg_fast_force_split.nii.gz")
    ).T
    mask = np.isin(label, numbers)
    part = []
    for axis in range(3):
        inside = np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis})))
        middle = (inside[0] + inside[-1] + 1) / 2
        if middle != int(middle):
            middle -= 0.5  # TorchIO's rule, for an even side
        part.append(slice(int(middle) - SIDE // 2 + 50, int(middle) + SIDE // 2 + 50))
    values = np.clip(image.astype(float), -1000, 1000)
    values = np.pad(values, 50)[tuple(part)]
    seen = values[values > 0]
    return (values - seen.mean()) / seen.std(ddof=1), np.pad(mask, 50)[tuple(part)]


def test_a_cube_is_the_published_crop_around_its_structure(cases: Cases) -> None:
    """Middle of the box, 0 outside, CT cut, then voxels above 0 set the scale."""
    source = cubes(batch=1).source([cases["ct 3 mm"]])
    numbers = {"spleen": (1,), "kidney right": (2,), "liver": (5,), "kidneys": (2, 3)}
    found = {}
    for number in range(source.batches):
        batch = source.batch(number)
        for name, values in numbers.items():
            image, mask = by_simple_itk(values)
            if np.array_equal(batch.targets[0, 0], mask):
                # The file's axes lie along RAS as far as its header is exact.
                np.testing.assert_allclose(batch.images[0, 0], image, atol=0.02)
                found[name] = True
    assert set(found) == set(numbers)


def test_batches_are_alike_whatever_was_asked_for_before(cases: Cases) -> None:
    """In any order, in another object and sent to another process; another seed gives others."""
    settings = cubes(augmentation="strong", shift=5)
    source = settings.source(coarse(cases))
    sent: CubeSource = pickle.loads(pickle.dumps(source))  # noqa: S301
    wanted = [source.batch(number) for number in range(4)]
    for number in (3, 0, 2, 1):
        for other in (sent, source):
            batch = other.batch(number)
            np.testing.assert_array_equal(batch.images, wanted[number].images)
            np.testing.assert_array_equal(batch.targets, wanted[number].targets)
    other = cubes(augmentation="strong", shift=5, seed=1).source(coarse(cases))
    assert not np.array_equal(other.batch(0).images, wanted[0].images)
    assert wanted[0].images.shape == wanted[0].targets.shape == (2, 1, SIDE, SIDE, SIDE)


def test_a_shifted_cube_holds_its_structure_whole(cases: Cases) -> None:
    """Where the box is smaller than the cube, and the place does change."""
    case = cases["ct 3 mm"]
    source = cubes(batch=1, shift=50).source([case])
    sizes = {held.voxels for held in case.structures if max(held.shape) <= SIDE}
    places: dict[int, set[tuple[int, ...]]] = {}
    for number in range(24):
        mask = source.batch(number).targets[0, 0]
        first = tuple(int(a.min()) for a in np.nonzero(mask))
        places.setdefault(int(mask.sum()), set()).add(first)
    assert sizes <= set(places)
    assert all(len(places[size]) > 1 for size in sizes)


def test_small_structures_are_left_out_by_what_the_cube_shows(cases: Cases) -> None:
    """The published loader counts after the crop; the MR liver is larger than a cube of 16."""
    case = cases["mr 3 mm"]
    (held,) = case.structures
    assert max(held.shape) > 16
    source = cubes(side=16, least_voxels=1, batch=1).source([case])
    seen = int(source.batch(0).targets.sum())
    assert 0 < seen < held.voxels
    cubes(side=16, least_voxels=seen).source([case])
    with pytest.raises(ConfigError, match="got none among 1 structures of 1 volumes; lower least"):
        cubes(side=16, least_voxels=seen + 1).source([case])


def test_a_large_structure_is_the_same_with_and_without_a_shift(cases: Cases) -> None:
    """It fills the cube; a shift could only lose it."""
    case = cases["mr 3 mm"]
    still, moved = (
        cubes(side=16, least_voxels=1, batch=1, shift=n).source([case]).batch(0) for n in (0, 9)
    )
    assert still.targets.shape == moved.targets.shape
    long = [axis for axis, n in enumerate(case.structures[0].shape) if n > 16]
    assert long
    for axis in long:  # the other axes have room, and may have moved
        other = tuple({2, 3, 4} - {axis + 2})
        seen = [int(batch.targets.any(axis=other).sum()) for batch in (still, moved)]
        assert seen == [16, 16]


def test_joint_normalisation_scales_a_batch_at_once(cases: Cases) -> None:
    """As the published training does by accident; each cube by itself otherwise."""
    apart = cubes().source(coarse(cases)).batch(0).images
    joint = cubes(joint_normalisation=True).source(coarse(cases)).batch(0).images
    for one, other in zip(apart, joint, strict=True):
        slope, shift = np.polyfit(one.ravel(), other.ravel(), 1)
        np.testing.assert_allclose(other, slope * one + shift, atol=1e-3)
        assert abs(slope - 1) > 1e-3
    seen = joint.mean()  # of all voxels; those above 0 have mean 0
    assert seen < 0


def test_data_sets_are_drawn_by_the_chances_that_are_told(cases: Cases) -> None:
    """Three structures of one set, one of another: alike at balance 0."""
    source = cubes(balance=0.0, batch=3, least_voxels=500).source(coarse(cases))
    sets = np.array([source.cases[which].dataset for which, _ in source.targets])
    names = set(sets)
    for name in names:
        assert source.chances[sets == name].sum() == pytest.approx(1 / len(names))


def test_ct_is_cut_and_nothing_else_is(cases: Cases) -> None:
    """By the modality that the data set names."""
    narrow = cubes(batch=1, clamp_ct=(0.0, 10.0))
    ct = narrow.source([cases["ct 3 mm"]]).batch(0).images
    mr = narrow.source([cases["mr 3 mm"]]).batch(0).images
    plain = cubes(batch=1, clamp_ct=(0.0, 0.0)).source([cases["mr 3 mm"]]).batch(0).images
    assert len(np.unique(ct)) <= 11
    np.testing.assert_array_equal(mr, plain)


def test_a_cube_of_one_value_is_drawn_anew(tmp_path: Path, cases: Cases) -> None:
    """It shows nothing; where all are so, a sentence says it."""
    flat, *_ = prepared(tmp_path, blob_pair(tmp_path, "flat", np.eye(4), (9, 9, 9), flat=True))
    small = cubes(batch=4, least_voxels=1, balance=0.0)
    batch = small.source([flat, cases["mr 3 mm"]]).batch(0)
    assert (np.ptp(batch.images, axis=(1, 2, 3, 4)) > 0).all()
    with pytest.raises(ImageError, match=r"20 cubes, the last of flat, are of one value each"):
        small.source([flat]).batch(0)


def test_pictures_are_left_out(cases: Cases) -> None:
    """They have no third axis; where there is nothing else a sentence says so."""
    with pytest.raises(ConfigError, match="among 0 structures of 0 volumes"):
        cubes().source([cases["picture 0"]])


@pytest.mark.parametrize(
    "wrong",
    [{"side": 0}, {"batch": 0}, {"least_voxels": 0}, {"shift": -1}, {"clamp_ct": (1.0, 0.0)}],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    """One sentence says what would be right."""
    with pytest.raises(ConfigError, match="must be at least 1"):
        cubes(**wrong)
