"""`vesal weights`: look into weights files, change their form, fetch them, put them together."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vesal.cli.console import bar, print_facts
from vesal.cli.options import Family

if TYPE_CHECKING:
    from vesal.checkpoints.convert import Conversion
    from vesal.checkpoints.summary import Summary

HELP = """Inspect, convert and fetch the weights of published models.

Files of any of the families are recognised by their tensors. Nothing in them is executed, \
whatever they hold."""
EXAMPLES = """[bold]Examples[/bold]
  vesal weights info sam_med3d_turbo.pth
  vesal weights convert sam-med2d_b.pth sam-med2d.safetensors
  vesal weights get sam-med3d-turbo"""

app = typer.Typer(help=HELP, epilog=EXAMPLES, rich_markup_mode="rich")

_File = Annotated[
    Path,
    typer.Argument(metavar="FILE", show_default=False, help="A .pth, .pt or .safetensors file."),
]
_Output = Annotated[
    Path,
    typer.Argument(
        metavar="OUT",
        show_default=False,
        help="A .safetensors file, or a .pth file for the form that the family's authors use.",
    ),
]


@app.command("info")
def info(
    file: _File,
    family: Family = None,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print JSON.")] = False,
) -> None:
    """Show the family, sizes and state of a weights file; every tensor is read and checked."""
    from vesal.checkpoints.locate import in_folder
    from vesal.checkpoints.summary import summarised

    file = in_folder(file)
    with bar(f"reading {file.name}"):
        summary = summarised(file, family)
    if as_json:
        record = dataclasses.asdict(summary) | {"path": str(file)}
        print(json.dumps(record, indent=2))
    else:
        print_facts(_lines(summary))


@app.command("convert")
def convert(
    file: _File,
    output: _Output,
    family: Family = None,
    image_size: Annotated[
        int | None,
        typer.Option(
            "--image-size",
            metavar="N",
            help="Voxels an axis of the model's input, if not as in the file: resizes positions.",
        ),
    ] = None,
) -> None:
    """Write the same tensors as safetensors, or back in the form that the family's authors use."""
    from vesal.checkpoints.convert import convert

    with bar(f"converting {file.name}"):
        conversion = convert(file, output, family=family, image_size=image_size)
    _print_conversion(output, conversion)


@app.command("get")
def get(
    name: Annotated[
        str, typer.Argument(metavar="NAME", show_default=False, help="A name of `vesal models`.")
    ],
) -> None:
    """Fetch published weights into the folder of weights, and check them; or say where they are.

    The folder is $VESAL_WEIGHTS, or vesal/weights in your cache. A download that broke goes on
    where it stopped.
    """
    from vesal.checkpoints.fetch import fetch
    from vesal.checkpoints.locate import weights_folder

    fetched = fetch(name, weights_folder())
    print_facts(
        [
            ("weights", f"{fetched.path} ({'fetched' if fetched.downloaded else 'there before'})"),
            ("sha256", f"{fetched.sha256} ({'as known' if fetched.known else 'remembered'})"),
        ]
    )


@app.command("assemble")
def assemble(
    output: Annotated[
        Path, typer.Argument(metavar="OUT", show_default=False, help="A .safetensors file.")
    ],
    sam: Annotated[
        Path,
        typer.Option("--sam", metavar="FILE", show_default=False, help="SAM's ViT-B, any form."),
    ],
    resnet: Annotated[
        Path,
        typer.Option(
            "--resnet",
            metavar="FILE",
            show_default=False,
            help="A ResNet-34 or ResNet-50 of torchvision.",
        ),
    ],
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", help="Of the layers that neither file has.")
    ] = 0,
) -> None:
    """Make a start for training SAM-UNet, of which no weights are published."""
    from vesal.checkpoints.assemble import assemble

    with bar("assembling SAM-UNet"):
        conversion = assemble(sam, resnet, output, seed=seed)
    _print_conversion(output, conversion)


def _print_conversion(output: Path, conversion: "Conversion") -> None:
    facts = [
        ("family", conversion.config.family),
        ("tensors", f"{conversion.tensors:,}"),
        *(("note", note) for note in conversion.notes),
        ("weights", f"{output} ({output.stat().st_size / 1e6:,.1f} MB)"),
    ]
    print_facts(facts)


def _lines(summary: "Summary") -> list[tuple[str, str]]:
    config = dataclasses.asdict(summary.config)
    family = config.pop("family")
    sizes = ", ".join(f"{key} {value}" for key, value in config.items() if key != "capabilities")
    return [
        ("weights", str(summary.path)),
        ("family", family),
        ("config", sizes),
        ("container", summary.container),
        ("tensors", f"{summary.tensors:,} ({summary.parameters:,} values)"),
        ("types", ", ".join(summary.kinds)),
        ("memory", f"{summary.size_bytes / 1e6:,.1f} MB"),
        ("sha256", f"{summary.sha256} (of the tensors)"),
        *(("note", note) for note in summary.notes),
        ("licence", summary.licence),
    ]
