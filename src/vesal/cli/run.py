"""`vesal run`: thousands of images by several processes or a cluster, through bad days."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vesal.cli.console import bar, print_error
from vesal.cli.options import Device, Model, Ray, check_model, check_suffix
from vesal.cli.segment_many import print_outcome
from vesal.errors import ConfigError, ResourceError, StoppedError
from vesal.terminal import one_line

if TYPE_CHECKING:
    from vesal.cohort.key import Item
    from vesal.cohort.place import Place
    from vesal.cohort.run import Hands, Outcome
    from vesal.cohort.settings import Settings

HELP = """Segment a cohort of images with several processes, or on a Ray cluster.

COHORT is a prompt file (JSON, CSV or Parquet, docs/prompts.md); with --auto a folder of images, \
or a list of them: a path a line, or a table with the column image. COHORT, OUT and the paths in \
COHORT may be addresses like s3://bucket/scans, with the extra: pip install 'vesal\\[remote]'.

A run that was stopped or killed goes on with the same command. A case that fails is tried once \
more at the end, then quarantined. OUT gets the results, report.csv and report.json with time and \
memory of each case, and mosaic.png to look at. The exit code is 6 if a case failed. The results \
do not depend on who made them. More: docs/cohorts.md."""
EXAMPLES = """[bold]Examples[/bold]
  [dim]on all cores of this machine[/dim]
    vesal run cases.csv -o out/
  [dim]all that an automatic model knows, in a folder of scans[/dim]
    vesal run scans/ --auto --model my-auto.safetensors -o out/
  [dim]on a Ray cluster, from and to S3[/dim]
    vesal run s3://bucket/cases.parquet -o s3://bucket/out --ray auto"""

_SHOWN = 10  # cases of the summary
_ON_ONE = 2  # cases at once on an accelerator: one reads or writes while the other computes

_Cohort = Annotated[str, typer.Argument(metavar="COHORT", show_default=False, help="What to do.")]
_Output = Annotated[
    str,
    typer.Option("--output", "-o", metavar="OUT", show_default=False, help="Folder or address."),
]
_Auto = Annotated[
    bool, typer.Option("--auto", metavar="", help="Find all that an automatic model was taught.")
]
_Workers = Annotated[
    int | None,
    typer.Option("--workers", metavar="N", help="Processes at once; one a core if not given."),
]
_Format = Annotated[
    str, typer.Option("--format", metavar="SUFFIX", help="Of the results, like .seg.nrrd.")
]
_Each = Annotated[bool, typer.Option("--each", metavar="", help="A file for each object.")]
_Again = Annotated[
    bool, typer.Option("--again", metavar="", help="Do again what is done or quarantined.")
]


def run(  # noqa: PLR0913  # each is an option on the command line
    cohort: _Cohort,
    output: _Output,
    auto: _Auto = False,
    model: Model = "vesal-mini",
    workers: _Workers = None,
    ray: Ray = "",
    device: Device = "cpu",
    format: _Format = ".nii.gz",  # noqa: A002  # the name of the option
    each: _Each = False,
    again: _Again = False,
) -> None:
    """Segment a cohort, print a summary, and end with exit code 6 if a case failed.

    Raises:
        VesalError: what was given cannot be used, an extra is missing, or the disk refuses.
        StoppedError: by Ctrl-C or SIGTERM.
    """
    if workers is not None and (workers < 1 or ray):
        msg = f"--workers needs 1 or more, and no --ray beside it, got {workers}"
        raise ConfigError(msg)
    check_suffix(format)
    if not auto:
        check_model(model)
    with bar("reading the cohort", left=True) as progress:
        from vesal.cohort.mosaic import write_mosaic
        from vesal.cohort.place import place_of
        from vesal.cohort.run import run as run_cohort

        source, folder = place_of(cohort), place_of(output)
        hands, items = _hands(workers, ray, device), _items(source, auto=auto)
        progress(0, 1, "loading the model")
        settings = _settings(model, format, device, auto=auto, each=each)
        with _prepared(folder):
            outcome = run_cohort(
                items,
                folder,
                settings,
                hands=hands,
                again=again,
                keep=(source,),
                progress=progress,
            )
            progress(0, 1, "drawing the mosaic")
            drawn = _drawn(lambda: write_mosaic(items, outcome.entries, folder))
    _print_summary(outcome)
    print_outcome(outcome, [("mosaic", str(folder / "mosaic.png"))] if drawn else [])


