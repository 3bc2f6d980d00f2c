"""Tests of the challenge's loop: vesal.evaluation.protocols.together, replies, challenge."""

import shutil
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from tests.evaluation.painter import Painter, Painting
from tests.evaluation.test_play import START
from vesal.arrays import LabelArray
from vesal.datasets.challenge import ChallengeCase, read_case, write_case
from vesal.datasets.open import open_pair
from vesal.datasets.opened import Opened
from vesal.datasets.pair import LabelFile, Pair
from vesal.errors import ConfigError
from vesal.evaluation.answering import answer, answer_folder
from vesal.evaluation.item import items_of
from vesal.evaluation.method import Method
from vesal.evaluation.protocols.challenge import CVPR_2025, area, boxes_of, click_in
from vesal.evaluation.protocols.together import play_together
from vesal.evaluation.results import Result
from vesal.evaluation.surface import surface_dice
from vesal.evaluation.user import clicked
from vesal.geometry import Grid, Patch
from vesal.images import Image
from vesal.inference.boxes import within
from vesal.prompts import Box, Click
from vesal.prompts.simulate_challenge import challenge_box, challenge_click

SHAPE = (14, 40, 48)
SPACING = (5.0, 0.8, 0.9)  # z, y, x


def truth_map() -> LabelArray:
    """Two ellipsoids and a small block at the border."""
    z, y, x = np.mgrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    labels = np.zeros(SHAPE, np.uint8)
    labels[((z - 5) / 4) ** 2 + ((y - 14) / 9) ** 2 + ((x - 16) / 10) ** 2 <= 1] = 1
    labels[((z - 9) / 3) ** 2 + ((y - 28) / 7) ** 2 + ((x - 34) / 8) ** 2 <= 1] = 2
    labels[:3, 36:, 2:9] = 3
    return labels


def case_file(folder: Path, *, boxes: bool = True) -> Path:
    """A case of the challenge with three objects."""
    folder.mkdir(exist_ok=True)
    labels = truth_map()
    affine = np.diag([1.0, 1, 1, 1])
    affine[:3, :3] = np.array([[0, 0, -SPACING[2]], [0, -SPACING[1], 0], [SPACING[0], 0, 0]])
    image = Image(
        array=np.random.default_rng(0).integers(0, 256, SHAPE).astype(np.uint8),
        grid=Grid(shape=SHAPE, affine=affine),
    )
    made = [challenge_box(labels == n, np.random.default_rng(n)) for n in (1, 2, 3)]
    given = tuple(box for box in made if box)
    path = folder / "case.npz"
    write_case(path, ChallengeCase(image=image, truth=labels, boxes=given if boxes else ()))
    return path


def opened(path: Path) -> Opened:
    """The case with its labels."""
    return open_pair(Pair(name="case", image=path, labels=(LabelFile(path=path),)))


def played(method: Method, path: Path) -> Result:
    """What comes of it."""
    return play_together(method, opened(path), CVPR_2025, START)


def organisers(path: Path, radius_mm: float, *, boxes: bool = True) -> dict[str, list[float]]:
    """The organisers' loop, written again from its description and with its own arrays."""
    with np.load(path, allow_pickle=True) as file:
        gts, spacing = file["gts"], tuple(file["spacing"])
        given = list(file["boxes"]) if boxes else []
    painter = Painter(radius_mm)
    image = read_case(path).image
    trials: dict[int, Painting] = {}
    segs = np.zeros_like(gts)
    scores: dict[str, list[float]] = {"dice": [], "nsd": [], "nsd as stored": []}
    for number in range(6):
        if number == 0 and not boxes:
            for values in scores.values():
                values.append(0.0)
            continue
        answers = {}
        for label in (1, 2, 3):
            trial = trials.setdefault(label, painter.begin(image))
            if number == 0:
                b = given[label - 1]
                low = (b["z_min"], b["z_mid_y_min"], b["z_mid_x_min"])
                high = (b["z_max"], b["z_mid_y_max"], b["z_mid_x_max"])
                trial.mask = np.zeros(SHAPE, bool)
                trial.mask[tuple(slice(a, c + 1) for a, c in zip(low, high, strict=True))] = True
            else:
                placed = challenge_click(gts == label, segs == label)
                if placed is not None:
                    world = image.grid.to_world(np.array([placed[0]], np.float64))[0]
                    trial.add([Click(point_mm=tuple(world), positive=placed[1])])
            answers[label] = trial.mask
        segs = np.zeros_like(gts)
        for label, mask in answers.items():
            segs[mask] = label
        both = [(segs == n, gts == n) for n in (1, 2, 3)]
        dice = np.mean([2 * (a & b).sum() / (a.sum() + b.sum()) for a, b in both])
        scores["dice"].append(float(dice))
        right = spacing[::-1]
        for name, order in (("nsd", right), ("nsd as stored", spacing)):
            value = np.mean([monai_nsd(a, b, order) for a, b in both]) if dice > 0.2 else 0.0
            scores[name].append(float(value))
    return scores


