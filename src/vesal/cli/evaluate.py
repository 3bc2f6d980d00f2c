"""`vesal evaluate`: how good models are on a data set, as a table and a report."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vesal.cli.console import FAILED_EXIT_CODE, bar, print_facts
from vesal.cli.options import (
    Channel,
    Labelled,
    Resample,
    Structures,
    Workers,
    check_workers,
    parted,
)
from vesal.extras import needing

if TYPE_CHECKING:
    from vesal.evaluation.evaluate import Evaluated
    from vesal.evaluation.job import Settings

HELP = """Evaluate models on a data set whose labels are known, by a published protocol or by ours.

DATA is a folder (nnU-Net, Medical Segmentation Decathlon, BIDS derivatives, SAM-Med3D's \
category/dataset/imagesTr, images beside labels, npz of the CVPR 2025 challenge), a SAM-Med2D \
JSON, or a CSV with the columns image and label. A simulated user clicks; a model that fails on an \
object is counted with 0 there and named. Results are kept as they come: a run that was stopped \
goes on, and a second one with a further model makes only what is new. Needs the extra: \
pip install 'vesal\\[evaluate]'. More: docs/evaluation.md."""
EXAMPLES = """[bold]Examples[/bold]
  [dim]our model and a baseline without learning, on a folder of images and labels[/dim]
    vesal evaluate data/ --model vesal-mini --model random-walker -o report/
  [dim]SAM-Med3D's protocol, with its published weights, livers only[/dim]
    vesal evaluate nnunet_raw/Dataset001/ --model sam_med3d_turbo.pth --protocol sam-med3d \\
      --structures "liver" -o report/
  [dim]the CVPR 2025 challenge, with its CSV files[/dim]
    vesal evaluate npz/ --protocol cvpr-2025 -o report/
  [dim]somebody else's model: a server that speaks nnInteractive's protocol, or a program[/dim]
    vesal evaluate data/ --model nninteractive:http://localhost:1527 -o report/
    vesal evaluate data/ --model "theirs=command:./predict.sh {image} {prompts} {output}" -o report/

[bold]Protocols[/bold]
  clicks       up to ten clicks in the middle of the largest error, on the whole image
  prompts      box, scribble or lasso first, then clicks
  robustness   clicks that miss the middle, boxes that do not fit
  sam-med3d    1, 3, 5, 10 points; whole image, and cut out round the truth as published
  sam-med2d    box; 1, 3, 5 points; slice by slice
  sam-unet     box; slice by slice
  cvpr-2025    box, then five clicks; areas under the curves"""

_Output = Annotated[
    Path, typer.Option("--output", "-o", metavar="REPORT", help="Folder for the report.")
]
_Model = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="vesal-mini if not given; repeatable. A name of `vesal models`, a weights file, "
        "random-walker, region-growing, geodesic, ball, nninteractive:URL, command:... or "
        "submission:...; NAME=MODEL calls it otherwise.",
    ),
]
_Protocol = Annotated[str, typer.Option("--protocol", metavar="NAME", help="See below.")]
_Clicks = Annotated[
    int | None, typer.Option("--clicks", metavar="N", help="At most so many clicks.")
]
_LeastMl = Annotated[
    float, typer.Option("--least-ml", metavar="ML", help="Leave smaller objects out.")
]
_Against = Annotated[
    list[Path] | None,
    typer.Option(
        "--against", metavar="DATA", help="Data a model was trained on: is any of it here?"
    ),
]
_Again = Annotated[bool, typer.Option("--again", metavar="", help="Make anew what is there.")]


def evaluate(  # noqa: PLR0913  # each is an option on the command line
    data: Labelled,
    output: _Output,
    model: _Model = None,
    protocol: _Protocol = "clicks",
    clicks: _Clicks = None,
    structures: Structures = None,
    least_ml: _LeastMl = 0.0,
    resample_labels: Resample = False,
    channel: Channel = 0,
    against: _Against = None,
    workers: Workers = 1,
    again: _Again = False,
) -> None:
    """Evaluate, write the report, print the table.

    Raises:
        VesalError: data, models or protocol cannot be used; or the disk refuses.
    """
    check_workers(workers)
    specs, names = model or ["vesal-mini"], parted(structures)
    with bar("loading the models", left=True) as progress:
        _check_installed()
        from vesal.datasets import find_pairs
        from vesal.evaluation import evaluate as evaluation
        from vesal.evaluation.job import Settings
        from vesal.evaluation.reporting import report

        settings = Settings(
            protocol=protocol,
            clicks=clicks,
            only=names,
            least_ml=least_ml,
            resample=resample_labels,
        )
        others = {other: find_pairs(other, channel=channel) for other in against or []}
        found = find_pairs(data, channel=channel)
        evaluated = evaluation.evaluate(
            found, specs, output, settings, workers=workers, again=again, progress=progress
        )
        command = _command(data, specs, settings, against or [], channel)
        made = report(evaluated, output, settings, data, command, others, progress)
    print(made.table)
    _print_outcome(evaluated, made.page, made.warnings)
    if evaluated.problems or any(row.status == "failed" for row in evaluated.rows):
        raise typer.Exit(FAILED_EXIT_CODE)


def _check_installed() -> None:
    """Refuse to begin without what the report needs at the end; raises ResourceError."""
    with needing("evaluate", "evaluation"):
        import jinja2  # noqa: F401
        import matplotlib as mpl  # noqa: F401


def _print_outcome(evaluated: "Evaluated", page: Path, warnings: tuple[str, ...]) -> None:
    objects = {(row.case, row.object) for row in evaluated.rows}
    failed = {(row.model, row.case, row.object) for row in evaluated.rows if row.status == "failed"}
    for warning in warnings:
        print(f"warning: {warning}")
    for note in evaluated.data.notes:
        print(f"note: {note}")
    print_facts(
        [
            ("objects", str(len(objects))),
            ("failed", f"{len(failed)} (counted with 0)"),
            ("unread", f"{len(evaluated.problems)} cases (named in the report)"),
            ("kept", f"{evaluated.skipped} results were there (--again repeats them)"),
            ("report", str(page)),
        ]
    )


def _command(
    data: Path, specs: list[str], settings: "Settings", against: list[Path], channel: int
) -> str:
    """What to type to get the same report."""
    words = ["vesal", "evaluate", str(data)]
    words += [word for spec in specs for word in ("--model", spec)]
    words += ["--protocol", settings.protocol]
    if settings.clicks is not None:
        words += ["--clicks", str(settings.clicks)]
    if settings.only:
        words += ["--structures", ",".join(settings.only)]
    if settings.least_ml:
        words += ["--least-ml", f"{settings.least_ml:g}"]
    if settings.resample:
        words.append("--resample-labels")
    if channel:
        words += ["--channel", str(channel)]
    words += [word for other in against for word in ("--against", str(other))]
    return shlex.join([*words, "-o", "report"])
