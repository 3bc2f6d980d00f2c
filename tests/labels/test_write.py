# nibabel and SimpleITK do not annotate all of their functions:
# mypy: disable-error-code="no-untyped-call"
"""Label maps in every format: the same voxels in the same place for independent readers."""

from pathlib import Path

import nibabel as nib
import nrrd
import numpy as np
import pytest
import SimpleITK
from hypothesis import given
from hypothesis import strategies as st

from tests.grids import RASTERS, SHEARED, UGLY
from vesal.errors import ImageError, ResourceError
from vesal.geometry import Grid
from vesal.images import Source
from vesal.labels import LabelMap, Segment, open_labels
from vesal.labels.write import safe_names

SEGMENTS = (
    Segment(number=1, name="liver & <bile>", colour=(200, 90, 60)),
    Segment(number=3, name="left kidney", colour=(1, 2, 3)),
    Segment(number=7, name="Rückenmark", colour=(255, 0, 255)),
)


def label_map(grid: Grid, numbers: tuple[int, ...] = (0, 1, 3, 7)) -> LabelMap:
    """Numbers thrown over a grid; segment 7 may be empty."""
    rng = np.random.default_rng(5)
    kind = np.uint16 if max(numbers) > 255 else np.uint8
    array = rng.choice(np.array(numbers, kind), grid.shape)
    known = {segment.number: segment for segment in SEGMENTS}
    segments = tuple(
        known.get(n, Segment(number=n, name=f"label {n}", colour=(0, 9, n % 256)))
        for n in sorted({*numbers, *known} - {0})
    )
    return LabelMap(array=array, grid=grid, segments=segments)


@pytest.mark.parametrize("suffix", [".nii.gz", ".nii", ".nrrd", ".seg.nrrd", ".mha", ".mhd"])
@pytest.mark.parametrize("name", UGLY)
def test_a_volume_comes_back_in_its_place(suffix: str, name: str, tmp_path: Path) -> None:
    """By our own reader, on every grid that the format can hold."""
    if suffix in (".mha", ".mhd") and name in SHEARED:
        pytest.skip("MetaImage cannot hold a shear")
    labels = label_map(UGLY[name])
    read = open_labels(labels.save(tmp_path / f"labels{suffix}"))
    assert np.array_equal(read.array, labels.array)
    assert read.grid.same_as(labels.grid, tolerance=1e-4)


@pytest.mark.parametrize("suffix", [".nii.gz", ".seg.nrrd"])
def test_names_and_colours_come_back(suffix: str, tmp_path: Path) -> None:
    """Of empty segments too; letters of all languages, and those that XML takes for its own."""
    labels = label_map(UGLY["oblique"], (0, 1, 3))
    read = open_labels(labels.save(tmp_path / f"labels{suffix}"))
    assert read.segments == SEGMENTS


@pytest.mark.parametrize("name", sorted(set(UGLY) - SHEARED))
def test_other_readers_find_every_label_where_it_is(name: str, tmp_path: Path) -> None:
    """nibabel, pynrrd and ITK: value and world position of each voxel."""
    labels = label_map(UGLY[name], (0, 1, 3, 700))
    index = np.argwhere(np.ones(labels.grid.shape, np.bool_)).astype(np.float64)
    world = labels.grid.to_world(index)
    nifti = nib.load(labels.save(tmp_path / "a.nii.gz"))
    assert isinstance(nifti, nib.Nifti1Image)
    assert np.array_equal(np.asanyarray(nifti.dataobj), labels.array)
    assert nifti.affine is not None
    assert np.allclose(nib.affines.apply_affine(nifti.affine, index), world, atol=1e-3)
    values, header = nrrd.read(str(labels.save(tmp_path / "a.seg.nrrd")))
    assert np.array_equal(values, labels.array)
    assert header["Segment0_Name"] == "liver & <bile>"
    image = SimpleITK.ReadImage(str(labels.save(tmp_path / "a.mha")))
    assert np.array_equal(SimpleITK.GetArrayFromImage(image).T, labels.array)
    places = [image.TransformIndexToPhysicalPoint(tuple(map(int, i))) for i in index[::7]]
    assert np.allclose(np.array(places) * (-1, -1, 1), world[::7], atol=1e-3)


