"""What fine-tuning is worth: 16 structures of one real scan, asked for others and elsewhere.

    python benchmarks/finetune.py CORPUS -o runs/finetune [--case colin27] [--steps 300]
        [--method full] [--keep 0.3]

CORPUS is the folder of `vesal train mini --corpus`. The model is tuned by `vesal finetune`'s own
code on a folder with 16 structures. Before and after it is asked for structures that were held out
(whole image, clicks in the middle of the largest error: `vesal evaluate --protocol clicks`) and for
what it knew elsewhere: the declared test set among it, on which nothing is ever tuned.
"""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from tests.datasets.trees import nifti

from vesal.checkpoints.load import load_model
from vesal.datasets import Found, LabelFile, Pair, open_pair
from vesal.evaluation.evaluate import evaluate
from vesal.evaluation.job import Settings
from vesal.evaluation.row import Row
from vesal.training.finetune import KEEP, Wishes, finetune

mpl.use("agg")
from matplotlib import pyplot as plt

CLICKS = (1, 3, 5)
LEAST_ML = 1.0
_TS = "totalsegmentator/totalsegmentator-2.18.0/tests/reference_files"
_MRICRON = "mricron/usr/share/mricron/templates"
_STARDIST = "stardist/stardist/data/images"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A scan, which of its labels are learnt, and which held out."""

    image: str
    labels: str
    learnt: tuple[int, ...]
    held: tuple[int, ...]


CASES = {
    # AAL numbers the left hemisphere odd, the right even: 16 regions, and the same on the right.
    "colin27": Case(
        image=f"{_MRICRON}/ch2.nii.gz",
        labels=f"{_MRICRON}/aal.nii.gz",
        learnt=tuple(range(1, 33, 2)),
        held=tuple(range(2, 34, 2)),
    ),
    # Every third nucleus is learnt from, the others are held out.
    "nuclei": Case(
        image=f"{_STARDIST}/img3d.tif",
        labels=f"{_STARDIST}/mask3d.tif",
        learnt=tuple(range(1, 49, 3)),
        held=tuple(n for n in range(1, 52) if n % 3 != 1),
    ),
}
ELSEWHERE = {
    "TS-body CT": (f"{_TS}/example_ct.nii.gz", f"{_TS}/example_seg_fast_force_split.nii.gz"),
    "TS-mr": (f"{_TS}/example_mr_sm.nii.gz", f"{_TS}/example_seg_mr.nii.gz"),
    "SL-chest CT": (
        "slicerio/slicerio/data/CTChest4.nrrd",
        "slicerio/slicerio/data/Segmentation.seg.nrrd",
    ),
    "nuclei": (f"{_STARDIST}/img3d.tif", f"{_STARDIST}/mask3d.tif"),
}


def main() -> None:
    """Tune, ask before and after, write tables and the curve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/finetune"))
    parser.add_argument("--case", choices=CASES, default="colin27")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--method", default="full")
    parser.add_argument("--keep", type=float, default=KEEP)
    parser.add_argument("--elsewhere", action="store_true", help="also ask for other scans")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.output.mkdir(parents=True, exist_ok=True)
    case = CASES[options.case]
    learnt = _folder(options.output / "learnt", options.corpus, case, case.learnt)
    held = _folder(options.output / "held", options.corpus, case, case.held)
    wishes = Wishes(
        method=options.method, steps=options.steps, keep=options.keep, validation=str(held)
    )
    tuned = options.output / f"{options.case}-{options.method}"
    if not (tuned / "model.safetensors").exists():
        started, cpu = time.monotonic(), time.process_time()
        finetune("vesal-mini", learnt, tuned, wishes, progress=_told)
        spent = {"wall_s": time.monotonic() - started, "cpu_s": time.process_time() - cpu}
        (tuned / "spent.json").write_text(json.dumps(spent), encoding="utf-8")
    _curve(tuned)
    sets = {"held out": _pair(held / "images" / "scan.nii.gz", held / "labels" / "scan.nii.gz")}
    if options.elsewhere:
        sets |= {
            name: _pair(options.corpus / image, options.corpus / labels)
            for name, (image, labels) in ELSEWHERE.items()
            if name != options.case
        }
    for name, pair in sets.items():
        _compared(name, pair, tuned, options.output / "asked")