@contextmanager
def _prepared(folder: "Place") -> Iterator[None]:
    """Make the folder, and say what stays in it if the run is stopped; StoppedError then."""
    from vesal.images.write import make_folder

    if isinstance(folder, Path):
        make_folder(folder)
    try:
        yield
    except KeyboardInterrupt:
        msg = f"stopped; what is done is kept in {folder}: the same command goes on"
        raise StoppedError(msg) from None


def _items(source: "Place", *, auto: bool) -> "tuple[Item, ...]":
    from vesal.cohort.prompt_file import read_cases
    from vesal.cohort.scan_list import read_scans

    if not auto and isinstance(source, Path) and source.is_dir():
        msg = f"{source} is a folder: give a prompt file, or --auto with an automatic model"
        raise ConfigError(msg)
    # Ray's processes are elsewhere.
    whole = source.absolute() if isinstance(source, Path) else source
    return read_scans(whole) if auto else read_cases(whole)


def _drawn(draw: Callable[[], bool]) -> bool:
    """Whether the mosaic was drawn; it is not worth the summary of a night."""
    try:
        return draw()
    except ResourceError as error:
        print_error(f"no mosaic: {error}")
        return False


def _hands(workers: int | None, ray: str, device: str) -> "Hands":
    """Who does the cases: a process a core, or two for each accelerator; on Ray as many jobs."""
    from vesal.cohort.run import Hands
    from vesal.models.placed import device_named, devices

    if ray:
        gpus = 1 / _ON_ONE if device.startswith("cuda") else 0.0
        return Hands(ray=ray, gpus=gpus, attempts=2)
    cores = os.cpu_count() or 1
    if device_named(device).type != "cpu":
        cores = min(cores, _ON_ONE * len(devices()))
    return Hands(workers=workers or cores, attempts=2)


def _settings(model: str, suffix: str, device: str, *, auto: bool, each: bool) -> "Settings":
    """Settings that name the model as every process finds it; it is loaded here for its hash."""
    from vesal.cohort.settings import Settings, load_named

    _, identity = load_named(model, without_prompts=auto)
    name = str(Path(model).resolve()) if Path(model).exists() else model
    return Settings(
        model=name,
        identity=identity,
        automatic=auto,
        suffix=suffix,
        each=each,
        threads=1,
        device=device,
    )


def _print_summary(outcome: "Outcome") -> None:
    """What failed, then what took longest: a line for each case."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    entries = outcome.entries.items()
    bad = [(name, one) for name, one in entries if one.failed or one.quarantined]
    good = [(name, one) for name, one in entries if not one.failed and not one.quarantined]
    slow = sorted(good, key=lambda pair: -pair[1].seconds)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("case", "status", "seconds", "MiB", "what went wrong"):
        table.add_column(column, justify="right" if column in ("seconds", "MiB") else "left")
    for name, entry in [*bad[:_SHOWN], *slow[:_SHOWN]]:
        status = "quarantined" if entry.quarantined else "failed" if entry.failed else "done"
        why = next((row.message for row in entry.rows if row.message), "")
        numbers = (f"{entry.seconds:.1f}", f"{entry.memory_mib:.0f}")
        table.add_row(escape(one_line(name)), status, *numbers, escape(one_line(why)))
    console = Console()
    console.print(table)
    shown = min(len(bad), _SHOWN) + min(len(good), _SHOWN)
    if shown < len(outcome.entries):
        console.print(f"and {len(outcome.entries) - shown} more in the report", style="dim")
    console.print()
