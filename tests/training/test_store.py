"""Tests of vesal.training.store."""

import dataclasses
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.grids import UGLY
from tests.training.pairs import blob_pair, brain_pair, ct_pair, mr_pair, picture_pairs, prepared
from vesal.datasets import LabelFile, Pair, open_pair
from vesal.errors import ConfigError, ResourceError
from vesal.geometry import resample
from vesal.inference.lattice import lattice_of, read_window
from vesal.training import store as module
from vesal.training.case import Case
from vesal.training.store import Preparation, prepare

Job = tuple[Pair, Path]


def whole(case: Case) -> tuple[np.ndarray, list[np.ndarray]]:
    """The image and the masks of a case."""
    part = [slice(0, n) for n in case.grid.shape]
    with case.opened() as reading:
        masks = [reading.mask(n, part) for n in range(len(case.structures))]
        return reading.values(part), masks


def test_a_case_on_its_own_grid_is_what_the_pair_holds(tmp_path: Path) -> None:
    """Real CT, MR and colour pictures: the same voxels, structures, names and grid."""
    for pair in (ct_pair(), mr_pair(), brain_pair(), *picture_pairs(tmp_path / "raw")):
        (case,) = prepared(tmp_path / "cache", pair)
        opened = open_pair(pair)
        image, masks = whole(case)
        np.testing.assert_array_equal(image, opened.image.array)
        assert case.grid.same_as(opened.image.grid, tolerance=0.0)
        assert [held.name for held in case.structures] == [t.name for t in opened.targets]
        for held, mask, target in zip(case.structures, masks, opened.targets, strict=True):
            np.testing.assert_array_equal(mask, target.patch.full())
            assert held.voxels == target.patch.count
        assert case.modality == pair.modality
        assert case.moments.mean == pytest.approx(opened.image.grey().mean(dtype=np.float64))


@pytest.mark.parametrize("name", [n for n in UGLY if n not in ("one voxel", "tiny")])
@pytest.mark.parametrize("antialias", [True, False])
def test_a_resampled_case_is_the_whole_image_resampled(
    name: str, antialias: bool, tmp_path: Path
) -> None:
    """On the lattice that SAM-Med3D sees at use; masks by the nearest voxel, whole against part."""
    grid = UGLY[name]
    pair = blob_pair(tmp_path, "x", grid.affine, grid.shape)
    (case,) = prepared(tmp_path / "c", pair, spacing_mm=0.9, antialias=antialias)
    opened = open_pair(pair)
    array, own = opened.image.array, opened.image.grid
    lattice = lattice_of(own, 0.9)
    assert case.grid.same_as(lattice)
    image, (mask,) = whole(case)
    if antialias:
        fill = float(array.min())
        expected = resample(array, own, lattice, fill=fill, antialias=True)
        np.testing.assert_allclose(image, expected, atol=1.8)  # of 1800
    else:
        np.testing.assert_array_equal(image, read_window(array, own, lattice))
    full = opened.targets[0].patch.full()
    nearest = resample(full, own, lattice, order=0) > 0.5
    # Half-way between voxels, rounding decides.
    assert np.count_nonzero(nearest != mask) <= 0.02 * np.count_nonzero(nearest) + 2


def test_each_case_is_made_once_and_again_when_something_changes(tmp_path: Path) -> None:
    """The files, the meaning of the labels, the preparation; and where it is damaged."""
    raw, cache = tmp_path / "raw", tmp_path / "cache"
    pair = blob_pair(raw, "x", UGLY["oblique"].affine, (9, 8, 7))

    def made(changed: Pair = pair, preparation: Preparation = Preparation()) -> Path:  # noqa: B008
        return prepare([changed], cache, preparation).cases[0].path

    first = made()
    stamp = first.stat().st_mtime_ns
    assert made() == first
    assert first.stat().st_mtime_ns == stamp
    first.write_bytes(first.read_bytes()[:-3])
    assert made() == first
    assert first.stat().st_mtime_ns != stamp
    label = LabelFile(path=pair.labels[0].path)
    assert made(dataclasses.replace(pair, labels=(label,))) != first
    assert made(preparation=Preparation(spacing_mm=1.0)) != first
    os.utime(pair.image, ns=(1, 1))
    assert made() != first
    assert not list(cache.glob(".vesal*"))


def test_what_cannot_be_read_costs_a_note(tmp_path: Path) -> None:
    """A damaged image, labels of another grid, a structure that is not there: the rest goes on."""
    good = blob_pair(tmp_path, "good", UGLY["LPS"].affine, (9, 8, 7))
    bad = blob_pair(tmp_path, "bad", UGLY["LPS"].affine, (9, 8, 7))
    bad.image.write_bytes(bad.image.read_bytes()[:40])
    apart = dataclasses.replace(ct_pair(), name="apart", labels=good.labels)
    empty = dataclasses.replace(ct_pair(nothing=(250,)), name="empty")
    found = prepare([good, bad, apart, empty], tmp_path / "c", Preparation())
    assert [case.name for case in found.cases] == ["good"]
    for name in ("bad", "apart", "empty"):
        assert sum(note.startswith(f"{name} is left out") for note in found.notes) == 1
    assert found.size_bytes == found.cases[0].path.stat().st_size
    with pytest.raises(ConfigError, match=r"none in 2 pairs, as bad is left out: "):
        prepare([bad, empty], tmp_path / "c", Preparation())


