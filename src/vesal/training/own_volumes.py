"""A user's pairs as the volumes that vesal-mini's windows are drawn from, each made once."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vesal.datasets import Opened, Pair, open_pair
from vesal.datasets.stamp import stamp_of
from vesal.errors import ConfigError, ResourceError, VesalError
from vesal.progress import Progress, silent
from vesal.training.volume import prepare


def volumes_of(
    pairs: Sequence[Pair], folder: Path, *, progress: Progress = silent
) -> tuple[dict[str, str], list[str]]:
    """Names of the volumes in ``folder`` by those of their pairs, and notes on what is left out.

    Each is a file that a change of image or labels makes anew. All are held in memory while they
    are drawn from: some hundred scans are the most.

    Args:
        pairs: from `find_pairs`.
        folder: for the volumes; made if it is not there.
        progress: is told of each pair.

    Raises:
        ConfigError: no pair has a structure.
        ResourceError: the disk refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"{folder} cannot be made ({error.strerror}); give a folder for prepared volumes"
        raise ResourceError(msg) from error
    names: dict[str, str] = {}
    notes: list[str] = []
    for done, pair in enumerate(pairs):
        progress(done, len(pairs), f"preparing {pair.name}")
        name = f"{pair.name}-{_digest(pair)}"
        path = folder / f"{name}.npz"
        try:
            if not path.exists():
                _made(open_pair(pair, resample=True), path)
            names[pair.name] = name
        except VesalError as error:
            notes.append(f"{pair.name} is left out: {error}")
    if not names:
        why = f": {notes[0]}" if notes else ""
        msg = f"training needs an image with a structure, got none in {len(pairs)} pairs{why}"
        raise ConfigError(msg)
    return names, notes


def _made(opened: Opened, path: Path) -> None:
    image, pair = opened.image, opened.pair
    if not opened.targets:
        raise ConfigError("it has no structure")
    grey = image.intensities
    volume = prepare(
        path.stem,
        pair.modality,
        np.asarray(grey, np.float32),
        image.grid.spacing_mm,
        _layers(opened),
    )
    volume.save(path)


def _layers(opened: Opened) -> list[NDArray[np.uint16]]:
    """Label maps of all structures: as many as are needed for none to lie on another."""
    layers: list[NDArray[np.uint16]] = []
    for target in opened.targets:
        part, mask = target.patch.part, target.patch.array()
        layer = next((one for one in layers if not one[part][mask].any()), None)
        if layer is None:
            layer = np.zeros(opened.image.grid.shape, np.uint16)
            layers.append(layer)
        layer[part][mask] = layer.max() + 1
    return layers


def _digest(pair: Pair) -> str:
    """Changes with all that the volume follows from."""
    facts = stamp_of(pair)
    text = json.dumps(facts, default=str).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:12]
