"""`vesal export`: a model as two ONNX files that run without torch."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vesal.cli.console import bar, print_facts
from vesal.cli.options import Family, check_model
from vesal.extras import needing

if TYPE_CHECKING:
    from vesal.export.write import Exported

HELP = """Write a model as ONNX: an encoder for the image, a decoder for the prompts.

Both files are run with onnxruntime and compared with torch before they are kept. Needs the extra: \
pip install 'vesal\\[onnx]'."""
EXAMPLES = """[bold]Examples[/bold]
  [dim]our own model[/dim]
    vesal export vesal-mini -o onnx
  [dim]a file of any family[/dim]
    vesal export sam_med3d_turbo.pth -o onnx
  [dim]SAM as its web demos expect it[/dim]
    vesal export sam-vit-b --single-mask -o onnx
  [dim]then, without torch or vesal[/dim]
    python examples/onnx_segment.py onnx/vesal-mini ct.nii.gz --point 12,-40,33 -o m.nii.gz"""

_Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL", show_default=False, help="A name of `vesal models`, or a weights file."
    ),
]
_Output = Annotated[
    Path,
    typer.Option(
        "--output", "-o", metavar="DIR", show_default=False, help="Folder of the two files."
    ),
]
_Single = Annotated[
    bool,
    typer.Option(
        "--single-mask", metavar="", help="Let the decoder choose one mask, by SAM's rule."
    ),
]
_Opset = Annotated[
    int, typer.Option("--opset", metavar="N", help="Version of ONNX's operators, 18 to 23.")
]

_UNTRAINED_NOTE = (
    "with three points or more, corners and padding counted, SAM's rule takes mask 0, which "
    "SAM-Med2D never trained: leave --single-mask out and take the best of the other three"
)


def export(
    model: _Model,
    output: _Output,
    family: Family = None,
    single_mask: _Single = False,
    opset: _Opset = 20,
) -> None:
    """Write the two files, and print what was measured.

    Raises:
        VesalError: no such model or opset, a missing extra, a folder that cannot be written to, or
            files that compute something else than torch; no file is written then.
    """
    check_model(model)
    with needing("onnx", "the export"):
        from vesal.export import write
        from vesal.export.description import Origin
        from vesal.export.onnx_file import check_opset
    from vesal.checkpoints.load import load_model
    from vesal.checkpoints.locate import weights_path
    from vesal.checkpoints.summary import summarised
    from vesal.models.zoo import ZOO

    check_opset(opset)
    write.prepare(output)
    with bar(f"reading {Path(model).name}") as progress:
        network = load_model(model, family=family)
        known = model in ZOO
        facts = summarised(
            weights_path(model) if known else Path(model), family or network.config.family
        )
        exported = write.export(
            network,
            output,
            name=model if known else Path(model).stem,
            origin=Origin(licence=facts.licence, sha256=facts.sha256),
            opset=opset,
            single_mask=single_mask,
            progress=progress,
        )
    untrained = single_mask and network.config.family == "sam-med2d"
    print_facts([*_lines(exported, untrained=untrained), ("licence", facts.licence)])


def _lines(exported: "tuple[Exported, ...]", *, untrained: bool) -> list[tuple[str, str]]:
    """What was written, how far it is from torch, and what to beware of."""
    lines = [
        (file.path.stem.rsplit("-", 1)[-1], f"{file.path} ({file.size_bytes / 1e6:,.1f} MB)")
        for file in exported
    ]
    apart = max(file.difference for file in exported)
    lines.append(("checked", f"onnxruntime and torch differ by {apart:.1e} at most"))
    if untrained:
        lines.append(("note", _UNTRAINED_NOTE))
    return lines
