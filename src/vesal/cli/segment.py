"""`vesal segment`: prompts on a scan, a mask on its grid."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vesal.cli.console import bar, print_facts

if TYPE_CHECKING:
    from vesal.images import Mask
    from vesal.session import Session

HELP = """Segment one structure of a scan from clicks and boxes.

Coordinates are millimetres in the world of the scan (RAS+): x to the patient's right, y to the \
front, z to the head. For PNG, JPEG and TIFF they are x to the right and y down, in pixels where \
the file knows no spacing. With --voxel they are array indices counted from 0: i,j,k of a volume, \
row,column of a 2D image."""
EXAMPLES = """[bold]Examples[/bold]
  [dim]one click in the liver, in mm[/dim]
    vesal segment ct.nii.gz --point 12,-40,33 -o liver.nii.gz
  [dim]a second click, one outside, and a picture to look at[/dim]
    vesal segment ct.nii.gz --point 12,-40,33 --point 30,-20,40 \\
      --negative -5,-60,33 -o liver.nii.gz --picture liver.png
  [dim]a box of array indices, both corners included[/dim]
    vesal segment mr.nrrd --voxel --box 40,52,8,61,70,15 -o lesion.nrrd
  [dim]a folder with a DICOM series; a 2D image by row and column[/dim]
    vesal segment series/ --point 12,-40,33 -o liver.nii.gz
    vesal segment cells.png --voxel --point 120,85 -o cell.png"""


_Scan = Annotated[
    Path,
    typer.Argument(
        metavar="SCAN",
        show_default=False,
        help="NIfTI, NRRD, MHA, MHD, PNG, JPEG or TIFF file, or a folder with a DICOM series.",
    ),
]
_Output = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="OUT",
        show_default=False,
        help="Mask file, on the scan's own grid; its suffix chooses the format.",
    ),
]
_Points = Annotated[
    list[str] | None,
    typer.Option("--point", metavar="X,Y,Z", help="A click inside the structure; repeatable."),
]
_Negatives = Annotated[
    list[str] | None,
    typer.Option("--negative", metavar="X,Y,Z", help="A click outside of it; repeatable."),
]
_Box = Annotated[
    str | None,
    typer.Option("--box", metavar="X,Y,Z,X,Y,Z", help="Two opposite corners around it."),
]
_Model = Annotated[
    str,
    typer.Option("--model", metavar="MODEL", help="A name of `vesal models`, or a weights file."),
]
_FullHistory = Annotated[
    bool,
    typer.Option(
        "--full-history",
        metavar="",
        help="Tell a 3D SAM all clicks at each step, not the newest alone.",
    ),
]
_Voxel = Annotated[
    bool, typer.Option("--voxel", metavar="", help="Coordinates are array indices instead of mm.")
]
_Picture = Annotated[
    Path | None,
    typer.Option("--picture", metavar="PNG", help="Also draw planes, outline and clicks."),
]


def segment(  # noqa: PLR0913  # each is an option on the command line
    scan: _Scan,
    output: _Output,
    point: _Points = None,
    negative: _Negatives = None,
    box: _Box = None,
    model: _Model = "vesal-mini",
    full_history: _FullHistory = False,
    voxel: _Voxel = False,
    picture: _Picture = None,
) -> None:
    """Segment one structure and write its mask.

    Raises:
        VesalError: if anything that was given cannot be used; no file is written then.
    """
    from vesal.cli.coordinates import typed_prompts
    from vesal.cli.output import check_paths, rehearse
    from vesal.images import open_image

    started = time.perf_counter()
    wanted = typed_prompts(point or [], negative or [], box)
    check_model(model)
    check_paths(scan, output, picture)
    with bar(f"reading {scan.name}") as progress:
        image = open_image(scan)
        prompts = wanted.on(image.grid, voxel=voxel)
        rehearse(output, image)
        from vesal.session import Session  # brings torch, which takes two seconds

        session = Session(image, model, full_history=full_history, progress=progress)
        mask = session.add(*prompts)
        if picture is not None:  # first, so that a refused picture leaves no mask behind
            _draw(picture, session, title=output.name, model=model)
        mask.save(output)
    facts = _found(session)
    facts += [("time", f"{time.perf_counter() - started:.1f} s"), ("mask", str(output))]
    if picture is not None:
        facts.append(("picture", str(picture)))
    print_facts(facts)


def check_model(model: str) -> None:
    """Refuse a model that is neither a file nor a name that vesal knows, without loading torch.

    Raises:
        ConfigError: if it is neither.
    """
    from vesal.checkpoints.locate import weights_path

    if Path(model).is_dir():
        from vesal.errors import ConfigError

        msg = f"{model} is a folder; give the weights file in it, or a name of `vesal models`"
        raise ConfigError(msg)
    if not Path(model).is_file():
        weights_path(model)


def _found(session: "Session") -> list[tuple[str, str]]:
    """What can be said of the mask."""
    facts = [("volume", _volume(session.mask))]
    if session.score is not None:
        facts.append(("score", f"{session.score:.2f} IoU expected by the model"))
    return facts + [("note", note) for note in session.notes]


def _volume(mask: "Mask") -> str:
    """The size of a mask in ml where that is known, else in voxels."""
    count = int(mask.array.sum())
    if mask.volume_ml is not None:
        return f"{mask.volume_ml:,.2f} ml ({count:,} voxels)"
    return f"{count:,} {'pixels' if mask.grid.ndim == 2 else 'voxels of unknown spacing'}"


def _draw(path: Path, session: "Session", *, title: str, model: str) -> None:
    from vesal.images.picture import Mark, Row, save_sheet
    from vesal.prompts import Click

    clicks = [prompt for prompt in session.prompts if isinstance(prompt, Click)]
    row = Row(
        image=session.image,
        mask=session.mask,
        title=title.split(".")[0],
        details=(_volume(session.mask),),
        marks=tuple(Mark(point_mm=c.point_mm, positive=c.positive) for c in clicks),
    )
    save_sheet(path, [row], title="vesal segment", notes=(f"Model {Path(model).name}.",))