def _told(done: int, total: int, text: str) -> None:
    if done % 10 == 0:
        print(f"{done} of {total}: {text}", flush=True)


def _folder(folder: Path, corpus: Path, case: Case, numbers: tuple[int, ...]) -> Path:
    """images/ and labels/ with those labels of the scan and no others."""
    pair = _pair(corpus / case.image, corpus / case.labels)
    opened = open_pair(pair, resample=True)
    affine = opened.image.grid.affine
    array = np.zeros(opened.image.grid.shape, np.uint8)
    wanted = {f"label {number}": number for number in numbers}
    for target in opened.targets:
        if target.name in wanted:
            array[target.patch.full()] = wanted[target.name]
    nifti(folder / "images" / "scan.nii.gz", np.asarray(opened.image.array), affine)
    nifti(folder / "labels" / "scan.nii.gz", array, affine)
    return folder


def _pair(image: Path, labels: Path) -> Pair:
    return Pair(name=labels.parent.parent.name, image=image, labels=(LabelFile(path=labels),))


def _compared(name: str, pair: Pair, tuned: Path, folder: Path) -> None:
    """A line of means, and a table of all structures where they were held out."""
    folder.mkdir(exist_ok=True)
    found = Found(pairs=(pair,), layout=name)
    settings = Settings(protocol="clicks", clicks=CLICKS[-1], least_ml=LEAST_ML, resample=True)
    specs = ("before=vesal-mini", f"after={tuned}")
    rows = evaluate(found, specs, folder / name.replace(" ", "-"), settings, workers=0).rows
    curves = {spec.partition("=")[0]: _curves(rows, spec.partition("=")[0]) for spec in specs}
    means = {which: np.mean(list(c.values()), axis=0) for which, c in curves.items()}
    told = ", ".join(
        f"@{n} {means['before'][i]:.3f} -> {means['after'][i]:.3f}" for i, n in enumerate(CLICKS)
    )
    share = float(np.mean(means["after"] / means["before"]))
    print(f"{name} ({len(curves['before'])} structures): {told}; {share:.1%}", flush=True)
    if name == "held out":
        for one, before in curves["before"].items():
            after = curves["after"][one]
            cells = [f"{a:.2f} -> {b:.2f}" for a, b in zip(before, after, strict=True)]
            print(f"| {one} | {' | '.join(cells)} |")


def _curves(rows: tuple[Row, ...], model: str) -> dict[str, list[float]]:
    """Dice after each number of clicks, by structure; what was right stays right."""
    found: dict[str, dict[int, float]] = {}
    for row in rows:
        if row.model == model:
            found.setdefault(row.object, {})[row.clicks] = row.dice
    return {
        name: [dices.get(n, dices[max(dices)]) for n in CLICKS] for name, dices in found.items()
    }


def _curve(tuned: Path) -> None:
    """The loss of each step, and Dice on what was held out, as a picture."""
    steps = np.genfromtxt(tuned / "train.csv", delimiter=",", names=True)
    checks = np.genfromtxt(tuned / "validation.csv", delimiter=",", names=True)
    figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    smooth = np.convolve(steps["dice_first"], np.ones(25) / 25, "valid")
    axes.plot(
        steps["step"][24:], smooth, color="0.6", label="training windows, 1 click (mean of 25)"
    )
    before = json.loads((tuned / "card.json").read_text(encoding="utf-8"))["before"]
    for clicks, colour, start in zip((1, 3), ("C0", "C1"), before, strict=True):
        label = f"held out, whole scan, {clicks} click{'s' * (clicks > 1)}"
        dices = [start, *np.atleast_1d(checks[f"dice{clicks}"])]
        axes.plot([0, *np.atleast_1d(checks["step"])], dices, "o-", color=colour, label=label)
    axes.set(xlabel="steps", ylabel="Dice", ylim=(0, 0.8))
    axes.legend(frameon=False, loc="upper left")
    figure.savefig(tuned / "curve.png", dpi=110)
    load_model(tuned)  # what was drawn is what loads


if __name__ == "__main__":
    main()
