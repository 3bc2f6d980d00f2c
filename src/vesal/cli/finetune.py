"""`vesal finetune`: a model and a few labelled scans to a model of one's own."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vesal.cli.console import bar, print_facts
from vesal.cli.options import Labelled, Structures, parted
from vesal.extras import needing

if TYPE_CHECKING:
    from vesal.training.finetune import Tuned

HELP = """Tune a model on your own labelled scans: minutes on a CPU, and it knows your structures.

DATA is whatever `vesal evaluate` reads: a folder with images/ and labels/, x.nii.gz beside \
x_label.nii.gz, nnU-Net, BIDS, a CSV with the columns image and label. One scan is enough to begin \
with. The result is a folder that every command takes as --model; its card.json says what it was \
tuned on and how well it does. A run that was stopped goes on when the same command is given \
again. Needs the extra: pip install 'vesal\\[train]'. More: docs/finetune.md."""
EXAMPLES = """[bold]Examples[/bold]
  [dim]twenty minutes on all structures of a folder[/dim]
    vesal finetune vesal-mini labelled/ -o my-model
  [dim]livers and kidneys in five minutes, a fifth of the patients held out[/dim]
    vesal finetune vesal-mini labelled/ --structures "liver,kidney*" --minutes 5 \\
      --validation 0.2 -o my-model
  [dim]then use it[/dim]
    vesal segment ct.nii.gz --point 12,-40,33 --model my-model -o mask.nii.gz
    vesal serve scans/ --model my-model

[bold]Methods[/bold]
  decoder   only what answers clicks learns: for a handful of structures
  lora      small corrections to every layer: for some
  adapters  SAM-Med2D's adapters and what answers clicks
  full      everything learns: for many"""

_Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL", show_default=False, help="vesal-mini, weights, or an earlier result."
    ),
]
_Output = Annotated[
    Path,
    typer.Option("--output", "-o", metavar="DIR", show_default=False, help="For the new model."),
]
_Method = Annotated[
    str,
    typer.Option(
        "--method",
        metavar="NAME",
        help="auto, decoder, lora, adapters or full: what learns; auto goes by the structures.",
    ),
]
_Minutes = Annotated[
    float | None, typer.Option("--minutes", metavar="M", help="20 if nothing is said.")
]
_Steps = Annotated[int | None, typer.Option("--steps", metavar="N", help="Instead of minutes.")]
_Validation = Annotated[
    str,
    typer.Option(
        "--validation",
        metavar="DATA|SHARE",
        help="Scans to see what it is worth on: a data set, or a share of the patients (of the "
        "structures, if there is one patient). A fifth from three patients on.",
    ),
]
_Keep = Annotated[
    float | None,
    typer.Option(
        "--keep",
        metavar="SHARE",
        help="Of the old weights in the result, from 0 to below 1: more forgets less.",
    ),
]
_Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Another one draws otherwise.")]


def finetune(  # noqa: PLR0913  # each is an option on the command line
    model: _Model,
    data: Labelled,
    output: _Output,
    structures: Structures = None,
    method: _Method = "auto",
    minutes: _Minutes = None,
    steps: _Steps = None,
    validation: _Validation = "",
    keep: _Keep = None,
    seed: _Seed = 0,
) -> None:
    """Tune, and print what came of it.

    Raises:
        VesalError: model, data or wishes that cannot be used; or the machine refuses.
    """
    with needing("train", "training"):
        from vesal.training.finetune import KEEP, Wishes
        from vesal.training.finetune import finetune as tune
    wishes = Wishes(
        method=method,
        structures=parted(structures),
        minutes=minutes,
        steps=steps,
        validation=validation,
        keep=KEEP if keep is None else keep,
        seed=seed,
    )
    with bar(f"reading {data}", left=True) as progress:
        tuned = tune(model, data, output, wishes, progress=progress)
    _print_outcome(tuned, output)


def _print_outcome(tuned: "Tuned", output: Path) -> None:
    where = "held out" if tuned.checked_are_held_out else "learnt from"
    changes = [f"{a:.3f} -> {b:.3f}" for a, b in zip(tuned.before, tuned.after, strict=True)]
    print_facts(
        [
            ("learnt from", f"{tuned.labelled} structures of {tuned.scans} images"),
            ("method", f"{tuned.method}, {tuned.steps} steps in {tuned.seconds:.0f} s"),
            ("Dice, 1 click", f"{changes[0]} ({tuned.checked} structures {where})"),
            ("Dice, 3 clicks", changes[1]),
            ("model", str(output)),
        ]
    )
    if not tuned.checked_are_held_out:
        print("note: no scan was held out; --validation says what it is worth on others")
    elif tuned.after[0] < tuned.before[0]:
        print("warning: on what was held out it is worse than before; take more scans or --keep")