def monai_nsd(mask: np.ndarray, truth: np.ndarray, spacing: tuple[float, ...]) -> float:
    """Surface Dice within 2 mm as MONAI has it from DeepMind's surface-distance."""
    import torch
    from monai.metrics import compute_surface_dice  # type: ignore[attr-defined]

    a, b = (torch.from_numpy(np.pad(m, 1))[None, None] for m in (mask, truth))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = compute_surface_dice(
            a,
            b,
            [2.0],
            include_background=True,
            spacing=[float(s) for s in spacing],
            use_subvoxels=True,
        )
    return float(torch.nan_to_num(found))


@pytest.mark.parametrize("boxes", [True, False], ids=["with boxes", "without"])
def test_the_loop_is_that_of_the_organisers(tmp_path: Path, boxes: bool) -> None:
    """Round by round the same Dice and NSD in both orders of spacing, which differ."""
    path = case_file(tmp_path / "npz", boxes=boxes)
    expected = organisers(path, 4.0, boxes=boxes)
    found = played(Painter(4.0), path).tables
    assert found is not None
    assert found["dice"] == pytest.approx(expected["dice"], abs=1e-9)
    assert found["nsd"] == pytest.approx(expected["nsd"], abs=1e-6)
    assert found["nsd as stored"] == pytest.approx(expected["nsd as stored"], abs=1e-6)
    assert max(abs(a - b) for a, b in zip(found["nsd"], found["nsd as stored"], strict=True)) > 0.01
    assert found["dice"][-1] > 0.3


def test_each_object_has_its_rows_on_the_common_map(tmp_path: Path) -> None:
    """Six rounds each; where answers overlap the later object has the voxel."""
    result = played(Painter(12.0), case_file(tmp_path / "npz"))
    assert [len(one.rows) for one in result.found] == [6, 6, 6]
    assert [one.rows[0].prompt for one in result.found] == ["box"] * 3
    total = sum(one.mask.count for one in result.found)
    whole = result.found[0].mask.union(result.found[1].mask).union(result.found[2].mask)
    assert whole.count == total


def test_an_object_that_is_right_gets_no_click(tmp_path: Path) -> None:
    """A block that its box fills: nothing is said of it, and it keeps its mask."""
    path = case_file(tmp_path / "npz")
    case = read_case(path)
    truth = case.truth
    assert truth is not None
    box = case.boxes[2]
    tight = replace(box, z_mid_x_min=2, z_mid_x_max=8, z_mid_y_min=36, z_mid_y_max=39)
    write_case(path, replace(case, boxes=(*case.boxes[:2], tight)))
    rows = played(Painter(2.0), path).found[2].rows
    assert [row.dice for row in rows] == [1.0] * 6
    assert [row.prompt for row in rows[1:]] == [""] * 5
    assert rows[-1].clicks == 0


