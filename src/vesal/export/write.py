"""A model to two ONNX files that were run and found right, or to none."""

import logging
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vesal.errors import ConfigError, ResourceError
from vesal.export.agreement import check
from vesal.export.description import Origin, described
from vesal.export.halves import halves
from vesal.export.onnx_file import check_opset, converted, save
from vesal.images.write import move
from vesal.models.build import Model
from vesal.progress import Progress, silent

logger = logging.getLogger(__name__)

OPSET = 20  # the first with GELU as an operator


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A file that was written."""

    path: Path
    size_bytes: int
    """With its weights, where they lie beside it."""
    difference: float
    """The largest between onnxruntime and torch, relative to the output where it is above 1."""


def export(
    model: Model,
    folder: Path,
    *,
    name: str,
    origin: Origin,
    opset: int = OPSET,
    single_mask: bool = False,
    progress: Progress = silent,
) -> tuple[Exported, Exported]:
    """Write ``<name>-encoder.onnx`` and ``<name>-decoder.onnx``; files of that name are replaced.

    Args:
        model: ready for inference.
        folder: is made if it is missing.
        name: of the files.
        origin: goes into the files.
        opset: version of ONNX's operators.
        single_mask: whether the decoder chooses one mask of four by SAM's rule.
        progress: is told of four steps.

    Raises:
        ConfigError: an opset or a choice that this model cannot have, or a name with a folder.
        ResourceError: the disk refuses, or onnxruntime finds other numbers than torch; the folder
            is then as it was.
    """
    check_opset(opset)
    if name in ("", "..") or Path(name).name != name:
        msg = f"the name of the files must be a plain word, got {name!r}"
        raise ConfigError(msg)
    graphs = halves(model, single_mask=single_mask)
    prepare(folder)
    with _scratch(folder) as scratch:
        differences = []
        for number, graph in enumerate(graphs):
            started = time.monotonic()
            path = scratch / f"{name}-{graph.role}.onnx"
            progress(2 * number, 2 * len(graphs), f"translating the {graph.role}")
            save(converted(graph, opset), path, described(graph, model.config, origin))
            progress(2 * number + 1, 2 * len(graphs), f"checking the {graph.role}")
            differences.append((path, check(graph, path)))
            logger.info("exported %s in %.1f s", path.name, time.monotonic() - started)
        encoder, decoder = (_moved(path, folder, apart) for path, apart in differences)
    return encoder, decoder


def prepare(folder: Path) -> None:
    """Make the folder, and make sure that it can be written to.

    Raises:
        ResourceError: it cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(folder, error) from error
    with _scratch(folder):
        pass


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """A folder in the folder, on the same disk, that is gone afterwards."""
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".vesal-") as scratch:
            yield Path(scratch)
    except OSError as error:
        raise _refused(folder, error) from error


def _moved(path: Path, folder: Path, difference: float) -> Exported:
    """The file in its place, its weights first where they lie beside it."""
    weights = path.with_name(f"{path.name}.data")
    parts = [part for part in (weights, path) if part.exists()]
    size = sum(part.stat().st_size for part in parts)
    for part in parts:
        move(part, folder / part.name)
    return Exported(path=folder / path.name, size_bytes=size, difference=difference)


def _refused(folder: Path, error: OSError) -> ResourceError:
    return ResourceError(
        f"{folder} cannot be written to ({error.strerror or error}): choose a folder with room"
    )
