"""`vesal info`: what a scan is and where it lies, without loading torch."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vesal.cli.console import bar, print_facts
from vesal.terminal import one_line

if TYPE_CHECKING:
    from vesal.images import Image
    from vesal.images.dicom import Listed

HELP = """Show the grid, orientation, spacing and intensities of a scan, and the series of a folder.

World coordinates are millimetres, RAS+ for volumes (x to the patient's right, y to the front, \
z to the head), x to the right and y down for 2D images."""
EXAMPLES = """[bold]Examples[/bold]
  vesal info scan.nii.gz
  vesal info study/
  vesal info study/ --series 2 --json"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What there is to say about a scan; the keys of the JSON form, which adds `series`.

    Lengths are mm, or pixels where `spacing_known` is False; `extent_mm` follows the index
    axes, origin and bounds are world coordinates. Percentiles are taken on a subsample.
    """

    path: str
    format: str
    shape: tuple[int, ...]
    colour: bool
    orientation: str
    spacing_known: bool
    spacing_mm: tuple[float, ...]
    extent_mm: tuple[float, ...]
    origin_mm: tuple[float, ...]
    bounds_low_mm: tuple[float, ...]
    bounds_high_mm: tuple[float, ...]
    dtype: str
    minimum: float
    percentile_0_5: float
    percentile_99_5: float
    maximum: float
    size_bytes: int
    series_uid: str
    notes: tuple[str, ...]


def info(
    scan: Annotated[
        Path,
        typer.Argument(
            metavar="SCAN", show_default=False, help="A file, or a folder or zip file of DICOM."
        ),
    ],
    series: Annotated[
        str | None,
        typer.Option(
            "--series", metavar="SERIES", help="Number, UID or description of one DICOM series."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", metavar="", help="Print JSON, unrounded.")
    ] = False,
) -> None:
    """Print the facts of a scan, and the series of a folder that holds several.

    Raises:
        VesalError: if it cannot be read.
    """
    from vesal.images import open_image
    from vesal.images.dicom import candidates
    from vesal.images.read import list_series

    with bar(f"reading {scan.name}"):
        lines = list_series(scan) if scan.exists() else ()  # open_image says so better
        clear = series is not None or len(candidates(lines)) < 2
        facts = describe(scan, open_image(scan, series=series)) if clear else None
    if as_json:
        record: dict[str, object] = dataclasses.asdict(facts) if facts else {"path": str(scan)}
        record["series"] = [dataclasses.asdict(line) for line in lines]
        print(json.dumps(record, indent=2))
        return
    if len(lines) > 1:
        for line in _table(lines):
            print(line)
    if facts is None:
        print("choose one: vesal info SCAN --series NUMBER")
    else:
        print_facts(_lines(facts))


def describe(path: Path, image: "Image") -> Facts:
    """Return the facts of an image that was read from `path`."""
    from vesal.images.intensity import robust_range

    grid = image.grid
    bounds = grid.bounds_mm()
    low, high = robust_range(image.array)
    extent = tuple(n * s for n, s in zip(grid.shape, grid.spacing_mm, strict=True))
    return Facts(
        path=str(path),
        format=image.source.format,
        shape=grid.shape,
        colour=image.is_colour,
        orientation=grid.orientation,
        spacing_known=image.source.spacing_known,
        spacing_mm=grid.spacing_mm,
        extent_mm=extent,
        origin_mm=tuple(grid.affine[:-1, -1].tolist()),
        bounds_low_mm=bounds.low,
        bounds_high_mm=bounds.high,
        dtype=str(image.array.dtype),
        minimum=float(image.array.min()),
        percentile_0_5=low,
        percentile_99_5=high,
        maximum=float(image.array.max()),
        size_bytes=image.array.nbytes,
        series_uid=image.source.series_uid,
        notes=image.source.notes,
    )


def _lines(facts: Facts) -> list[tuple[str, str]]:
    """The facts for people, rounded."""
    unit = "mm" if facts.spacing_known else "pixels"
    spacing = _joined(facts.spacing_mm, " x ") + " mm"
    axes = zip("xyz", facts.bounds_low_mm, facts.bounds_high_mm, strict=False)
    return [
        ("scan", facts.path),
        ("format", facts.format + (", colour" if facts.colour else "")),
        ("shape", _joined(facts.shape, " x ")),
        ("orientation", facts.orientation),
        ("spacing", spacing if facts.spacing_known else "not known: coordinates are pixels"),
        ("extent", f"{_joined(facts.extent_mm, ' x ')} {unit}"),
        ("origin", f"{_joined(facts.origin_mm, ', ')} {unit}"),
        ("bounds", ", ".join(f"{a} {low:.6g} to {high:.6g}" for a, low, high in axes) + f" {unit}"),
        ("type", facts.dtype),
        ("intensity", f"{facts.minimum:.6g} to {facts.maximum:.6g}"),
        ("middle 99 %", f"{facts.percentile_0_5:.6g} to {facts.percentile_99_5:.6g}"),
        ("memory", f"{facts.size_bytes / 1e6:,.1f} MB"),
        *([("series", facts.series_uid)] if facts.series_uid else []),
        *(("note", note) for note in facts.notes),
    ]


def _table(lines: "Sequence[Listed]") -> list[str]:
    """One series a line, aligned, below a line of headings."""
    rows = [("", "description", "modality", "slices", "size", "uid")]
    for line in lines:
        name = ", ".join(part for part in (line.description or "no name", line.part) if part)
        slices = str(line.slices) if line.kind == "volume" else line.kind
        size = f"{line.columns} x {line.rows}"
        name, modality = one_line(name), one_line(line.modality or "-")
        rows.append((str(line.number), name, modality, slices, size, line.uid))
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    table = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    problems = [
        f"{line.number}  cannot be opened: {one_line(line.problem)}"
        for line in lines
        if line.problem
    ]
    return [*table, *problems]


def _joined(numbers: tuple[float, ...] | tuple[int, ...], separator: str) -> str:
    return separator.join(f"{number:.6g}" for number in numbers)
