"""`vesal curate`: from data sets as they came to training sets, by published rules."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vesal.cli.console import FAILED_EXIT_CODE, bar, print_error, print_facts
from vesal.cli.options import Channel, Ray, Resample, Workers, check_workers

if TYPE_CHECKING:
    from vesal.curation.curate import Curated
    from vesal.curation.report.summary import Summary

HELP = """Make a training set by published rules: what is too small, broken or there twice is out.

RAW is a folder (nnU-Net, Medical Segmentation Decathlon, BIDS derivatives, SAM-Med3D, images \
beside labels) or a CSV with the columns image and label. Parts are divided by patient; parts that \
the data set gives are kept, unless a patient is in two. CURATED gets the images and masks, \
catalogue.parquet with a row for each mask, kept or not, settings.json, and report/index.html \
with pictures. A run that was stopped goes on; the result is the same whoever did it. Needs the \
extra: pip install 'vesal\\[curate]'. More: docs/curation.md."""
EXAMPLES = """[bold]Examples[/bold]
  [dim]volumes for SAM-Med3D[/dim]
    vesal curate nnunet_raw/Dataset001/ -o curated/
  [dim]small structures too, by two processes[/dim]
    vesal curate data/ -o curated/ --set least_volume_mm3=100 --set least_share=0 --workers 2
  [dim]the same settings again, on a Ray cluster[/dim]
    vesal curate more/ -o more-curated/ --config curated/settings.json --ray auto"""

_Raw = Annotated[Path, typer.Argument(metavar="RAW", show_default=False, help="Folder or CSV.")]
_Output = Annotated[
    Path, typer.Option("--output", "-o", metavar="CURATED", help="Folder for the training set.")
]
_Rules = Annotated[
    str | None,
    typer.Option("--rules", metavar="NAME", help="sam-med3d (if not given) or sam-med2d."),
]
_Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A threshold of the rules; repeatable."),
]
_Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="JSON", help="Settings; such as settings.json of a set."),
]
_Shares = Annotated[
    str | None,
    typer.Option(
        "--shares",
        metavar="SHARES",
        help="Of data that is not divided: train=0.8,validation=0.1,test=0.1 if not given.",
    ),
]
_Seed = Annotated[int | None, typer.Option("--seed", metavar="N", help="Of the division.")]
_Modality = Annotated[
    str, typer.Option("--modality", metavar="NAME", help="Of cases that say none, such as CT.")
]


def curate(  # noqa: PLR0913  # each is an option on the command line
    raw: _Raw,
    output: _Output,
    rules: _Rules = None,
    setting: _Set = None,
    config: _Config = None,
    shares: _Shares = None,
    seed: _Seed = None,
    resample_labels: Resample = False,
    channel: Channel = 0,
    modality: _Modality = "",
    workers: Workers = 1,
    ray: Ray = "",
) -> None:
    """Curate, write catalogue and report, print what was kept and why the rest was not.

    Raises:
        VesalError: data or settings cannot be used, an extra is missing, or the disk refuses.
    """
    check_workers(workers)
    with bar("finding the data", left=True) as progress:
        from vesal.curation import curate as curation
        from vesal.curation.config import Said, settings_of
        from vesal.curation.report.write import check_installed, write_report

        check_installed()
        said = Said(
            rules=rules,
            words=tuple(setting or ()),
            config=config,
            shares=shares,
            seed=seed,
            resample=resample_labels,
        )
        settings = settings_of(said)
        curated = curation.curate(
            raw,
            output,
            settings,
            channel=channel,
            modality=modality,
            workers=workers,
            ray=ray,
            progress=progress,
        )
        progress(0, 1, "writing the report")
        counts = write_report(curated, settings, raw, _command(raw, output, channel, modality))
    _print_outcome(curated, counts)
    if curated.failed or not curated.kept:
        raise typer.Exit(FAILED_EXIT_CODE)


def _print_outcome(curated: "Curated", counts: "Summary") -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    if counts.reasons:
        table = Table("reason", "what it means", box=None, header_style="bold", pad_edge=False)
        table.add_column("rows", justify="right")
        table.add_column("cases", justify="right")
        for one in counts.reasons:
            table.add_row(escape(one.name), escape(one.words), str(one.masks), str(one.cases))
        console.print("left out", style="bold")
        console.print(table)
        console.print()
    for row in curated.failed:
        print_error(f"{row.case}: {row.detail}")
    if not curated.kept:
        print_error("no mask was kept; the report says why, --set changes thresholds")
    parts = ", ".join(f"{one.masks} {one.name}" for one in counts.parts)
    from vesal.curation.output import REPORT

    print_facts(
        [
            ("kept", f"{counts.kept} masks of {counts.used} cases ({parts or 'none'})"),
            ("left out", f"{counts.left_out} masks or cases"),
            ("earlier", f"{curated.skipped} cases were there"),
            ("report", str(curated.output / REPORT / "index.html")),
        ]
    )


def _command(raw: Path, output: Path, channel: int, modality: str) -> str:
    """What to type to make the same set."""
    words = ["vesal", "curate", str(raw), "--config", str(output / "settings.json")]
    words += ["--channel", str(channel)] if channel else []
    words += ["--modality", modality] if modality else []
    return shlex.join([*words, "-o", str(output)])
