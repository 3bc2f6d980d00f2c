"""Tests of vesal.datasets.open: structures on the image's grid, from files of every kind."""

from pathlib import Path

import nibabel as nib
import nrrd
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from tests.datasets.trees import LPS_2MM, nifti, scan
from vesal.datasets import LabelFile, Opened, Pair, Structure, find_pairs, open_pair
from vesal.datasets.challenge import ChallengeCase, read_image, write_case
from vesal.errors import GeometryError, ImageError, VesalError


def labels(shape: tuple[int, ...] = (9, 8, 7)) -> NDArray[np.uint8]:
    """Labels 1 to 3; the first voxel is 0."""
    values = np.random.default_rng(3).integers(0, 4, shape).astype(np.uint8)
    values[0, 0] = 0
    return values


def pair(folder: Path, *structures: Structure, label: str = "l.nii.gz", image: str = "") -> Pair:
    """A pair of an image and one label file."""
    image = image or nifti(folder / "i.nii.gz", scan()).name
    file = LabelFile(path=folder / label, structures=structures)
    return Pair(name="a", image=folder / image, labels=(file,))


def masks(opened: Opened) -> dict[str, NDArray[np.bool_]]:
    """Full masks by name."""
    return {target.name: target.patch.full() for target in opened.targets}


def test_structures_are_found_with_regions_that_overlap(tmp_path: Path) -> None:
    """One value, several, all; what has no voxel is said to be absent."""
    values = labels()
    nifti(tmp_path / "l.nii.gz", values)
    asked = [("one", (1,)), ("both", (1, 3)), ("all", ()), ("none", (9,)), ("far", (300, 301))]
    structures = [Structure(name=name, values=of) for name, of in asked]
    opened = open_pair(pair(tmp_path, *structures))
    assert opened.absent == ("none", "far")
    found = masks(opened)
    assert list(found) == ["one", "both", "all"]
    np.testing.assert_array_equal(found["one"], values == 1)
    np.testing.assert_array_equal(found["both"], (values == 1) | (values == 3))
    np.testing.assert_array_equal(found["all"], values > 0)
    np.testing.assert_array_equal(opened.image.array, scan())
    assert opened.notes == ()


def test_every_value_is_a_structure_where_none_are_named(tmp_path: Path) -> None:
    """Named by the file, or by its number."""
    nifti(tmp_path / "l.nii.gz", labels() * np.uint16(200))
    opened = open_pair(pair(tmp_path))
    assert [t.name for t in opened.targets] == ["label 200", "label 400", "label 600"]
    header = {
        "space": "left-posterior-superior",
        "space directions": np.diag([2.0, 2, 3]),
        "space origin": [0, 0, 0],
        "Segment0_Name": "tumour", "Segment0_LabelValue": "1", "Segment0_Layer": "0",
        "Segment1_Name": "gone", "Segment1_LabelValue": "7", "Segment1_Layer": "0",
    }  # fmt: skip
    nrrd.write(str(tmp_path / "l.seg.nrrd"), (labels() == 1).astype(np.uint8), header)
    opened = open_pair(pair(tmp_path, label="l.seg.nrrd"))
    assert [t.name for t in opened.targets] == ["tumour"]
    assert opened.absent == ("gone",)


@pytest.mark.parametrize(
    ("only", "names"),
    [(["LIVER"], ["liver"]), (["kidney*"], ["Kidney left", "Kidney right"]), (["x"], [])],
)
def test_only_what_is_wanted_is_opened(only: list[str], names: list[str], tmp_path: Path) -> None:
    """In whatever letters, with * for any; the other files are not read."""
    files = []
    for number, name in enumerate(["liver", "Kidney left", "Kidney right", "spleen"]):
        path = nifti(tmp_path / f"{number}.nii", (labels() == 1).astype(np.uint8))
        files.append(LabelFile(path=path, structures=(Structure(name=name, values=()),)))
    files[3].path.write_bytes(b"damaged")
    image = nifti(tmp_path / "i.nii", scan())
    opened = open_pair(Pair(name="a", image=image, labels=tuple(files)), only=only)
    assert [t.name for t in opened.targets] == names
    nifti(tmp_path / "l.nii.gz", labels())
    unnamed = open_pair(pair(tmp_path), only=["label [12]"])
    assert [t.name for t in unnamed.targets] == ["label 1", "label 2"]


