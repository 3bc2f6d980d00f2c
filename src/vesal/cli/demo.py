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
    from vesal.evaluation.protocol import Round
    from vesal.images import Image, Mask
    from vesal.images.picture import Row
    from vesal.models.promptable import Promptable
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
    structure: str
    image: "Image"
    mask: "Mask"
    known: "Mask"
    rounds: "tuple[Round, ...]"

    @property
    def elapsed_s(self) -> float:
        """Seconds from the first click to the last mask."""
        return sum(one.elapsed_s for one in self.rounds)


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
        from vesal.checkpoints.load import load_model
        from vesal.images.picture import save_sheet

        results = []
        for result in _results(load_model(_MODEL), progress):
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


def _results(model: "Promptable", progress: "Progress") -> Iterator[Result]:
    from vesal.evaluation.protocol import click_rounds
    from vesal.images import Mask, open_image
    from vesal.session import Session

    total = sum(len(scan.structures) for scan in SCANS)
    done = 0
    scans = Path(str(resources.files("vesal") / "assets" / "scans"))
    for scan in SCANS:
        image = open_image(scans / scan.image)
        labels = open_image(scans / scan.labels)
        for structure, value in scan.structures.items():
            progress(done, total, f"{scan.name}: {structure}")
            known = Mask(array=labels.array == value, grid=image.grid, source=image.source)
            session = Session(image, model)
            rounds = click_rounds(session, known.array, _CLICKS)
            yield Result(
                scan=scan.name,
                structure=structure,
                image=image,
                mask=session.mask,
                known=known,
                rounds=rounds,
            )
            done += 1
    progress(done, total, "drawing the picture")


def _row(result: Result) -> "Row":
    from vesal.images.picture import Mark, Row

    first, last = result.rounds[0], result.rounds[-1]
    clicks = [one.click for one in result.rounds]
    return Row(
        image=result.image,
        mask=result.mask,
        known=result.known,
        title=result.structure,
        details=(
            result.scan,
            f"Dice {first.dice:.2f} after 1 click",
            f"Dice {last.dice:.2f} after {len(clicks)} clicks",
            f"{result.elapsed_s:.1f} s",
        ),
        marks=tuple(Mark(point_mm=c.point_mm, positive=c.positive) for c in clicks),
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
            str(len(result.rounds)),
            f"{result.rounds[0].dice:.2f}",
            f"{result.rounds[-1].dice:.2f}",
            f"{result.elapsed_s:.1f}",
        )
    Console().print(table)