def test_the_disk_is_bounded_before_it_is_filled(tmp_path: Path) -> None:
    """A few cases are made, then a sentence says how much all would take."""
    pairs = [
        blob_pair(tmp_path / "raw", f"x{n}", UGLY["LPS"].affine, (20, 20, 20)) for n in range(20)
    ]
    with pytest.raises(ResourceError, match=r"will take about 0\.0 GB.*choose a larger disk"):
        prepare(pairs, tmp_path / "c", Preparation(), limit_bytes=200_000)
    assert len(list((tmp_path / "c").iterdir())) == 6
    said: list[str] = []
    found = prepare(
        pairs, tmp_path / "c", Preparation(), progress=lambda _done, _all, text: said.append(text)
    )
    assert len(found.cases) == 20
    assert len(said) == 14  # six are there already
    assert sum(path.stat().st_size for path in (tmp_path / "c").iterdir()) == found.size_bytes


def test_what_a_killed_run_left_half_written_is_removed(tmp_path: Path) -> None:
    """A day later; what is younger may still be written."""
    old, young = (tmp_path / f".vesal-{name}.safetensors" for name in ("old", "young"))
    for path in (old, young):
        path.touch()
    os.utime(old, (1.0, 1.0))
    prepare([mr_pair()], tmp_path, Preparation())
    assert not old.exists()
    assert young.exists()


def test_processes_make_the_same_cases(tmp_path: Path) -> None:
    """In the order of the pairs."""
    pairs = [blob_pair(tmp_path, f"x{n}", UGLY["LPS"].affine, (9, 8, 7 + n)) for n in range(3)]
    alone = prepare(pairs, tmp_path / "a", Preparation())
    shared = prepare(pairs, tmp_path / "b", Preparation(), workers=1)
    for one, two in zip(alone.cases, shared.cases, strict=True):
        assert one.name == two.name
        assert one.path.name == two.path.name
        assert one.path.read_bytes() == two.path.read_bytes()


def test_a_process_that_dies_costs_one_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named in a note; the others are made."""
    pairs = [blob_pair(tmp_path, f"x{n}", UGLY["LPS"].affine, (9, 8, 7)) for n in range(3)]

    def dying(
        function: Callable[[Job], object], jobs: Sequence[Job], workers: int
    ) -> Iterator[tuple[Job, object]]:
        for job in jobs:
            yield job, None if job[0].name == "x1" else function(job)

    monkeypatch.setattr(module, "done_by_workers", dying)
    made = prepare(pairs, tmp_path / "a", Preparation(), workers=2)
    assert [case.name for case in made.cases] == ["x0", "x2"]
    assert made.notes == ("x1 is left out: its process died, usually because memory ran out",)


def test_a_picture_is_never_resampled(tmp_path: Path) -> None:
    """Its pixels have no size in a body."""
    (case, *_) = prepared(tmp_path / "c", *picture_pairs(tmp_path / "raw"), spacing_mm=2.0)
    assert case.grid.shape == (90, 120)
    assert case.colour


def test_a_structure_that_is_lost_when_coarse_is_named(tmp_path: Path) -> None:
    """It has no voxel left to learn from."""
    pair = ct_pair(liver=(5,), speck=(99,))
    found = prepare([pair], tmp_path, Preparation(spacing_mm=90.0))
    assert [held.name for held in found.cases[0].structures] == ["liver"]
    assert "ct: speck is lost at 90 mm" in found.notes


@given(
    st.lists(st.floats(-70000, 70000, width=32), min_size=2, max_size=30),
    st.sampled_from([np.float32, np.float64, np.int16, np.int32, np.uint8, np.uint16, np.bool_]),
)
def test_values_are_kept_in_a_type_that_is_exact_enough(
    numbers: list[float], kind: type[np.generic]
) -> None:
    """Whole ones exactly if they fit in 16 bits, others to a thousandth of the range."""
    with np.errstate(invalid="ignore"):
        values = np.array(numbers).astype(kind)
    kept = module._compact(values)
    error = np.abs(kept.astype(np.float64) - values.astype(np.float64)).max()
    spread = float(np.ptp(values.astype(np.float64)))
    whole = kept.dtype.kind in "iu"
    assert error <= (0 if whole else max(1e-3 * spread, 1e-6 * np.abs(values.astype(float)).max()))
    assert (kept.dtype == np.uint8) == (kind is np.uint8)


@pytest.mark.parametrize("spacing_mm", [-1.0, float("nan"), 2000.0])
def test_a_spacing_that_is_none_is_refused(spacing_mm: float) -> None:
    """One sentence says what would be right."""
    with pytest.raises(ConfigError, match="0 \\(as it is\\) or up to 1000"):
        Preparation(spacing_mm=spacing_mm)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """Such as one below a file."""
    shutil.copy(__file__, tmp_path / "file")
    with pytest.raises(ResourceError, match="cannot be made"):
        prepare([ct_pair()], tmp_path / "file" / "cache", Preparation())
