"""`vesal segment --auto`: everything that a model was taught, in one scan or in many."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vesal.cli.console import bar, print_facts
from vesal.cli.options import check_suffix
from vesal.cli.segment_many import Many, print_outcome
from vesal.cli.segment_one import Said
from vesal.errors import ConfigError

if TYPE_CHECKING:
    from vesal.labels import LabelMap


def check_no_prompts(said: Said, others: Mapping[str, object]) -> None:
    """Refuse what says where something is, or what only prompts need.

    Args:
        said: prompts.
        others: what else was said, by its option; None or False where it was not.

    Raises:
        ConfigError: if there is any.
    """
    options = [name for name, texts in {**said.inside, **said.outside}.items() if texts]
    options += [name for name, value in others.items() if value]
    if said.start is not None:
        options.append("--start")
    if said.avoid:
        options.append("--avoid")
    if options or said.voxel:
        msg = (
            "with --auto the model knows what to find, and takes no "
            f"{', '.join(options) or '--voxel'}: leave it out, or --auto"
        )
        raise ConfigError(msg)


def segment_auto(
    scans: Sequence[Path], output: Path, *, model: str, series: str | None, many: Many
) -> None:
    """Segment scans with an automatic model and print what was found.

    Args:
        scans: one, or many.
        output: a file for one, a folder for many.
        model: weights file.
        series: of a DICOM folder, for one.
        many: what can be said of many.

    Raises:
        VesalError: if anything that was given cannot be used; no file is written then.
    """
    if not scans:
        raise ConfigError("--auto needs one SCAN or more, and none was given")
    if len(scans) > 1 or many.is_said or output.is_dir():
        if series is not None:
            raise ConfigError("--series chooses in one scan: give one SCAN and a file for OUT")
        if output.suffix and not output.is_dir():
            msg = f"OUT is a folder where there are several scans, got the file {output.name!r}"
            raise ConfigError(msg)
        _many(scans, output, model, many)
    else:
        _one(scans[0], output, model, series)


def _one(scan: Path, output: Path, model: str, series: str | None) -> None:
    from vesal.cli.output import check_paths, rehearse
    from vesal.images import open_image
    from vesal.labels.write import check_suffix

    started = time.perf_counter()
    check_paths(scan, (output,), None)
    check_suffix(output)
    with bar(f"reading {scan.name}") as progress:
        image = open_image(scan, series=series)
        rehearse(output, image)
        from vesal.checkpoints.automatic import load_automatic
        from vesal.inference.automatic import segment_automatically

        network = load_automatic(model)
        labels = segment_automatically(image, network, progress=progress)
        labels.save(output)
    facts = _found(labels) + [("note", note) for note in image.source.notes]
    facts += [("time", f"{time.perf_counter() - started:.1f} s"), ("labels", str(output))]
    print_facts(facts)


def _many(scans: Sequence[Path], folder: Path, model: str, many: Many) -> None:
    """Raises typer.Exit with code 6 if a scan failed."""
    from vesal.images.write import make_folder

    suffix = many.suffix or ".nii.gz"
    check_suffix(suffix)
    missing = [str(scan) for scan in scans if not scan.exists()]
    if missing:
        msg = f"there is no {missing[0]}; give scans that are there"
        raise ConfigError(msg)
    with bar("loading the model", left=True) as progress:
        from vesal.cohort.run import run
        from vesal.cohort.scan import scans_of
        from vesal.cohort.settings import Settings, load_named

        network, identity = load_named(model, without_prompts=True)
        cohort = scans_of(scans)
        make_folder(folder)
        settings = Settings(model=network, identity=identity, suffix=suffix, each=many.each)
        outcome = run(cohort, folder, settings, again=many.again, progress=progress)
    print_outcome(outcome)


def _found(labels: "LabelMap") -> list[tuple[str, str]]:
    """A line for each class: its volume where that is known, else its voxels."""
    import numpy as np

    counts = np.bincount(labels.array.reshape(-1), minlength=256)
    known = labels.grid.ndim == 3 and labels.source.spacing_known
    lines = []
    for segment in labels.segments:
        count = int(counts[segment.number])
        ml = count * labels.grid.voxel_volume_mm3 / 1000
        text = f"{ml:,.2f} ml ({count:,} voxels)" if known else f"{count:,} voxels"
        lines.append((segment.name, text if count else "not found"))
    return lines
