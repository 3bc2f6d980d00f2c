"""What there is to say about a weights file, without building its model and without torch."""

from dataclasses import dataclass
from pathlib import Path

from vesal.checkpoints.sources import SOURCES
from vesal.checkpoints.weights import Digest, open_weights
from vesal.models.config import AnyConfig
from vesal.models.zoo import ZOO


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A weights file in facts."""

    path: Path
    config: AnyConfig
    container: str
    """"safetensors", or the key under which torch.save had the tensors."""
    tensors: int
    parameters: int
    """Values in them."""
    size_bytes: int
    """Of the tensors; a file may hold an optimiser too."""
    kinds: tuple[str, ...]
    sha256: str
    """Of the tensors, under vesal's names: the same for each form of the same weights."""
    notes: tuple[str, ...]
    licence: str
    """Of the published weights of this family, as far as known."""


def summarised(path: Path, family: str | None = None) -> Summary:
    """The facts of a weights file; every tensor is read and checked once.

    Raises:
        ConfigError: no such family.
        CheckpointError: damaged, of no known family, or of another one than the caller says.
    """
    weights = open_weights(path, family)
    stored = weights.archive.tensors
    digest = Digest()
    for _ in weights.read(digest):
        pass
    return Summary(
        path=path,
        config=weights.config,
        container=weights.archive.container,
        tensors=len(stored),
        parameters=sum(tensor.count for tensor in stored.values()),
        size_bytes=sum(tensor.size_bytes for tensor in stored.values()),
        kinds=tuple(sorted({tensor.kind for tensor in stored.values()})),
        sha256=digest.hexadecimal(),
        notes=weights.notes,
        licence=_licence(weights.config.family),
    )


def _licence(family: str) -> str:
    for name, source in SOURCES.items():
        if ZOO[name].family == family:
            return source.licence
    return "Apache-2.0, as vesal"
