"""The metrics against MONAI and MedPy, which share no code with ours.

Where an oracle is less precise than 1e-6 this file says so; MedPy's distances (SciPy's, in double
precision) then hold that bar. What was found with MONAI 1.6.1 and MedPy 0.5.2:

* MONAI answers in float32: 1.8e-7 off in surface Dice and mean distances, relative to the value.
* Its percentile (torch.quantile) computes the rank itself in float32 too: 1.1e-6 off for HD95 of
  masks as small as these, more for more border voxels and larger steps between distances.
* Its crop pads by a voxel, so that borders along the edge of the array count, as ours do.
* Both answer NaN or stop where a mask is empty; those cases are compared nowhere.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.evaluation.pairs import AWKWARD, Spacing, both_hold_something, mask_pairs
from vesal.arrays import MaskArray
from vesal.evaluation.distance import assd_mm, hd95_mm
from vesal.evaluation.metrics import dice, iou, volume_error
from vesal.evaluation.surface import surface_dice

# of MONAI's own doing, in its newest release
pytestmark = pytest.mark.filterwarnings("ignore:monai.metrics.utils get_mask_edges")

Drawn = tuple[MaskArray, MaskArray, Spacing]
BAR = 1e-6
RANK = 5e-5  # of a percentile in float32, see above


@dataclass(frozen=True, slots=True, kw_only=True)
class Oracles:
    """The two packages, loaded once: it takes MONAI seconds."""

    metrics: Any
    binary: Any
    torch: Any

    def monai(self, name: str, drawn: Drawn, **options: Any) -> float:
        """A metric of MONAI on one pair."""
        mask, truth = (self.torch.from_numpy(m.astype(np.float32))[None, None] for m in drawn[:2])
        found = getattr(self.metrics, f"compute_{name}")(mask, truth, **options)
        return float(found.squeeze())

    def gaps(self, drawn: Drawn) -> list[NDArray[np.float64]]:
        """MedPy's distances of border voxels, both ways."""
        mask, truth, spacing = drawn
        directed = getattr(self.binary, "__surface_distances")
        return [directed(mask, truth, spacing), directed(truth, mask, spacing)]


@pytest.fixture(scope="module")
def oracles() -> Oracles:
    """MONAI and MedPy, whatever they warn of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        metrics = pytest.importorskip("monai.metrics", reason="needs monai: the dev extra")
        binary = pytest.importorskip("medpy.metric.binary", reason="needs medpy: the dev extra")
        import torch
    return Oracles(metrics=metrics, binary=binary, torch=torch)


def compare_counts(oracles: Oracles, drawn: Drawn) -> None:
    """Dice, IoU and volume error."""
    mask, truth, _ = drawn
    for found in (oracles.binary.dc(mask, truth), oracles.monai("dice", drawn)):
        assert dice(mask, truth) == pytest.approx(float(found), abs=BAR)
    for found in (oracles.binary.jc(mask, truth), oracles.monai("iou", drawn)):
        assert iou(mask, truth) == pytest.approx(float(found), abs=BAR)
    assert volume_error(mask, truth) == pytest.approx(
        float(oracles.binary.ravd(mask, truth)), abs=BAR
    )
    # MONAI has no volume error: by the two numbers that its confusion matrix counts
    pair = [oracles.torch.from_numpy(m.astype(np.float32))[None, None] for m in (mask, truth)]
    hit, extra, _, missed = oracles.metrics.get_confusion_matrix(*pair).squeeze().tolist()
    by_counts = (extra - missed) / (hit + missed)
    assert volume_error(mask, truth) == pytest.approx(by_counts, abs=BAR)


def compare_borders(oracles: Oracles, drawn: Drawn) -> None:
    """HD95 and ASSD."""
    gaps, spacing = oracles.gaps(drawn), drawn[2]
    farthest = max(float(np.percentile(gap, 95)) for gap in gaps)
    assert hd95_mm(*drawn) == pytest.approx(farthest, abs=BAR)
    assert assd_mm(*drawn) == pytest.approx(float(np.concatenate(gaps).mean()), abs=BAR)
    options: dict[str, Any] = {"include_background": True, "spacing": spacing}
    found = oracles.monai("hausdorff_distance", drawn, percentile=95, **options)
    assert hd95_mm(*drawn) == pytest.approx(found, rel=RANK, abs=BAR)
    found = oracles.monai("average_surface_distance", drawn, symmetric=True, **options)
    assert assd_mm(*drawn) == pytest.approx(found, rel=BAR, abs=BAR)


def compare_surfaces(oracles: Oracles, drawn: Drawn, tolerance_mm: float) -> None:
    """Surface Dice; `test_surface.py` has DeepMind's own numbers, in double precision."""
    found = oracles.monai(
        "surface_dice",
        drawn,
        class_thresholds=[tolerance_mm],
        spacing=drawn[2],
        include_background=True,
        use_subvoxels=True,
    )
    assert surface_dice(*drawn, tolerance_mm) == pytest.approx(found, abs=BAR)


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_pairs_are_measured_as_by_others(name: str, oracles: Oracles) -> None:
    """Speckle, shells, lines, single voxels, what touches the array's border."""
    drawn = AWKWARD[name]
    compare_counts(oracles, drawn)
    compare_borders(oracles, drawn)
    for tolerance_mm in (0.0, 1.0, 2.5):
        compare_surfaces(oracles, drawn, tolerance_mm)


@settings(deadline=None, max_examples=60)
@given(drawn=mask_pairs().filter(both_hold_something))
def test_drawn_masks_are_counted_as_by_others(drawn: Drawn, oracles: Oracles) -> None:
    """Dice, IoU and volume error within 1e-6 of MedPy's and MONAI's."""
    compare_counts(oracles, drawn)


@settings(deadline=None, max_examples=60)
@given(drawn=mask_pairs().filter(both_hold_something))
def test_borders_of_drawn_masks_are_as_far_apart_as_by_others(
    drawn: Drawn, oracles: Oracles
) -> None:
    """HD95 and ASSD within 1e-6 of MedPy's distances, and as near MONAI's as float32 goes."""
    compare_borders(oracles, drawn)


@settings(deadline=None, max_examples=60)
@given(drawn=mask_pairs().filter(both_hold_something), tolerance_mm=st.sampled_from([0, 1, 1.7]))
def test_surfaces_of_drawn_masks_agree_as_by_others(
    drawn: Drawn, tolerance_mm: float, oracles: Oracles
) -> None:
    """Surface Dice within 1e-6 of MONAI's by subvoxels."""
    compare_surfaces(oracles, drawn, float(tolerance_mm))


def test_where_definitions_differ_ours_are_those_of_metrics_reloaded(oracles: Oracles) -> None:
    """MedPy's assd is ours; its hd95 puts both directions together before it counts to 95 %."""
    for name in ("a stray voxel", "nested shells", "disjoint", "five specks"):
        drawn = AWKWARD[name]
        pooled = float(np.percentile(np.concatenate(oracles.gaps(drawn)), 95))
        assert float(oracles.binary.hd95(*drawn)) == pytest.approx(pooled)
        assert float(oracles.binary.assd(*drawn)) == pytest.approx(assd_mm(*drawn), abs=BAR)
    assert (
        float(oracles.binary.hd95(*AWKWARD["five specks"])) == 0 < hd95_mm(*AWKWARD["five specks"])
    )
