"""`vesal challenge`: what the program of a submission to the CVPR 2025 challenge does."""

from pathlib import Path
from typing import Annotated

import typer

from vesal.cli.console import FAILED_EXIT_CODE, bar, print_error, print_facts
from vesal.errors import ResourceError

HELP = """Answer cases of the CVPR 2025 challenge, as the program of a submission does.

Reads every npz file of INPUTS (imgs, spacing, and what was said so far: boxes, clicks, \
clicks_order) and writes segs under the same name into OUTPUTS: this line is all that predict.sh \
needs. `vesal evaluate --protocol cvpr-2025` measures as the organisers do."""
EXAMPLES = """[bold]Examples[/bold]
  [dim]predict.sh of a submission[/dim]
    vesal challenge /workspace/inputs /workspace/outputs
  [dim]measured from outside, as the organisers do it[/dim]
    vesal evaluate npz/ --protocol cvpr-2025 -o report/ \\
      --model "ours=submission:vesal challenge {inputs} {outputs}" """


def challenge(
    inputs: Annotated[Path, typer.Argument(metavar="INPUTS", help="Folder with npz files.")],
    outputs: Annotated[Path, typer.Argument(metavar="OUTPUTS", help="Folder for answers.")],
    model: Annotated[
        str, typer.Option("--model", metavar="MODEL", help="As for `vesal evaluate`.")
    ] = "vesal-mini",
) -> None:
    """Answer all cases; exit code 6 if one could not be answered.

    Raises:
        VesalError: no case at all, or a model that cannot be loaded.
    """
    for folder in (inputs, outputs):
        if not folder.is_dir():
            msg = f"the folder {folder} does not exist; make it first"
            raise ResourceError(msg)
    with bar("loading the model", left=True) as progress:
        from vesal.evaluation.answering import answer_folder
        from vesal.evaluation.methods.choose import method

        made = answer_folder(inputs, outputs, method(model), progress=progress)
    print_facts([("answered", str(len(made.written))), ("in", str(outputs))])
    for name, why in made.failed.items():
        print_error(f"{name}: {why}")
    if made.failed:
        raise typer.Exit(FAILED_EXIT_CODE)
