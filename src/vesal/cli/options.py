"""Options that several commands have, and what is checked of them before anything is loaded."""

from pathlib import Path
from typing import Annotated

import typer

from vesal.errors import ConfigError

Channel = Annotated[
    int, typer.Option("--channel", metavar="N", help="Of nnU-Net cases with several images.")
]
Device = Annotated[
    str,
    typer.Option(
        "--device", metavar="NAME", help="Where to compute: cpu, cuda, cuda:1, mps, or auto."
    ),
]
Family = Annotated[
    str | None,
    typer.Option(
        "--family",
        metavar="FAMILY",
        help="What a file is taken for; needed for medsam, whose files look like sam's.",
    ),
]
Labelled = Annotated[
    Path, typer.Argument(metavar="DATA", show_default=False, help="Folder, JSON or CSV.")
]
Model = Annotated[
    str,
    typer.Option("--model", metavar="MODEL", help="A name of `vesal models`, or a weights file."),
]
Ray = Annotated[
    str,
    typer.Option("--ray", metavar="ADDRESS", help="Of a Ray cluster: auto, local or ray://..."),
]
Resample = Annotated[
    bool,
    typer.Option(
        "--resample-labels", metavar="", help="Bring labels on another grid to the image's."
    ),
]
Structures = Annotated[
    list[str] | None,
    typer.Option(
        "--structures",
        metavar="NAMES",
        help="Only these, parted by commas; * and ? stand for letters.",
    ),
]
Workers = Annotated[int, typer.Option("--workers", metavar="N", help="Processes at once.")]


def parted(said: list[str] | None) -> tuple[str, ...]:
    """Names parted by commas, of one option or several."""
    parts = [part.strip() for words in said or () for part in words.split(",")]
    return tuple(part for part in parts if part)


def check_workers(workers: int) -> None:
    """Refuse to work with nobody; raises ConfigError."""
    if workers < 1:
        msg = f"--workers needs 1 or more, got {workers}"
        raise ConfigError(msg)


def check_model(model: str) -> None:
    """Refuse what is no weights, no folder of a model and no known name, without loading torch.

    Raises:
        ConfigError: if it is none of them.
    """
    from vesal.checkpoints.locate import MODEL_FILE, in_folder, weights_path

    path = in_folder(Path(model))
    if path.is_dir():
        msg = f"{model} is a folder without {MODEL_FILE}; give weights, or a name of `vesal models`"
        raise ConfigError(msg)
    if not path.is_file():
        weights_path(model)


def check_suffix(suffix: str) -> None:
    """Refuse a suffix that no format has, or that is more than a suffix; raises InputError."""
    from vesal.labels import write

    if write.check_suffix(Path(f"result{suffix}")) != suffix.lower():
        msg = f"--format needs a suffix alone, like .seg.nrrd, got {suffix!r}"
        raise ConfigError(msg)