def test_slicers_fields_are_all_there(tmp_path: Path) -> None:
    """Extent, colour, layer, value, terminology; as 3D Slicer reads them."""
    labels = label_map(UGLY["LPS"], (0, 1, 3))
    header = nrrd.read_header(str(labels.save(tmp_path / "a.seg.nrrd")))
    assert header["Segmentation_MasterRepresentation"] == "Binary labelmap"
    assert header["Segment1_LabelValue"] == "3"
    assert header["Segment1_Layer"] == "0"
    assert [float(v) for v in header["Segment0_Color"].split()] == pytest.approx(
        [200 / 255, 90 / 255, 60 / 255], abs=1e-5
    )
    held = np.argwhere(labels.array == 3)
    extent = np.stack([held.min(axis=0), held.max(axis=0)], axis=1).ravel()
    assert [int(v) for v in header["Segment1_Extent"].split()] == extent.tolist()
    assert "SCT^64033007^Kidney~SCT^7771000^Left" in header["Segment1_Tags"]
    assert header["Segment2_Extent"] == "0 -1 0 -1 0 -1"


@pytest.mark.parametrize("suffix", [".png", ".tif", ".nii.gz", ".nrrd", ".mha"])
@pytest.mark.parametrize("numbers", [(0, 1, 3), (0, 1, 3, 700)])
def test_a_picture_keeps_its_numbers(suffix: str, numbers: tuple[int, ...], tmp_path: Path) -> None:
    """Eight or sixteen bits; no scaling to 255."""
    labels = label_map(RASTERS["pixels"], numbers)
    read = open_labels(labels.save(tmp_path / f"a{suffix}"))
    assert np.array_equal(read.array.squeeze().reshape(-1), _laid(labels, read).reshape(-1))


def _laid(labels: LabelMap, read: LabelMap) -> np.ndarray:
    """The picture's numbers in the order of the array that was read: NIfTI has (x, y, 1)."""
    return labels.array if read.grid.ndim == 2 else labels.array.T


def test_a_file_for_each_segment(tmp_path: Path) -> None:
    """Named after it, holding it alone with the number 1, on the same grid."""
    labels = label_map(UGLY["permuted"], (0, 1, 3))
    paths = labels.save_each(tmp_path / "masks", ".nii.gz")
    assert [path.name for path in paths] == [
        "liver_bile.nii.gz", "left_kidney.nii.gz", "Rückenmark.nii.gz",
    ]  # fmt: skip
    for path, segment in zip(paths, labels.segments, strict=True):
        read = open_labels(path)
        assert np.array_equal(read.array == 1, labels.array == segment.number)
        assert read.segments[0].name == segment.name


@given(st.lists(st.text(min_size=1, max_size=8), max_size=8))
def test_names_of_files_are_safe_and_differ_in_any_letters(names: list[str]) -> None:
    """Whatever the segments are called."""
    safe = safe_names([*names, "a/b", "A_b", "..", "con", "x" * 60, ""])
    assert len({name.lower() for name in safe}) == len(safe)
    for name in safe:
        assert name == Path(name).name
        assert name.strip(". ")
        assert not set(name) & set('/\\:*?"<>|')


def test_what_cannot_be_written_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    """Unknown suffix, volume as PNG, missing folder, a folder that is a file."""
    labels = label_map(UGLY["LPS"])
    for name, error in (("a.txt", ImageError), ("a.png", ImageError), ("no/a.nii", ResourceError)):
        with pytest.raises(error):
            labels.save(tmp_path / name)
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(ResourceError, match="cannot be made"):
        labels.save_each(tmp_path / "taken", ".nii")
    with pytest.raises(ImageError, match="must end in one of"):
        labels.save_each(tmp_path / "masks", "nii")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_header_of_the_image_is_repeated(tmp_path: Path) -> None:
    """Codes and units of a NIfTI image stay, as for single masks."""
    labels = label_map(UGLY["oblique"])
    image = nib.Nifti1Image(np.zeros(labels.grid.shape, np.int16), labels.grid.affine)
    image.header.set_xyzt_units("mm", "sec")
    image.header.set_sform(labels.grid.affine, code=4)
    source = Source(format="NIfTI", header=image.header.binaryblock)
    again = LabelMap(array=labels.array, grid=labels.grid, segments=labels.segments, source=source)
    written = nib.load(again.save(tmp_path / "a.nii"))
    assert isinstance(written, nib.Nifti1Image)
    assert int(written.header["sform_code"]) == 4


def test_a_hundred_thousand_images_of_the_same_name_are_told_apart_in_no_time() -> None:
    """A file `ct.nii.gz` in the folder of each patient is common; counting from 1 took hours."""
    safe = safe_names(["ct-3", *["ct"] * 100_000, "CT"])
    assert safe[:4] == ["ct-3", "ct", "ct-2", "ct-4"]
    assert safe[-1] == "CT-100002"
    assert len({name.lower() for name in safe}) == len(safe)
