# SimpleITK does not annotate its filters:
# mypy: disable-error-code="no-untyped-call"
"""The lattice of SAM-Med3D against what its published preprocessing gave."""

from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - the name its manual uses
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.goldens import arrays, record
from tests.grids import UGLY, ugly_grids
from tests.phantoms import enlarged
from vesal.geometry import Grid
from vesal.geometry.resample import resample
from vesal.inference.appearance import positive_zscore
from vesal.inference.lattice import lattice_of, read_window, window_starts

GOLDEN: dict[str, Any] = record("sam_med3d/geometry")
ARRAYS = arrays("sam_med3d/geometry")
GRID = Grid(shape=(40, 36, 14), affine=np.array(GOLDEN["loaded_affine_ras"]))
LATTICE = lattice_of(GRID, 1.5)


def image() -> NDArray[np.float32]:
    """The oblique volume, as the golden file describes it."""
    i, j, k = np.ogrid[:40, :36, :14]
    values = 200 * np.sin(i / 7) + 150 * np.cos(j / 9) + 40 * (k - 6)
    return np.asarray(values, np.float32)


def labels() -> NDArray[np.uint8]:
    """Its two structures; the second one was written last."""
    i, j, k = np.ogrid[:40, :36, :14]
    found = np.zeros(GRID.shape, np.uint8)
    found[((i - 14) / 6) ** 2 + ((j - 20) / 8) ** 2 + ((k - 5) / 3) ** 2 <= 1] = 2
    found[30:36, 4:9, 8:12] = 1
    return found


def test_the_lattice_of_an_oblique_volume_is_the_published_one() -> None:
    """Shape and affine after resampling and turning to RAS."""
    assert LATTICE.shape == tuple(GOLDEN["canonical_shape"])
    assert pytest.approx(np.array(GOLDEN["canonical_affine_ras"]), abs=1e-9) == LATTICE.affine
    assert LATTICE.orientation == GOLDEN["canonical_axcodes"]


def test_the_resampled_volume_is_the_published_one() -> None:
    """Image and labels; the published arrays have the file's axes, which run the other way."""
    turned = read_window(image(), GRID, LATTICE)
    assert turned[::3, ::3, ::3] == pytest.approx(ARRAYS["canonical_image_sub"][0], abs=1e-3)
    assert turned[::-1, ::-1, ::-1] == pytest.approx(ARRAYS["resampled_image"][0], abs=1e-3)
    nearest = resample(labels(), GRID, LATTICE, order=0)[::-1, ::-1, ::-1]
    assert np.array_equal(nearest, ARRAYS["resampled_label"][0])


@pytest.mark.parametrize("label", [1, 2])
@pytest.mark.parametrize("size", [24, 48])
def test_a_window_round_a_structure_is_the_published_one(label: int, size: int) -> None:
    """Its place, its scores, its labels, and the labels pasted back to the volume."""
    golden = GOLDEN[f"label{label}_crop{size}"]
    lattice_labels = resample(labels(), GRID, LATTICE, order=0)
    voxels = np.argwhere(lattice_labels == label)
    starts = window_starts(voxels.min(axis=0), voxels.max(axis=0) + 1, size)
    window = LATTICE.crop(starts, [start + size for start in starts])
    assert window.affine == pytest.approx(np.array(golden["roi_affine_ras"]), abs=1e-9)
    scores, _ = positive_zscore(read_window(image(), GRID, window))
    assert scores.mean() == pytest.approx(golden["roi_stats"]["mean"], abs=1e-4)
    assert scores.std() == pytest.approx(golden["roi_stats"]["std"], abs=1e-4)
    held = resample(labels() == label, GRID, window, order=0)
    assert held.sum() == golden["roi_label_voxels"]
    if size == 24:
        roi, roi_label = (ARRAYS[f"label{label}_crop24__{name}"] for name in ("roi", "roi_label"))
        assert scores == pytest.approx(roi[0, 0], abs=1e-4)
        assert np.array_equal(held, roi_label[0, 0])
    pasted = resample(held, window, GRID, order=0).transpose(2, 1, 0)
    assert np.array_equal(pasted > 0, ARRAYS[f"label{label}_crop{size}__pasted_zyx"] > 0)


CROPS = [
    case
    for case in record("sam_med3d/preprocess_clicks_loss")["crop_or_pad"]
    if "box_lo" in case  # the empty mask's window is no click's
]


