"""`vesal segment`: prompts on a scan, a mask on its grid."""

from pathlib import Path
from typing import Annotated

import typer

from vesal.cli.options import Model, check_model
from vesal.cli.segment_auto import check_no_prompts, segment_auto
from vesal.cli.segment_many import Many, check_no_scan, run_many, the_scan
from vesal.cli.segment_one import How, Job, Said, segment_one

HELP = """Segment one structure of a scan from prompts, or the structures of many scans.

Prompts mix freely: clicks, boxes, scribbles, lassos, a mask to begin with, labels to stay out of. \
Coordinates are millimetres in the world of the scan (RAS+): x to the patient's right, y to the \
front, z to the head. For PNG, JPEG and TIFF they are x to the right and y down, in pixels where \
the file knows no spacing. With --voxel they are array indices counted from 0: i,j,k of a volume, \
row,column of a 2D image. Points of a line are separated by blanks.

With --prompts, a JSON or CSV file says what to segment in which scans (docs/prompts.md); results \
and a report go into the folder OUT, what is done already is skipped, and the exit code is 6 if a \
case failed.

With --auto, a model that `vesal train auto` made finds everything that it was taught, without \
prompts, in one scan or in many (docs/automatic.md)."""
EXAMPLES = """[bold]Examples[/bold]
  [dim]one click in the liver, in mm[/dim]
    vesal segment ct.nii.gz --point 98,161,397 -o liver.nii.gz
  [dim]a second click, one outside, and a picture to look at[/dim]
    vesal segment ct.nii.gz --point 98,161,397 --point 60,170,400 \\
      --negative -40,100,397 -o liver.nii.gz --picture liver.png
  [dim]a box of array indices, both corners included; a box on one slice[/dim]
    vesal segment mr.nrrd --voxel --box 40,52,8,61,70,15 -o lesion.nrrd
    vesal segment mr.nrrd --voxel --box 40,52,11,61,70,11 -o lesion.nrrd
  [dim]a line drawn through it, kept out of what is segmented already[/dim]
    vesal segment ct.nii.gz --scribble "98,161,397 80,165,397" \\
      --avoid done.nii.gz:3,5 -o liver.nii.gz
  [dim]a folder with DICOM series, written as DICOM SEG; a 2D image by row and column[/dim]
    vesal segment series/ --series 2 --point 25,-60,130 --name liver -o liver.seg.dcm
    vesal segment cells.png --voxel --point 120,85 -o cell.png
  [dim]many scans[/dim]
    vesal segment --prompts cases.csv -o out/
  [dim]all that an automatic model knows, in one scan and in many[/dim]
    vesal segment ct.nii.gz --auto --model my-auto.safetensors -o labels.nii.gz
    vesal segment ct.nii.gz mr.nrrd --auto --model my-auto.safetensors -o out/"""