def test_structures_of_one_name_get_that_of_their_file(tmp_path: Path) -> None:
    """So that each has a name of its own."""
    one = nifti(tmp_path / "one.nii", labels())
    two = nifti(tmp_path / "two.nii", labels())
    structures = (Structure(name="x", values=(1,)),)
    files = [LabelFile(path=path, structures=structures) for path in (one, two, two)]
    image = nifti(tmp_path / "i.nii", scan())
    opened = open_pair(Pair(name="a", image=image, labels=tuple(files)))
    assert [t.name for t in opened.targets] == ["x (one)", "x (two)", "x (two) 2"]


def test_a_label_map_without_a_voxel_has_no_targets(tmp_path: Path) -> None:
    """That is no error: there are healthy patients."""
    nifti(tmp_path / "l.nii.gz", np.zeros((9, 8, 7), np.uint8))
    assert open_pair(pair(tmp_path)).targets == ()
    assert open_pair(pair(tmp_path, Structure(name="x", values=()))).absent == ("x",)


def test_floats_that_are_nearly_whole_are_labels(tmp_path: Path) -> None:
    """A slope in the header is a float32; 2.9999998 is 3 and not 2."""
    values = labels()
    nifti(tmp_path / "l.nii.gz", (values * (1 - 1e-7)).astype(np.float64))
    np.testing.assert_array_equal(masks(open_pair(pair(tmp_path)))["label 3"], values == 3)
    stored = nib.Nifti1Image((values * 10).astype(np.int16), LPS_2MM)  # type: ignore[no-untyped-call]
    stored.header.set_slope_inter(0.1, 0)  # type: ignore[no-untyped-call]
    nib.save(stored, tmp_path / "l.nii.gz")
    assert sorted(masks(open_pair(pair(tmp_path)))) == ["label 1", "label 2", "label 3"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (0.25, r"must be whole numbers, l\.nii\.gz has 0\.25"),
        (1.002, r"l\.nii\.gz has 1\.002"),
        (-1, r"between 0 and 65535, l\.nii\.gz has -1"),
        (65536, "between 0 and 65535"),
        (float("nan"), r"l\.nii\.gz has 1 voxels that are NaN"),
    ],
)
def test_values_that_are_no_labels_are_refused(value: float, message: str, tmp_path: Path) -> None:
    """With the file and the value."""
    values = labels().astype(np.float64)
    values[1, 1, 1] = value
    nifti(tmp_path / "l.nii.gz", values)
    with pytest.raises(ImageError, match=message) as refused:
        open_pair(pair(tmp_path))
    assert "\n" not in str(refused.value)


def test_labels_on_another_grid_are_refused_or_resampled(tmp_path: Path) -> None:
    """With the option that takes them; then with a note."""
    affine = LPS_2MM.copy()
    affine[0, 3] = 1
    nifti(tmp_path / "l.nii.gz", labels(), affine)
    with pytest.raises(GeometryError, match=r"l\.nii\.gz lies on another grid .*--resample-labels"):
        open_pair(pair(tmp_path))
    opened = open_pair(pair(tmp_path), resample=True)
    assert len(opened.targets) == 3
    assert "resampled by the nearest voxel" in opened.notes[0]


def test_an_image_of_several_channels_is_refused(tmp_path: Path) -> None:
    """As tasks 1 and 5 of the Decathlon have them."""
    nifti(tmp_path / "l.nii.gz", labels())
    image = nifti(tmp_path / "m.nii.gz", scan(shape=(9, 8, 7, 4))).name
    with pytest.raises(ImageError, match=r"one 2D or 3D image, got shape \(9, 8, 7, 4\)"):
        open_pair(pair(tmp_path, image=image))