def test_a_volume_that_is_no_npz_is_turned_to_z_y_x(tmp_path: Path) -> None:
    """The same voxels with their axes the other way round: the same clicks, the same scores."""
    path = case_file(tmp_path / "npz", boxes=False)
    case = opened(path)
    grid = case.image.grid
    order = [2, 1, 0, 3]
    turned = Grid(shape=grid.shape[::-1], affine=grid.affine[:, order])
    image = Image(array=np.ascontiguousarray(case.image.array.T), grid=turned)
    targets = tuple(
        replace(t, patch=Patch.of(np.ascontiguousarray(t.patch.full().T))) for t in case.targets
    )
    other = replace(case, image=image, targets=targets)
    seen = np.zeros(SHAPE, np.bool_)
    for one, two in zip(items_of(case, "whole"), items_of(other, "whole"), strict=True):
        here, there = click_in(one, seen), click_in(two, seen.T.copy())
        assert here is not None
        assert there is not None
        assert here.prompts == there.prompts  # in world mm
        assert clicked(here.words)[0] == clicked(there.words)[0][::-1]  # type: ignore[index]
    for said, target in zip(boxes_of(other), targets, strict=True):
        assert said is not None
        (box,) = said.prompts
        assert isinstance(box, Box)
        held, middle = within(turned, box), target.patch.full()
        count = middle.sum(axis=(0, 1))
        z = int(np.flatnonzero(count)[len(np.flatnonzero(count)) // 2])
        assert not (middle[..., z] & ~held[..., z]).any()  # all of its middle slice is in the box
        assert held.any(axis=(0, 1)).tolist() == middle.any(axis=(0, 1)).tolist()


def test_a_failing_method_is_an_empty_mask_and_the_others_go_on(tmp_path: Path) -> None:
    """Not the last answer again, as in the organisers' script."""
    result = played(Painter(4.0, fails_at=3), case_file(tmp_path / "npz"))
    for one in result.found[:2]:
        assert [row.status for row in one.rows] == ["done"] * 2 + ["failed"] * 4
        assert [row.dice > 0 for row in one.rows] == [True] * 2 + [False] * 4
        assert one.mask.is_empty


def test_boxes_of_other_objects_are_refused(tmp_path: Path) -> None:
    """Where only some of the objects are chosen, boxes cannot be told apart."""
    path = case_file(tmp_path / "npz")
    case = opened(path)
    with pytest.raises(ConfigError, match="boxes for 3 objects, but 2"):
        play_together(Painter(), replace(case, targets=case.targets[1:]), CVPR_2025, START)


def test_a_raster_is_no_case(tmp_path: Path) -> None:
    """The problem is told, nothing is scored."""
    image = Image(array=np.zeros((4, 5)), grid=Grid(shape=(4, 5), affine=np.eye(3)))
    case = Opened(pair=Pair(name="flat", image=tmp_path), image=image, targets=())
    assert "needs volumes" in play_together(Painter(), case, CVPR_2025, START).problem


def test_the_area_is_of_the_five_clicks_alone() -> None:
    """By trapezoids, at most 4: worked by hand."""
    assert area([0.9, 0.2, 0.4, 0.6, 0.8, 1.0]) == pytest.approx(0.1 + 0.4 + 0.6 + 0.8 + 0.5)
    assert area([0.0, *[1.0] * 5]) == 4
    assert area([1.0, *[0.0] * 5]) == 0


class FromOutside:
    """A submission that answers like a painter, from what is in the file alone."""

    name, identity, prompts = "from outside", "", ("point", "box")

    def __init__(self, folder: Path, radius_mm: float) -> None:
        self.folder, self.radius_mm = folder, radius_mm

    def begin(self, image: Image) -> object:
        """Never asked."""
        raise AssertionError

    def answer(self, case: ChallengeCase) -> LabelArray:
        """Through files and back, as docker would."""
        for name in ("in", "out"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
            (self.folder / name).mkdir()
        write_case(self.folder / "in" / "one.npz", case)
        made = answer_folder(self.folder / "in", self.folder / "out", Painter(self.radius_mm))
        (written,) = made.written
        with np.load(written) as file:
            return np.asarray(file["segs"])


@pytest.mark.parametrize("boxes", [True, False], ids=["with boxes", "without"])
def test_a_submission_gets_what_the_organisers_write_and_answers_the_same(
    tmp_path: Path, boxes: bool
) -> None:
    """Without memory between the rounds, from npz files; the same rows as from inside."""
    path = case_file(tmp_path / "npz", boxes=boxes)
    inside = played(Painter(4.0), path)
    outside = played(FromOutside(tmp_path, 4.0), path)  # type: ignore[arg-type]
    assert outside.tables is not None
    assert inside.tables is not None
    for name in ("dice", "nsd"):
        assert outside.tables[name] == inside.tables[name]
    for one, other in zip(inside.found, outside.found, strict=True):
        assert [r.prompt for r in one.rows] == [r.prompt for r in other.rows]
        assert one.mask == other.mask


def test_a_case_without_anything_said_is_empty(tmp_path: Path) -> None:
    """Neither box nor click: nothing is asked."""
    case = replace(read_case(case_file(tmp_path / "npz", boxes=False)), truth=None)
    assert not answer(case, Painter()).any()
    assert ndimage.label(answer(case, Painter()))[1] == 0


def test_the_order_of_spacing_matters_on_thick_slices() -> None:
    """One slice of 5 mm off: the organisers see nothing of it (docs/evaluation.md has the 0.16)."""
    z, y, x = np.mgrid[:40, :128, :128]
    truth = ((z - 20) / 10) ** 2 + ((y - 64) / 40) ** 2 + ((x - 64) / 30) ** 2 <= 1
    moved = np.roll(truth, 1, 0)
    right, stored = (surface_dice(moved, truth, s, 2.0) for s in ((5.0, 0.8, 0.8), (0.8, 0.8, 5.0)))
    assert stored == 1.0
    assert right == pytest.approx(0.839, abs=0.001)