_Scans = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="SCAN",
        show_default=False,
        help="NIfTI, NRRD, MHA, MHD, PNG, JPEG or TIFF file, or a folder with DICOM series; "
        "with --auto there may be many.",
    ),
]
_Output = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="OUT",
        show_default=False,
        help="Mask file, its suffix chooses the format; for many scans a folder.",
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
    list[str] | None,
    typer.Option(
        "--box",
        metavar="X,Y,Z,X,Y,Z",
        help="Two opposite corners around it; in a volume it may lie on one slice.",
    ),
]
_NotBox = Annotated[
    list[str] | None,
    typer.Option("--not-box", metavar="X,Y,Z,X,Y,Z", help="A box to stay out of; repeatable."),
]
_Scribble = Annotated[
    list[str] | None,
    typer.Option("--scribble", metavar="POINTS", help="A line drawn inside of it; repeatable."),
]
_NotScribble = Annotated[
    list[str] | None,
    typer.Option("--not-scribble", metavar="POINTS", help="A line drawn outside; repeatable."),
]
_Lasso = Annotated[
    list[str] | None,
    typer.Option("--lasso", metavar="POINTS", help="A closed outline on a plane; repeatable."),
]
_NotLasso = Annotated[
    list[str] | None,
    typer.Option("--not-lasso", metavar="POINTS", help="An outline to stay out of; repeatable."),
]
_Start = Annotated[
    Path | None,
    typer.Option("--start", metavar="MASK", help="A mask to begin with, on the scan's grid."),
]
_Avoid = Annotated[
    list[str] | None,
    typer.Option(
        "--avoid",
        metavar="LABELS[:N,N]",
        help="A label map to stay out of, or some of its labels; repeatable.",
    ),
]
_Series = Annotated[
    str | None,
    typer.Option(
        "--series", metavar="WHICH", help="Of a DICOM folder: number, UID or description."
    ),
]
_Name = Annotated[
    str | None,
    typer.Option("--name", metavar="NAME", help="What it is called in files that hold names."),
]
_Save = Annotated[
    Path | None,
    typer.Option("--save", metavar="FILE", help="Also write the session, to be gone on with."),
]
_Prompts = Annotated[
    Path | None,
    typer.Option("--prompts", metavar="FILE", help="JSON or CSV: many scans instead of one."),
]
_Each = Annotated[
    bool,
    typer.Option("--each", metavar="", help="Of many scans: a file for each object."),
]
_Format = Annotated[
    str | None,
    typer.Option(
        "--format", metavar="SUFFIX", help="Of many scans: of the results; .nii.gz if not given."
    ),
]
_Again = Annotated[
    bool,
    typer.Option("--again", metavar="", help="Of many scans: do again what is done."),
]
_Cache = Annotated[
    Path | None,
    typer.Option("--cache", metavar="DIR", help="Keep encoded parts of scans for the next time."),
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


_Auto = Annotated[
    bool,
    typer.Option(
        "--auto", metavar="", help="Find all that an automatic model was taught, without prompts."
    ),
]


def segment(  # noqa: PLR0913  # each is an option on the command line
    output: _Output,
    scans: _Scans = None,
    point: _Points = None,
    negative: _Negatives = None,
    box: _Box = None,
    not_box: _NotBox = None,
    scribble: _Scribble = None,
    not_scribble: _NotScribble = None,
    lasso: _Lasso = None,
    not_lasso: _NotLasso = None,
    start: _Start = None,
    avoid: _Avoid = None,
    voxel: _Voxel = False,
    series: _Series = None,
    name: _Name = None,
    model: Model = "vesal-mini",
    full_history: _FullHistory = False,
    picture: _Picture = None,
    save: _Save = None,
    prompts: _Prompts = None,
    each: _Each = False,
    format: _Format = None,  # noqa: A002  # the name of the option
    again: _Again = False,
    cache: _Cache = None,
    auto: _Auto = False,
) -> None:
    """Segment one structure and write its mask, or run a prompt file.

    Raises:
        VesalError: if anything that was given cannot be used; no file is written then.
    """
    inside = {"--box": box, "--point": point, "--scribble": scribble, "--lasso": lasso}
    outside = {"--negative": negative, "--not-box": not_box}
    outside |= {"--not-scribble": not_scribble, "--not-lasso": not_lasso}
    said = Said(inside=inside, outside=outside, start=start, avoid=avoid or [], voxel=voxel)
    check_model(model)
    how = How(model=model, full_history=full_history, cache=cache)
    many = Many(suffix=format, each=each, again=again)
    if auto:
        others = {"--prompts": prompts, "--name": name, "--picture": picture, "--save": save}
        check_no_prompts(said, {**others, "--cache": cache, "--full-history": full_history})
        segment_auto(scans or (), output, model=model, series=series, many=many)
    elif prompts is not None:
        check_no_scan(said, (scans or None, series, name, picture, save))
        run_many(prompts, output, how, many)
    else:
        one = the_scan(scans or (), many)
        job = Job(scan=one, series=series, name=name, output=output, picture=picture, save=save)
        segment_one(job, said, how)
