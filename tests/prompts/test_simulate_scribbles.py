"""Tests of vesal.prompts.simulate_scribbles."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from scipy import ndimage

from vesal.arrays import MaskArray
from vesal.errors import ConfigError
from vesal.images import open_image
from vesal.prompts.canvas import canvas
from vesal.prompts.simulate_scribbles import (
    SCRIBBLE_KINDS,
    ScribbleKind,
    centre_line,
    contour,
    error_scribble,
    scribble,
    straight_line,
)

SHAPES = st.sampled_from([(9, 8), (7, 8, 6), (1, 9, 8), (9, 8, 1), (1, 6), (1, 1, 1)])
KINDS = st.sampled_from(SCRIBBLE_KINDS)
every_kind = pytest.mark.parametrize("kind", SCRIBBLE_KINDS)


def drawn(stroke: tuple[tuple[int, ...], ...], shape: tuple[int, ...]) -> MaskArray:
    """The voxels of a stroke."""
    mask = np.zeros(shape, np.bool_)
    mask[tuple(np.array(stroke).T)] = True
    return mask


@given(
    mask=arrays.arrays(np.bool_, SHAPES, fill=st.just(True)),
    kind=KINDS,
    axis=st.sampled_from([None, 0, 1, 2]),
    longest=st.integers(1, 12),
    seed=st.integers(0, 99),
)
def test_a_stroke_is_one_piece_inside_the_region_on_one_slice(
    mask: MaskArray, kind: ScribbleKind, axis: int | None, longest: int, seed: int
) -> None:
    """Of the largest piece there, never longer than it may be, the same for the same seed."""
    spacing = (1.0, 0.7, 2.0)[: mask.ndim]
    stroke, again = (
        scribble(mask, spacing, np.random.default_rng(seed), kind=kind, axis=axis, longest=longest)
        for _ in range(2)
    )
    assert stroke == again
    page = canvas(mask, spacing, axis)
    if page is None:
        assert stroke == ()
        return
    voxels = np.array(stroke)
    assert 1 <= len(stroke) <= longest
    assert len(set(stroke)) == len(stroke)
    assert all(type(i) is int for voxel in stroke for i in voxel)
    allowed = page.in_array(np.argwhere(page.piece).astype(float)).astype(int)
    assert set(stroke) <= {tuple(voxel) for voxel in allowed.tolist()}
    assert ndimage.label(drawn(stroke, mask.shape), np.ones((3,) * mask.ndim))[1] == 1
    if page.axis is not None:
        assert set(voxels[:, page.axis].tolist()) == {page.slice_index}


@given(
    masks=st.sampled_from([(6, 7), (5, 6, 4), (1, 5, 6)]).flatmap(
        lambda shape: st.tuples(*[arrays.arrays(np.bool_, shape, fill=st.booleans())] * 2)
    ),
    kind=KINDS,
    seed=st.integers(0, 9),
)
def test_a_stroke_in_the_error_says_what_the_target_has(
    masks: tuple[MaskArray, MaskArray], kind: ScribbleKind, seed: int
) -> None:
    """None of its voxels is right already, and it is where the error is larger."""
    target, predicted = masks
    spacing = (1.0,) * target.ndim
    found = error_scribble(target, predicted, spacing, np.random.default_rng(seed), kind=kind)
    if (target == predicted).all():
        assert found is None
        return
    assert found is not None
    stroke, positive = found
    wrong = target & ~predicted if positive else predicted & ~target
    other = predicted & ~target if positive else target & ~predicted
    assert all(wrong[voxel] for voxel in stroke)
    pages = [canvas(region, spacing) for region in (wrong, other)]
    sizes = [0 if page is None else int(page.piece.sum()) for page in pages]
    assert sizes[0] >= sizes[1] + (not positive)


def test_a_centre_line_runs_along_a_tube() -> None:
    """Through the middle of a bent one, from near one end to near the other."""
    tube = np.zeros((40, 60), np.bool_)
    tube[5:12, 5:50] = True
    tube[5:35, 43:50] = True
    line = centre_line(tube, (1.0, 1.0))
    depth = ndimage.distance_transform_edt(np.pad(tube, 1))[1:-1, 1:-1]
    depths = depth[tuple(line.T)]
    assert np.mean(depths >= 3) > 0.85
    ends = sorted(line[[0, -1]].tolist())
    assert ends[0][1] < 10
    assert ends[1][0] > 30
    assert np.abs(np.diff(line, axis=0)).max() == 1


def test_a_centre_line_crosses_a_disc_through_its_middle() -> None:
    """And stops before the border, as hands do."""
    rows, columns = np.ogrid[:41, :41]
    disc = np.asarray((rows - 20) ** 2 + (columns - 20) ** 2 <= 20**2)
    line = centre_line(disc, (1.0, 1.0))
    from_middle = np.linalg.norm(line - 20, axis=1)
    assert from_middle.min() <= 1
    assert 10 < from_middle.max() <= 15
    assert 20 <= len(line) <= 31


def test_pixels_that_are_not_square_bend_the_centre_line() -> None:
    """The middle of a cross is where millimetres say: along its arm that is thicker in mm."""
    cross = np.zeros((31, 31), np.bool_)
    cross[13:18, :] = True  # 5 rows
    cross[:, 11:20] = True  # 9 columns
    assert np.ptp(centre_line(cross, (1.0, 1.0)), axis=0).max() > 15
    for spacing in ((1.0, 0.2), (0.2, 1.0)):
        line = centre_line(cross, spacing)
        depth = ndimage.distance_transform_edt(np.pad(cross, 1), sampling=spacing)[1:-1, 1:-1]
        assert depth[tuple(line.T)].max() == pytest.approx(depth.max())


def test_a_straight_line_is_cut_where_it_leaves_the_region() -> None:
    """Of a ring, a chord is one side only or misses the hole."""
    rows, columns = np.ogrid[:41, :41]
    away = np.hypot(rows - 20, columns - 20)
    ring = np.asarray((away <= 20) & (away > 12))
    longest = 0
    for seed in range(50):
        line = straight_line(ring, np.random.default_rng(seed))
        assert ring[tuple(line.T)].all()
        first, last = line[0], line[-1]
        count = np.abs(last - first).max() + 1
        assert len(line) == count
        straight = np.linspace(first, last, int(count))
        assert np.abs(straight - line).max() <= 1
        longest = max(longest, len(line))
    assert longest > 15


@pytest.mark.parametrize("depth_mm", [0.0, 2.0, 5.0, 99.0])
def test_a_contour_lies_at_its_depth(depth_mm: float) -> None:
    """In mm, one step from what is less deep; where nothing is as deep, in the middle."""
    rows, columns = np.ogrid[:41, :81]
    disc = np.asarray((rows - 20) ** 2 + ((columns - 40) / 2) ** 2 <= 20**2)
    spacing = (1.0, 0.5)
    line = contour(disc, spacing, depth_mm)
    depth = ndimage.distance_transform_edt(np.pad(disc, 1), sampling=spacing)[1:-1, 1:-1]
    depths = depth[tuple(line.T)]
    wanted = min(depth_mm, depth.max())
    assert depths.min() >= wanted - 1e-5
    assert depths.max() <= max(wanted, 0) + 1.5
    steps = np.abs(np.diff(np.concatenate([line, line[:1]]), axis=0))
    assert steps.max() <= 1


@every_kind
def test_strokes_on_real_organs_and_nuclei(kind: ScribbleKind, scans: Path, data: Path) -> None:
    """Inside, of a useful length, away from the border where they are to be."""
    labels = open_image(scans / "example_seg_fast_force_split.nii.gz").array
    nuclei = np.asarray(Image.open(data / "mask2d.tif"))
    least = {"centre": 15, "line": 1, "contour": 20}[kind]
    for mask in (labels == 5, labels == 2, nuclei == np.bincount(nuclei[nuclei > 0]).argmax()):
        spacing = (3.0,) * mask.ndim
        stroke = scribble(mask, spacing, np.random.default_rng(0), kind=kind)
        assert all(mask[voxel] for voxel in stroke)
        assert least <= len(stroke) <= 128


@every_kind
def test_a_long_stroke_is_drawn_in_part(kind: ScribbleKind) -> None:
    """Another part for another seed."""
    bar = np.ones((60, 200), np.bool_)
    strokes = {
        scribble(bar, (1.0, 1.0), np.random.default_rng(seed), kind=kind, longest=9)
        for seed in range(8)
    }
    assert max(len(stroke) for stroke in strokes) == 9
    assert len(strokes) > 4


@every_kind
def test_a_stroke_without_a_voxel_is_refused(kind: ScribbleKind) -> None:
    """The message names the kinds, too."""
    mask = np.ones((3, 3), np.bool_)
    with pytest.raises(ConfigError, match="one of centre, line, contour and has 1 voxel or more"):
        scribble(mask, (1.0, 1.0), np.random.default_rng(0), kind=kind, longest=0)
