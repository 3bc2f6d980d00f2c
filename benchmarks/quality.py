"""The shipped model and what needs no learning, on the declared test set: TS-body CT and TS-mr.

    python benchmarks/quality.py [--model vesal-mini] [--json runs/quality.json]

Every structure of at least 1 ml, whole image, native grid, clicks in the middle of the largest
error. The labels are TotalSegmentator's predictions. The baselines are run with several settings
and given their best one over the whole scan, chosen on this very test set, which can only flatter
them.
"""

import argparse
import json
import platform
import time
from datetime import date
from importlib import resources
from itertools import pairwise
from pathlib import Path

import numpy as np

import vesal
from vesal.evaluation.baselines import ball, grown_region, smoothed
from vesal.evaluation.metrics import dice
from vesal.evaluation.protocol import click_rounds, dice_after
from vesal.images import Image
from vesal.images.intensity import robust_range
from vesal.prompts.simulate import error_click

SCANS = {
    "CT": ("example_ct.nii.gz", "example_seg_fast_force_split.nii.gz"),
    "MR": ("example_mr_sm.nii.gz", "example_seg_mr.nii.gz"),
}
LEAST_ML = 1.0
CLICKS = (1, 3, 5, 10)
RADII_MM = (6, 9, 12, 15, 20, 25, 30, 40)
TOLERANCES = (0.02, 0.03, 0.05, 0.08, 0.12, 0.2)  # of the image's robust range


def structures(labels: Image) -> dict[int, np.ndarray]:
    """The labels of at least 1 ml, as masks."""
    values = labels.array.astype(int)
    counts = np.bincount(values.ravel())
    least = LEAST_ML * 1000 / labels.grid.voxel_volume_mm3
    return {i: values == i for i in range(1, len(counts)) if counts[i] >= least}


def baselines(image: Image, targets: dict[int, np.ndarray]) -> dict[str, list[float]]:
    """Dice of each structure at one click, for the best setting of each baseline."""
    low, high = robust_range(image.array)
    smooth = smoothed(image.array)
    tries: dict[str, list[float]] = {}
    for target in targets.values():
        found = error_click(target, np.zeros_like(target), image.grid.spacing_mm)
        assert found is not None
        index = found[0]
        for radius in RADII_MM:
            score = dice(ball(image.grid, index, radius), target)
            tries.setdefault(f"ball of {radius} mm", []).append(score)
        for share in TOLERANCES:
            score = dice(grown_region(smooth, index, share * (high - low)), target)
            tries.setdefault(f"region growing, {share:.0%}", []).append(score)
    best = {}
    for kind in ("ball", "region growing"):
        name = max((n for n in tries if n.startswith(kind)), key=lambda n: np.mean(tries[n]))
        best[name] = tries[name]
    return best


def model_rows(image: Image, targets: dict[int, np.ndarray], model: str) -> list[dict[str, object]]:
    """For each structure its Dice after each number of clicks, and the seconds a click took."""
    loaded = vesal.load_model(model)
    rows = []
    for label, target in targets.items():
        rounds = click_rounds(vesal.Session(image, loaded), target, max(CLICKS))
        drops = sum(b.dice < a.dice - 1e-9 for a, b in pairwise(rounds))
        rows.append(
            {
                "label": label,
                "ml": float(target.sum() * image.grid.voxel_volume_mm3 / 1000),
                "dice": {str(n): dice_after(rounds, n) for n in CLICKS},
                "first_s": rounds[0].elapsed_s,
                "further_s": float(np.mean([r.elapsed_s for r in rounds[1:]] or [0.0])),
                "drops": drops,
                "each": [r.dice for r in rounds],
                "stability": [r.stability for r in rounds],
                "rounds": len(rounds),
            }
        )
    return rows


def main() -> None:
    """Print the table, and write it as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="vesal-mini")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    folder = resources.files("vesal") / "assets" / "scans"
    report: dict[str, object] = {
        "date": date.today().isoformat(),
        "machine": platform.processor() or platform.machine(),
        "model": options.model,
    }
    print("| scan | method | structures | " + " | ".join(f"{n} clicks" for n in CLICKS) + " |")
    print("|---|---|---|" + "---|" * len(CLICKS))
    for scan, (image_name, label_name) in SCANS.items():
        image = vesal.open_image(str(folder / image_name))
        targets = structures(vesal.open_image(str(folder / label_name)))
        started = time.time()
        rows = model_rows(image, targets, options.model)
        base = baselines(image, targets)
        means = [np.mean([r["dice"][str(n)] for r in rows]) for n in CLICKS]
        print(
            f"| {scan} | {options.model} | {len(rows)} | "
            + " | ".join(f"{m:.3f}" for m in means)
            + " |"
        )
        for name, scores in base.items():
            print(
                f"| {scan} | {name} | {len(rows)} | {np.mean(scores):.3f} |"
                + " |" * (len(CLICKS) - 1)
            )
        failed = sum(r["dice"]["5"] < 0.3 for r in rows)
        drops, rounds = sum(r["drops"] for r in rows), sum(r["rounds"] - 1 for r in rows)
        first_s = np.median([r["first_s"] for r in rows])
        further_s = np.median([r["further_s"] for r in rows])
        print(
            f"\n{scan}: Dice under 0.3 after 5 clicks: {failed} of {len(rows)}; "
            f"a click lowered Dice in {drops} of {rounds} rounds; first click {first_s:.2f} s, "
            f"further {further_s:.2f} s (median); all in {time.time() - started:.0f} s\n"
        )
        report[scan] = {"model": rows, "baselines": base}
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
