"""From a weights file of any kind to one that vesal wrote, and back to the family's own form."""

from dataclasses import dataclass
from pathlib import Path

from vesal.checkpoints.resize import resized
from vesal.checkpoints.tensors import check_fit, read_tensors
from vesal.checkpoints.weights import open_weights
from vesal.checkpoints.write import write_family_file, write_safetensors
from vesal.errors import ConfigError
from vesal.models.config import ModelConfig
from vesal.models.sam_config import SamConfig

_OURS = ".safetensors"
_THEIRS = (".pth", ".pt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """What was written."""

    config: ModelConfig
    tensors: int
    notes: tuple[str, ...]
    """What else than the container was changed, now or when the source was made."""


def convert(
    source: Path, target: Path, *, family: str | None = None, image_size: int | None = None
) -> Conversion:
    """Write the tensors of a file in another form; unless they are resized they stay as they are.

    Args:
        source: a weights file of any family.
        target: ending in .safetensors, or in .pth or .pt for the form of the family.
        family: as in `load_model`.
        image_size: as in `load_model`.

    Raises:
        ConfigError: another suffix, no such family or size, or the source as target.
        CheckpointError: the source is damaged, of another family, or does not fit exactly.
        ResourceError: the disk refuses; what was there before is still there.
    """
    if target.suffix not in (_OURS, *_THEIRS):
        msg = f"weights are written as .safetensors, .pth or .pt, got {target.name!r}"
        raise ConfigError(msg)
    if target.exists() and target.samefile(source):
        msg = f"{target} is the file that is to be converted; give another name"
        raise ConfigError(msg)
    weights = open_weights(source, family)
    check_fit(weights)
    config, notes = weights.config, weights.notes
    if not isinstance(config, SamConfig):
        msg = f"{source} is vesal's own already; there is nothing to convert"
        raise ConfigError(msg)
    tensors = dict(read_tensors(weights))
    if image_size is not None:
        config, tensors, more = resized(config, tensors, image_size)
        notes += more
    if target.suffix == _OURS:
        write_safetensors(target, config, tensors, notes)
    else:
        write_family_file(target, config.family, tensors)
    return Conversion(config=config, tensors=len(tensors), notes=notes)
