"""Tests of vesal.curation.sam_med2d: from cases to a data set that can be read again."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow
from scipy import ndimage

from tests.curation.cases import opened, ras, raster
from vesal.curation.row import Row
from vesal.curation.sam_med2d import SamMed2dRules
from vesal.curation.sam_med2d_thresholds import Thresholds
from vesal.datasets import LabelFile, Opened, Pair, Structure, find_pairs, open_pair
from vesal.errors import ConfigError, ResourceError
from vesal.labels import open_labels

ALL = Thresholds(least_share=0.0)


def ball(shape: tuple[int, ...], centre: tuple[int, ...], radius: float) -> NDArray[np.bool_]:
    """A ball, or a disc."""
    index = np.indices(shape)
    away = [(axis - middle) ** 2 for axis, middle in zip(index, centre, strict=True)]
    return np.asarray(sum(away) <= radius**2)


def case(**facts: str) -> Opened:
    """A volume of 20 by 24 by 22 with a ball and a pair of smaller ones."""
    shape = (20, 24, 22)
    values = np.random.default_rng(0).integers(-1000, 1000, shape).astype(np.int16)
    pair = ball(shape, (4, 5, 6), 3) | ball(shape, (14, 18, 6), 2)
    masks = {"liver": ball(shape, (10, 12, 11), 5), "kidney": pair}
    return opened(values, ras(*shape), masks, **facts)


def rules(thresholds: Thresholds = ALL) -> SamMed2dRules:
    """Rules that know the structures of the case."""
    return SamMed2dRules(thresholds=thresholds).prepare({"Set": ["liver", "kidney"]})


def pixels(path: Path) -> NDArray[np.uint8]:
    """A picture, by Pillow alone."""
    return np.array(Pillow.open(path))


def test_every_mask_is_the_cut_of_its_structure(tmp_path: Path) -> None:
    """All masks of a class on a slice are together what SciPy would cut out, in pieces."""
    one = case()
    rows = rules().curate(one, "train", tmp_path)
    for target, number in zip(one.targets, (2, 1), strict=True):  # in alphabetical order
        upright = target.patch.full()
        for name, axis in zip("xyz", range(3), strict=True):
            for page in range(upright.shape[axis]):
                cut = np.take(upright, page, axis).T[::-1, ::-1]
                stem = f"ct_00--Set--case_1--{name}_{page:04d}--{number:04d}"
                masks = [pixels(path) for path in sorted(tmp_path.glob(f"masks/{stem}_*.png"))]
                assert len(masks) == ndimage.label(cut, np.ones((3, 3)))[1]
                if masks:
                    assert set(np.unique(masks)) == {0, 255}
                    assert np.array_equal(np.sum(masks, axis=0), cut * 255)
    assert {row.reason for row in rows} == {""}
    assert sum(row.voxels for row in rows) == 3 * sum(t.patch.count for t in one.targets)


def test_images_are_cuts_of_the_whole_range(tmp_path: Path) -> None:
    """Only those that have a mask, the head or the front on top."""
    one = case()
    rows = rules().curate(one, "train", tmp_path)
    array = one.image.array.astype(np.float64)
    bits = np.rint((array - array.min()) / (array.max() - array.min()) * 255)
    written = sorted(path.name for path in tmp_path.glob("images/*"))
    assert written == sorted({Path(row.image).name for row in rows})
    for axis, name, page in ((2, "z", 11), (0, "x", 10), (1, "y", 12)):
        cut = np.take(bits, page, axis).T[::-1, ::-1]
        picture = tmp_path / f"images/ct_00--Set--case_1--{name}_{page:04d}.png"
        assert np.array_equal(pixels(picture), cut)


def test_a_row_says_what_was_measured(tmp_path: Path) -> None:
    """Of a kept mask and of one that is too small."""
    thresholds = Thresholds(least_share=0.03, axes=("z",))
    rows = rules(thresholds).curate(case(), "test", tmp_path)
    kept, small = (
        next(r for r in rows if r.structure == "kidney" and r.reason == w) for w in ("", "area")
    )
    stem = "ct_00--Set--case_1--z_0004"
    assert kept == Row(
        case="case_1", patient="case_1", dataset="Set", modality="CT", part="test",
        structure="kidney", piece="z_0004", image=f"images/{stem}.png",
        mask=f"masks/{stem}--0001_000.png", shape=(24, 20), spacing_mm=(1.0, 1.0),
        voxels=21, volume_mm3=21.0, share=21 / 480, pieces=2,
    )  # fmt: skip
    assert (small.piece, small.voxels, small.image, small.mask) == ("z_0003", 1, "", "")
    assert small.detail == "1 pixels are 0.208 % of the slice, at least 3.000 % is asked for"


def test_instances_count_what_is_kept(tmp_path: Path) -> None:
    """Two targets of one class on one slice share the count."""
    shape = (16, 16, 3)
    flat = np.zeros(shape, np.bool_)
    first, second = flat.copy(), flat.copy()
    first[1:6, 1:6], first[10, 10] = True, True
    second[10:15, 1:6] = True
    masks = {"cyst (rater 1)": first, "cyst (rater 2)": second}
    values = np.arange(flat.size, dtype=np.int16).reshape(shape)
    thresholds = Thresholds(least_share=0.01, axes=("z",))
    ready = SamMed2dRules(thresholds=thresholds).prepare({"Set": ["cyst"]})
    rows = ready.curate(opened(values, ras(*shape), masks), "train", tmp_path)
    names = sorted(Path(row.mask).stem[-11:] for row in rows if row.mask)
    assert names == [f"{page}--0001_{n:03d}" for page in range(3) for n in range(2)]
    assert Counter(row.reason for row in rows) == {"": 6, "area": 3}


def test_narrow_axes_are_left_out_as_one(tmp_path: Path) -> None:
    """Slices across thick ones; in mm they are kept."""
    shape = (20, 20, 6)
    values = np.random.default_rng(0).integers(0, 99, shape).astype(np.int16)
    one = opened(
        values, ras(*shape, spacing_mm=(1.0, 1.0, 4.0)), {"liver": ball(shape, (9, 9, 3), 2)}
    )
    rows = rules().curate(one, "train", tmp_path)
    assert [(r.piece, r.reason, r.voxels) for r in rows[:2]] == [
        ("x", "edge", 33),
        ("y", "edge", 33),
    ]
    assert all(row.piece.startswith("z_") and not row.reason for row in rows[2:])
    in_mm = Thresholds(least_share=0.0, edges_in_mm=True)
    assert not any(row.reason for row in rules(in_mm).curate(one, "train", tmp_path))


def test_every_nth_slice_and_blank_ones(tmp_path: Path) -> None:
    """Numbers that 3 divides; slices beyond the field of view, where the patient is black."""
    one = case()
    values = one.image.array.copy()
    values[:, :, :9] = -1024
    dark = opened(values, one.image.grid, {"liver": one.targets[0].patch.full()})
    thresholds = Thresholds(least_share=0.0, axes=("z",), every=3, drop_blank=True)
    rows = rules(thresholds).curate(dark, "train", tmp_path)
    assert [(row.piece, row.reason) for row in rows] == [
        ("z_0006", "blank"), ("z_0009", ""), ("z_0012", ""), ("z_0015", ""),
    ]  # fmt: skip
    assert len(list(tmp_path.glob("images/*"))) == 3


def test_pictures_keep_their_colours_and_any_edges(tmp_path: Path) -> None:
    """Neither axes nor edges nor steps are asked about; there is no spacing."""
    colours = np.random.default_rng(0).integers(0, 200, (8, 40, 3)).astype(np.uint8)
    mask = ball((8, 40), (4, 20), 3)
    one = opened(colours, raster(8, 40), {"liver": mask}, modality="ENDOSCOPY")
    thresholds = Thresholds(axes=("x",), every=7)
    (row,) = rules(thresholds).curate(one, "train", tmp_path)
    assert row.image == "images/endoscopy_00--Set--case_1--2d_none.png"
    assert (row.piece, row.spacing_mm, row.volume_mm3) == ("", (), 0.0)
    assert np.array_equal(pixels(tmp_path / row.image), colours)
    assert np.array_equal(pixels(tmp_path / row.mask) > 0, mask)


def test_cases_that_give_nothing_have_a_row(tmp_path: Path) -> None:
    """No label, and an image without contrast; nothing is written."""
    grid = ras(4, 4, 4)
    values = np.arange(64, dtype=np.int16).reshape(4, 4, 4)
    (empty,) = rules().curate(opened(values, grid, {}), "train", tmp_path)
    flat = opened(values * 0, grid, {"liver": values > 9})
    (blank,) = rules().curate(flat, "train", tmp_path)
    assert [(row.structure, row.reason) for row in (empty, blank)] == [("", "empty"), ("", "blank")]
    assert not list(tmp_path.iterdir())


def test_what_is_read_again_is_what_was_curated(tmp_path: Path) -> None:
    """Pairs, parts, patients, names of classes and every pixel."""
    ready = rules()
    rows = ready.curate(case(patient="anna"), "train", tmp_path)
    rows += ready.curate(case(name="case_2", modality="MR"), "test", tmp_path)
    ready.finish(rows, tmp_path)
    pairs = {pair.name: pair for pair in find_pairs(tmp_path).pairs}
    assert len(pairs) == len({row.image for row in rows})
    for image in {row.image for row in rows}:
        pair = pairs[Path(image).stem]
        of_image = [row for row in rows if row.image == image]
        assert (pair.part, pair.patient) == (of_image[0].part, of_image[0].patient)
        assert (pair.modality, pair.dataset) == (of_image[0].modality, "Set")
        read = open_pair(pair)
        counts = Counter({t.name.split()[0]: 0 for t in read.targets})
        for target in read.targets:
            counts[target.name.split()[0]] += target.patch.count
        wanted: Counter[str] = Counter()
        for row in of_image:
            wanted[row.structure] += row.voxels
        assert counts == wanted


def test_lists_are_in_the_shapes_of_the_reference(tmp_path: Path) -> None:
    """image2label from images to masks, label2image back, from the folder of the lists on."""
    ready = rules()
    rows = ready.curate(case(), "train", tmp_path)
    (tmp_path / "image2label_test.json").write_text("{}")  # of an earlier run
    ready.finish(rows, tmp_path)
    masks = json.loads((tmp_path / "image2label_train.json").read_text())
    assert masks == json.loads((tmp_path / "SAMed2D_v1.json").read_text())
    assert {(image, mask) for image, inside in masks.items() for mask in inside} == {
        (row.image, row.mask) for row in rows
    }
    turned = json.loads((tmp_path / "label2image_train.json").read_text())
    assert all(mask in masks[image] for mask, image in turned.items())
    assert all((tmp_path / name).is_file() for name in [*masks, *turned])
    classes = json.loads((tmp_path / "SAMed2D_v1_class_mapping_id.json").read_text())
    assert classes == {"Set": {"kidney": 1, "liver": 2}}
    names = {path.name for path in tmp_path.glob("*.json")}
    assert "image2label_test.json" not in names
    assert "SAMed2D_v1_patient_mapping.json" not in names


def test_nothing_depends_on_the_order_of_cases(tmp_path: Path) -> None:
    """Byte for byte, and after a second time."""
    contents = []
    for number, order in enumerate((["a", "b"], ["b", "a"])):
        output = tmp_path / str(number)
        names = [{"a": "liver", "b": "kidney"}[name] for name in order]
        ready = SamMed2dRules(thresholds=ALL).prepare({"Set": names})
        cases = [case(name=name) for name in order]
        rows = [row for one in cases for row in ready.curate(one, "train", output)]
        ready.curate(cases[0], "train", output)  # once more
        ready.finish(tuple(sorted(rows, key=lambda row: row.case)), output)
        files = sorted(path for path in output.rglob("*") if path.is_file())
        contents.append({path.relative_to(output): path.read_bytes() for path in files})
    assert contents[0] == contents[1]


def test_two_cases_of_one_name_are_refused(tmp_path: Path) -> None:
    """Data sets whose names differ in what files cannot hold."""
    ready = SamMed2dRules(thresholds=ALL).prepare({"Set": ["liver", "kidney"]})
    rows = ready.curate(case(), "train", tmp_path) + ready.curate(
        case(dataset="Set."), "train", tmp_path
    )
    with pytest.raises(ConfigError, match=r"'case_1' of 'Set' and 'case_1' of 'Set\.' would both"):
        ready.finish(rows, tmp_path)


def test_a_structure_that_nobody_foresaw_is_refused(tmp_path: Path) -> None:
    """And a folder that is not there."""
    with pytest.raises(ConfigError, match="'liver' of data set 'Set' has no class number"):
        SamMed2dRules(thresholds=ALL).curate(case(), "train", tmp_path)
    with pytest.raises(ResourceError, match="does not exist; make it first"):
        rules().curate(case(), "train", tmp_path / "a" / "b")


def test_real_nuclei_come_back_as_they_were(tmp_path: Path, data: Path) -> None:
    """Each one that is whole and large enough, of a microscope's picture."""
    labels = LabelFile(path=data / "mask2d.tif")
    pair = Pair(name="img2d", image=data / "img2d.tif", labels=(labels,), modality="MICROSCOPY")
    opened = open_pair(pair)
    ready = SamMed2dRules().prepare({"": [target.name for target in opened.targets]})
    rows = ready.curate(opened, "train", tmp_path)
    ready.finish(rows, tmp_path)
    (read,) = find_pairs(tmp_path).pairs
    assert np.array_equal(open_pair(read).image.array, open_pair(pair).image.array)
    truth = open_labels(data / "mask2d.tif").array
    for target in open_pair(read).targets:
        number = int(target.name.removeprefix("label ").split()[0])
        inside = truth[target.patch.full()]
        assert (inside == number).all()
    kept = [int((truth == n).sum()) for n in np.unique(truth) if n]
    assert sum(count >= 400 for count in kept) <= len(open_pair(read).targets) <= len(kept)


def test_a_real_ct_is_sliced_along_three_axes(tmp_path: Path, scans: Path) -> None:
    """A total segmentation: axial masks of the liver are those of the file, seen from below."""
    labels = LabelFile(
        path=scans / "example_seg_fast_force_split.nii.gz",
        structures=(Structure(name="liver", values=(5,)),),
    )
    pair = Pair(
        name="ct", image=scans / "example_ct.nii.gz", labels=(labels,), modality="CT", dataset="TS"
    )
    ready = SamMed2dRules(thresholds=Thresholds(every=8)).prepare({"TS": ["liver"]})
    rows = ready.curate(open_pair(pair), "train", tmp_path)
    assert {row.piece[0] for row in rows} == {"x", "y", "z"}
    truth = open_labels(labels.path).array == 5  # its axes are RAS already
    for row in rows:
        if row.piece.startswith("z_") and row.pieces == 1 and row.mask:
            cut = truth[:, :, int(row.piece[2:])].T[::-1, ::-1]
            assert np.array_equal(pixels(tmp_path / row.mask) > 0, cut)
