"""Rows made by hand, whose sums can be done in the head."""

from collections.abc import Sequence
from dataclasses import replace

from vesal.evaluation.report.about import About, ModelFacts
from vesal.evaluation.row import Row

START = Row(
    model="ours",
    variant="error centre",
    case="scan",
    patient="",
    dataset="AMOS",
    modality="CT",
    object="liver",
    seen=None,
    truth_voxels=1000,
    truth_ml=8.0,
    cut_off=False,
    round=1,
    clicks=1,
    prompt="+ 1 2 3",
    dice=0.0,
    iou=0.0,
    voxels=1000,
    volume_ml=8.0,
    seconds=1.0,
)

ABOUT = About(
    title="Ours on two scans",
    protocol="clicks",
    source="Made by hand.",
    reported=(1, 3),
    tolerance_mm=2.0,
    date="2026-11-27",
    version="0.1.0",
    commit="abc1234",
    machine="a machine, 2 cores",
    models=(
        ModelFacts(name="ours", spec="vesal-mini", identity="1f2e", training_sets=("icbm",)),
        ModelFacts(name="theirs", spec="command:theirs"),
    ),
    data="data",
    layout="nnU-Net",
    command="vesal evaluate data --protocol clicks -o report",
    seed="from names",
)


def played(dice: Sequence[float], *, first: int = 1, **facts: object) -> list[Row]:
    """The rounds of one object with these Dice values; the patient is named after the case.

    Args:
        dice: after each round.
        first: the first round, 0 where something is said before the first click.
        facts: what else is not as in `START`.
    """
    rows = []
    for number, value in enumerate(dice, first):
        row = replace(START, round=number, clicks=number, dice=value, iou=value / (2 - value))
        rows.append(replace(row, **facts))  # type: ignore[arg-type]
    patient = str(facts.get("patient", facts.get("case", START.case)))
    return [replace(row, patient=patient) for row in rows]


def broken(rows: Sequence[Row], message: str = "it broke") -> list[Row]:
    """The same rows, of which the last one failed."""
    last = replace(rows[-1], status="failed", message=message, dice=0.0, iou=0.0, seconds=0.0)
    return [*rows[:-1], replace(last, voxels=0, volume_ml=0.0)]
