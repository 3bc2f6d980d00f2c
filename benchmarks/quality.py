"""The shipped model and what needs no learning, on the declared test set: TS-body CT and TS-mr.

    python benchmarks/quality.py [-o runs/bench] [--workers 2] [--again] [--protocol clicks]

Every structure of at least 1 ml, whole image, native grid, clicks in the middle of the largest
error (`vesal evaluate --protocol clicks`). The labels are TotalSegmentator's predictions. Nothing
that vesal ships was trained or tuned on these scans.
"""

import argparse
from importlib import resources
from pathlib import Path

from vesal.datasets import Found, LabelFile, Pair
from vesal.evaluation.evaluate import Evaluated, evaluate
from vesal.evaluation.job import Settings
from vesal.evaluation.protocols.named import protocol_named
from vesal.evaluation.report.grouping import Grouping
from vesal.evaluation.report.summary import summaries
from vesal.evaluation.reporting import report

METHODS = ("vesal-mini", "random-walker", "geodesic", "region-growing", "ball")
SCANS = Path(str(resources.files("vesal") / "assets" / "scans"))
DECLARED = Found(
    layout="the declared test set",
    pairs=tuple(
        Pair(
            name=name,
            image=SCANS / image,
            labels=(LabelFile(path=SCANS / labels),),
            patient=name,
            modality=modality,
            dataset=name,
        )
        for name, modality, image, labels in (
            ("TS-body", "CT", "example_ct.nii.gz", "example_seg_fast_force_split.nii.gz"),
            ("TS-mr", "MR", "example_mr_sm.nii.gz", "example_seg_mr.nii.gz"),
        )
    ),
)


def main() -> None:
    """Evaluate, and print a table for each scan."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/bench"))
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--protocol", default="clicks")
    parser.add_argument("--model", action="append", help=f"instead of {', '.join(METHODS)}")
    parser.add_argument("--again", action="store_true")
    options = parser.parse_args()
    options.output.parent.mkdir(parents=True, exist_ok=True)
    settings = Settings(protocol=options.protocol, least_ml=1.0)
    evaluated = evaluate(
        DECLARED,
        options.model or METHODS,
        options.output,
        settings,
        workers=options.workers,
        again=options.again,
        progress=lambda done, total, text: print(f"{done} of {total}: {text}", flush=True),
    )
    made = report(evaluated, options.output, settings, SCANS, "make bench")
    print(readme_table(evaluated))
    print(made.table)
    print(made.page)


def readme_table(evaluated: Evaluated) -> str:
    """Mean Dice of each scan and method, failures and falls, in Markdown."""
    clicks = protocol_named("clicks").reported
    heads = ["scan", "structures", "method", *(f"{n} click{'s' * (n > 1)}" for n in clicks)]
    heads += ["not found", "clicks that lower Dice", "seconds: first, further"]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    modality = Grouping(name="modality", of=lambda row: row.modality)
    for one in summaries(evaluated.rows, clicks, (modality,)):
        dice = [moment.dice for moment in one.moments]
        cells = [one.group, str(one.objects), one.model]
        cells += [f"{d.mean:.3f} [{d.low:.2f}, {d.high:.2f}]" for d in dice]
        cells += [f"{one.lost * one.objects:.0f}", f"{one.falls or 0:.0%}"]
        cells.append(", ".join(f"{s.median:.2f}" for s in (one.first, one.further) if s))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