@pytest.mark.parametrize("case", CROPS)
def test_a_window_begins_where_the_published_one_does(case: dict[str, Any]) -> None:
    """Even and odd sizes, at the edges, wider and smaller than the volume; 0 is filled in."""
    starts = [
        window_starts(np.array([low]), np.array([high]), size)[0]
        for low, high, size in zip(
            case["box_lo"], case["box_hi_exclusive"], case["target"], strict=True
        )
    ]
    assert starts == case["start"]
    shape = tuple(case["shape"])
    counted = np.arange(1, np.prod(shape) + 1, dtype=np.float64).reshape(shape)
    grid = Grid(shape=shape, affine=np.eye(4))
    stops = [start + size for start, size in zip(starts, case["target"], strict=True)]
    seen = read_window(counted, grid, grid.crop(starts, stops))
    assert [seen[0, 0, 0], seen[-1, -1, -1]] == [case["out_first"], case["out_last"]]
    assert seen.sum(dtype=np.float64) == case["out_sum"]


@given(grid=ugly_grids(), spacing_mm=st.floats(0.5, 4))
def test_a_lattice_covers_its_volume_from_corner_to_corner(grid: Grid, spacing_mm: float) -> None:
    """Every voxel lies in it, it is cubic, and the axes run as near to RAS as they can."""
    lattice = lattice_of(grid, spacing_mm)
    voxels = np.argwhere(np.ones(grid.shape, np.bool_)).astype(np.float64)
    index = lattice.to_index(grid.to_world(voxels))
    thick = np.array(lattice.shape) > 1
    high = np.array(lattice.shape) - 0.5
    assert (index[:, thick] > -0.5).all()
    assert (index[:, thick] < high[thick]).all()
    assert lattice.spacing_mm == pytest.approx((spacing_mm,) * 3)
    assert lattice.orientation == "RAS"


@pytest.mark.parametrize("name", ["single slice", "single column", "tiny", "one voxel"])
def test_an_axis_of_one_voxel_keeps_its_middle(name: str) -> None:
    """However thin or thick the voxel was."""
    grid = UGLY[name]
    index = lattice_of(grid, 1.5).to_index(grid.to_world(np.zeros((1, 3))))[0]
    single = np.array(lattice_of(grid, 1.5).shape) == 1
    thin = sorted(abs(index[single]))[: sum(n == 1 for n in grid.shape)]
    assert thin == pytest.approx([0.0] * len(thin), abs=1e-9)


@pytest.mark.parametrize("kind", [np.int16, np.uint8, np.int32, np.float32])
def test_values_between_voxels_are_those_of_itk(kind: type) -> None:
    """Whole numbers stay whole, cut off towards 0, as ITK casts them."""
    grid = Grid(shape=(9, 8, 7), affine=np.diag([1.0, 1.5, 2.0, 1.0]))
    low = 0 if kind == np.uint8 else -100
    drawn = np.random.default_rng(5).integers(low, 100, grid.shape)
    values: NDArray[Any] = drawn.astype(kind)
    lattice = lattice_of(grid, 0.75)
    given_image = sitk.GetImageFromArray(values.transpose(2, 1, 0))
    given_image.SetSpacing(grid.spacing_mm)
    resampler = sitk.ResampleImageFilter()
    resampler.SetInterpolator(sitk.sitkLinear)
    resampler.SetSize(lattice.shape)
    resampler.SetOutputSpacing((0.75,) * 3)
    resampler.SetOutputOrigin([float(v) for v in lattice.affine[:3, 3]])
    found = sitk.GetArrayFromImage(resampler.Execute(given_image)).transpose(2, 1, 0)
    assert read_window(values, grid, lattice) == pytest.approx(found.astype(np.float64), abs=1e-4)


def test_only_the_part_under_a_window_is_read() -> None:
    """A window in a corner of a volume that would not fit into memory as numbers."""
    grid = enlarged(UGLY["oblique"], 40)
    huge = np.broadcast_to(np.float64(3), (20_000, 20_000, 20_000))
    large = Grid(shape=huge.shape, affine=grid.affine)
    window = lattice_of(grid, 1.5).crop((4, 4, 4), (12, 12, 12))
    assert (read_window(huge, large, window) == 3).any()
