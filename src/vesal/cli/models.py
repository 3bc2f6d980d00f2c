"""`vesal models`: what can be asked, and where its weights lie, without loading torch."""

import dataclasses
import json
from dataclasses import dataclass
from typing import Annotated

import typer

from vesal.cli.console import print_facts

HELP = "List the models: their images, their prompts, where their weights are."
EXAMPLES = """[bold]Examples[/bold]
  vesal models
  vesal models --json"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One model; the keys of the JSON form. `size_bytes` is None where the file is missing."""

    name: str
    family: str
    ndim: int
    """Space axes of the network itself: one of 2 sees volumes slice by slice."""
    image_ndims: tuple[int, ...]
    prompts: tuple[str, ...]
    trained_score: bool
    weights_path: str
    size_bytes: int | None


def models(
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print JSON.")] = False,
) -> None:
    """Print what `vesal segment --model` accepts."""
    listed = entries()
    if as_json:
        print(json.dumps([dataclasses.asdict(entry) for entry in listed], indent=2))
        return
    for number, entry in enumerate(listed):
        if number:
            print()
        print_facts(_lines(entry))


def entries() -> tuple[Entry, ...]:
    """Return every model of the zoo, in its order."""
    from vesal.checkpoints.locate import weights_path
    from vesal.models.zoo import ZOO

    listed = []
    for name, config in ZOO.items():
        path = weights_path(name)
        entry = Entry(
            name=name,
            family=config.family,
            ndim=config.ndim,
            image_ndims=config.capabilities.image_ndims,
            prompts=config.capabilities.prompts,
            trained_score=config.capabilities.trained_score,
            weights_path=str(path),
            size_bytes=path.stat().st_size if path.is_file() else None,
        )
        listed.append(entry)
    return tuple(listed)


def _lines(entry: Entry) -> list[tuple[str, str]]:
    size = f"missing: vesal weights get {entry.name}"
    if entry.size_bytes is not None:
        size = f"{entry.size_bytes / 1e6:.1f} MB"
    return [
        ("model", entry.name),
        ("network", f"{entry.family}, {entry.ndim}D"),
        ("images", ", ".join(f"{ndim}D" for ndim in entry.image_ndims)),
        ("prompts", ", ".join(entry.prompts)),
        ("score", "trained" if entry.trained_score else "not trained"),
        ("weights", f"{entry.weights_path} ({size})"),
    ]
