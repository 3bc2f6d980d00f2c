"""`vesal demo`: the whole path on the real scans inside the package."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vesal.cli.console import bar, print_facts
from vesal.errors import ResourceError

if TYPE_CHECKING:
    from vesal.evaluation.item import Item
    from vesal.evaluation.method import Method
    from vesal.evaluation.results import Played
    from vesal.images import Mask
    from vesal.images.picture import Row
    from vesal.progress import Progress

HELP = """Segment organs of a real CT and a real MR from simulated clicks.

The scans are part of the package. A simulated user clicks in the middle of each organ, then \
twice in the middle of what is most wrong. A mask of each organ and a picture of all are written."""
EXAMPLES = """[bold]Examples[/bold]
  vesal demo
  vesal demo -o somewhere"""

_MODEL = "vesal-mini"
_CLICKS = 3
_ORIGIN = "The known labels are predictions of TotalSegmentator, not expert drawings."


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A scan of the package, and which values of its label map are segmented."""

    name: str
    image: str
    labels: str
    structures: dict[str, int]


# Values: class maps "total" (v2) and "total_mr" of TotalSegmentator.
SCANS = (
    Scan(
        name="CT",
        image="example_ct.nii.gz",
        labels="example_seg_fast_force_split.nii.gz",
        structures={"liver": 5, "spleen": 1, "right kidney": 2, "urinary bladder": 21},
    ),
    Scan(
        name="MR",
        image="example_mr_sm.nii.gz",
        labels="example_seg_mr.nii.gz",
        structures={"liver": 5, "gallbladder": 4},
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Result:
    """What came of the clicks on one structure."""

    scan: str
    item: "Item"
    played: "Played"

    @property
    def structure(self) -> str:
        """Its name."""
        return self.item.target.name

    @property
    def mask(self) -> "Mask":
        """What came out."""
        from vesal.images import Mask

        image = self.item.image
        return Mask(array=self.played.mask.full(), grid=image.grid, source=image.source)

    @property
    def elapsed_s(self) -> float:
        """Seconds from the first click to the last mask."""
        return sum(row.seconds for row in self.played.rows)


def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where the results go.")
    ] = Path("demo-output"),
) -> None:
    """Segment the structures, write masks and picture, print how good they are.

    Raises:
        ResourceError: if the folder cannot be written to.
        CheckpointError: if the weights in the package are damaged.
    """
    _make(output)
    with bar("loading the model") as progress:
        from vesal.evaluation.methods.own import OwnMethod
        from vesal.images.picture import save_sheet

        results = []
        for result in _results(OwnMethod(_MODEL), progress):
            name = f"{result.scan} {result.structure}".lower().replace(" ", "_")
            result.mask.save(output / f"{name}.nii.gz")
            results.append(result)
        notes = (f"Model {_MODEL}. {_ORIGIN}",)
        rows = [_row(result) for result in results]
        picture = save_sheet(output / "contact_sheet.png", rows, title="vesal demo", notes=notes)
    _print_table(results)
    print(_ORIGIN)
    print_facts([("masks", f"{output}/*.nii.gz"), ("picture", str(picture))])


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"{folder} cannot be made a folder ({error.strerror}); choose another one"
        raise ResourceError(msg) from error


def _results(model: "Method", progress: "Progress") -> Iterator[Result]:
    from vesal.datasets import LabelFile, Pair, Structure, open_pair
    from vesal.evaluation.item import items_of
    from vesal.evaluation.play import about_item, play, start_row
    from vesal.evaluation.protocols.named import protocol_named

    total = sum(len(scan.structures) for scan in SCANS)
    done = 0
    scans = Path(str(resources.files("vesal") / "assets" / "scans"))
    protocol = protocol_named("clicks", _CLICKS)
    (variant,) = protocol.variants
    for scan in SCANS:
        named = [Structure(name=name, values=(value,)) for name, value in scan.structures.items()]
        labels = LabelFile(path=scans / scan.labels, structures=tuple(named))
        pair = Pair(name=scan.name, image=scans / scan.image, labels=(labels,))
        for item in items_of(open_pair(pair), variant.view):
            progress(done, total, f"{scan.name}: {item.target.name}")
            start = about_item(start_row(pair, model.name), item, variant.name)
            yield Result(
                scan=scan.name, item=item, played=play(model, item, variant, protocol, start)
            )
            done += 1
    progress(done, total, "drawing the picture")


def _row(result: Result) -> "Row":
    from vesal.evaluation.gallery import marks_of
    from vesal.images import Mask
    from vesal.images.picture import Row

    image, rows = result.item.image, result.played.rows
    return Row(
        image=image,
        mask=result.mask,
        known=Mask(array=result.item.truth, grid=image.grid, source=image.source),
        title=result.structure,
        details=(
            result.scan,
            f"Dice {rows[0].dice:.2f} after 1 click",
            f"Dice {rows[-1].dice:.2f} after {len(rows)} clicks",
            f"{result.elapsed_s:.1f} s",
        ),
        marks=marks_of(rows, image.grid),
    )


def _print_table(results: list[Result]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("structure")
    for name in ("clicks", "Dice at click 1", "Dice at the last", "seconds"):
        table.add_column(name, justify="right")
    for result in results:
        table.add_row(
            f"{result.structure} ({result.scan})",
            str(len(result.played.rows)),
            f"{result.played.rows[0].dice:.2f}",
            f"{result.played.rows[-1].dice:.2f}",
            f"{result.elapsed_s:.1f}",
        )
    Console().print(table)