def picture(path: Path, values: NDArray[np.uint8]) -> str:
    """A PNG or JPEG file by Pillow."""
    Pillow.fromarray(values).save(path)
    return path.name


def test_pictures_of_0_and_255_are_one_structure(tmp_path: Path) -> None:
    """Named as it was said, whatever number was said to be in the file."""
    mask = (labels((9, 8)) > 1).astype(np.uint8) * np.uint8(255)
    picture(tmp_path / "l.png", mask)
    image = picture(tmp_path / "i.png", labels((9, 8)))
    for structures, name in (((), "object"), ((Structure(name="x", values=()),), "x")):
        opened = open_pair(pair(tmp_path, *structures, image=image, label="l.png"))
        np.testing.assert_array_equal(masks(opened)[name], mask > 0)
        assert opened.notes == ()
    said = pair(tmp_path, Structure(name="y", values=(1,)), image=image, label="l.png")
    opened = open_pair(said)
    np.testing.assert_array_equal(masks(opened)["y"], mask > 0)
    assert opened.notes == ("l.png is 0 and 255: taken as y",)


@pytest.mark.parametrize(("name", "message"), [("l.png", "colour picture"), ("l.jpg", "is JPEG")])
def test_pictures_that_cannot_be_labels_are_refused(
    name: str, message: str, tmp_path: Path
) -> None:
    """Colours; grey that a camera's format has blurred."""
    image = picture(tmp_path / "i.png", labels((9, 8)))
    values = np.zeros((9, 8, 3), np.uint8)
    values[3:] = (255, 0, 0) if name == "l.png" else 1
    with pytest.raises(ImageError, match=message):
        open_pair(pair(tmp_path, label=picture(tmp_path / name, values), image=image))


def test_a_case_of_the_challenge_is_a_pair(tmp_path: Path) -> None:
    """On the axes of its array."""
    np.savez(tmp_path / "a.npz", imgs=scan(), gts=labels(), spacing=[1.0, 2.0, 3.0])
    opened = open_pair(find_pairs(tmp_path).pairs[0])
    assert opened.image.grid.spacing_mm == (3.0, 2.0, 1.0)
    np.testing.assert_array_equal(masks(opened)["label 2"], labels() == 2)
    case = ChallengeCase(image=read_image(tmp_path / "a.npz"), truth=labels()[:, :, ::-1])
    write_case(tmp_path / "a.npz", case)
    opened = open_pair(find_pairs(tmp_path).pairs[0], only=["label 2"])
    np.testing.assert_array_equal(masks(opened)["label 2"], labels()[:, :, ::-1] == 2)


def test_real_scans_and_their_labels_are_opened(data: Path, scans: Path, tmp_path: Path) -> None:
    """A brain with a lesion, nuclei in 2D and 3D, organs in a CT."""
    rows = [
        (data / "brain1_image.nrrd", data / "brain1_label.nrrd", "lesion=1"),
        (data / "img2d.tif", data / "mask2d.tif", ""),
        (data / "img3d.tif", data / "mask3d.tif", ""),
        (scans / "example_mr_sm.nii.gz", scans / "example_seg_mr.nii.gz", ""),
    ]
    for image, label, structures in rows:
        text = f"image,label,structures\n{image},{label},{structures}\n"
        (tmp_path / "t.csv").write_text(text)
        (found,) = find_pairs(tmp_path / "t.csv").pairs
        opened = open_pair(found)
        assert opened.targets
        counts = [target.patch.count for target in opened.targets]
        assert min(counts) > 0
        assert all(t.patch.whole == opened.image.grid.shape for t in opened.targets)


def test_a_missing_file_is_an_error_of_ours(tmp_path: Path) -> None:
    """Which names it."""
    nifti(tmp_path / "l.nii.gz", labels())
    with pytest.raises(VesalError, match=r"gone\.nii"):
        open_pair(pair(tmp_path, image="gone.nii"))
    with pytest.raises(VesalError, match=r"gone\.nii"):
        open_pair(pair(tmp_path, label="gone.nii"))
