"""A weights file and the model it is for, before anything of it is loaded; without torch."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from vesal.checkpoints.archive import SAFETENSORS, Archive, open_archive, unreadable
from vesal.checkpoints.families import canonical
from vesal.checkpoints.recognise import as_family, recognised
from vesal.checkpoints.stored import Raw
from vesal.errors import CheckpointError, ConfigError
from vesal.models import unet_config
from vesal.models.automatic_config import AUTOMATIC
from vesal.models.config import AnyConfig, from_json
from vesal.models.sam_config import FAMILIES, SamConfig

CONFIG_KEY = "vesal.config"
DIGEST_KEY = "vesal.sha256"
NOTES_KEY = "vesal.notes"
"""Keys of the header of the files that vesal writes."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WeightsFile:
    """A file that was opened and recognised."""

    archive: Archive
    """Its tensors under vesal's names."""
    config: AnyConfig
    notes: tuple[str, ...] = ()
    """What was done to the weights before they were written."""
    digest: str | None = None
    """SHA-256 of the tensors as their writer had them (`Digest`)."""

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.archive.path

    def read(self, digest: "Digest | None" = None) -> Iterator[tuple[str, str, Raw]]:
        """Each tensor's name, type and bits, in the order of the file.

        Args:
            digest: takes the tensors in too, if given.

        Raises:
            CheckpointError: a damaged tensor, one with NaN or infinite values, or, after the last
                one, other tensors than the writer had.
        """
        if digest is None and self.digest is not None:
            digest = Digest()
        for name, raw in self.archive.read():
            kind = self.archive.tensors[name].kind
            if digest is not None:
                digest.add(name, kind, raw)
            yield name, kind, raw
        if digest is not None and self.digest not in (None, digest.hexadecimal()):
            error = CheckpointError("its tensors do not match the SHA-256 in its header")
            raise unreadable(self.path, error)


class Digest:
    """SHA-256 of tensors: their names, types, shapes and values, not of how a file packs them."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, name: str, kind: str, raw: Raw) -> None:
        """Take one more tensor in; the order does not matter."""
        values = hashlib.sha256(raw.reshape(-1).data).hexdigest()
        self._lines.append(f"{name} {kind} {raw.shape} {values}")

    def hexadecimal(self) -> str:
        """The digest of all tensors so far."""
        return hashlib.sha256("\n".join(sorted(self._lines)).encode()).hexdigest()


def open_weights(path: Path, family: str | None = None) -> WeightsFile:
    """The file's tensors and the model they are for.

    Args:
        path: safetensors, or what torch.save wrote.
        family: what the caller takes it for; the file decides where it can.

    Raises:
        ConfigError: there is no such family.
        CheckpointError: damaged, of no known family, or of another one than the caller says.
    """
    known = (*FAMILIES, unet_config.FAMILY, AUTOMATIC)
    if family is not None and family not in known:
        msg = f"the family must be one of {', '.join(known)}, got {family!r}"
        raise ConfigError(msg)
    archive = open_archive(path)
    try:
        archive = replace(archive, tensors=canonical(archive.tensors))
        config = _config(archive, family)
    except (CheckpointError, ConfigError) as error:
        msg = f"{path} holds weights that vesal cannot use: {error}"
        raise CheckpointError(msg) from error
    notes = archive.metadata.get(NOTES_KEY, "")
    return WeightsFile(
        archive=archive,
        config=config,
        notes=tuple(notes.splitlines()),
        digest=archive.metadata.get(DIGEST_KEY),
    )


def _config(archive: Archive, family: str | None) -> AnyConfig:
    if CONFIG_KEY not in archive.metadata:
        shapes = {name: tensor.shape for name, tensor in archive.tensors.items()}
        try:
            return recognised(shapes, family)
        except CheckpointError as error:
            if archive.container != SAFETENSORS:
                raise
            msg = f"their header has no vesal config, and {error}"
            raise CheckpointError(msg) from error
    config = from_json(archive.metadata[CONFIG_KEY])
    if isinstance(config, SamConfig):
        return as_family(config, family)
    if family not in (None, config.family):
        msg = f"they are of the family {config.family}, not {family}; leave the family out"
        raise CheckpointError(msg)
    return config
