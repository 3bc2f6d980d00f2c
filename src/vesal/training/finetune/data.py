"""What a fine-tuning run learns from, and what it is checked on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vesal.datasets import Found, Opened, Pair, find_pairs, open_pair
from vesal.errors import ConfigError
from vesal.models.build import Model
from vesal.training.division import divided
from vesal.training.finetune.check import Checked
from vesal.training.finetune.windows import SMALLEST_TARGET

_SHARE = 0.2  # of the patients is held out where nothing is said
_LEAST_PATIENTS = 3  # from which on any of them is
_MOST_HELD = 0.5  # of the patients


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningData:
    """Pairs to learn from, the structures in them, and what the model is asked for in between."""

    pairs: tuple[Pair, ...]
    only: tuple[str, ...]
    """Names of the structures to learn; all if there are none."""
    structures: tuple[str, ...]
    """Names of those that are there, each once."""
    labelled: int
    """Structures that are learnt from, over all scans."""
    checked: Checked
    notes: tuple[str, ...] = ()


def material(
    data: Path, model: Model, *, only: Sequence[str] = (), validation: str = "", seed: int = 0
) -> TuningData:
    """What is in a data set, divided.

    Args:
        data: anything that `find_pairs` reads.
        model: that will learn it.
        only: names of structures, or patterns; all if there are none.
        validation: a data set; or a share of the patients to hold out, above 0 and below 1, of the
            structures where there is one patient; by default a fifth from three patients on.
        seed: of the division.

    Raises:
        ConfigError: nothing to learn, nothing left to learn, or images of another dimension than
            the model's.
        VesalError: data that cannot be read.
    """
    found = find_pairs(data)
    share = _share_of(validation)
    if validation and share is None:
        pairs, held = found.pairs, find_pairs(Path(validation)).pairs
    else:
        pairs, held = _divided(found, share, seed)
    learnt = _opened(pairs, only)
    _check(learnt, model, data, only)
    kept_out = () if held or share is None else _kept_out(learnt, share)
    checked = _checked(learnt, held, only, kept_out)
    learnt = [_without(one, kept_out) for one in learnt]
    names = [t.name for one in learnt for t in one.targets if t.patch.count >= SMALLEST_TARGET]
    structures = tuple(dict.fromkeys(names))
    return TuningData(
        pairs=tuple(one.pair for one in learnt if one.targets),
        only=structures if kept_out else tuple(only),
        structures=structures,
        labelled=len(names),
        checked=checked,
        notes=(*found.notes, *dict.fromkeys(note for one in learnt for note in one.notes)),
    )


def _share_of(validation: str) -> float | None:
    """The share that the words mean; None where they mean none; raises ConfigError."""
    try:
        share = float(validation)
    except ValueError:
        return None
    if not 0 < share < 1:
        msg = f"the share to validate on must be above 0 and below 1, got {validation}"
        raise ConfigError(msg)
    return share


def _divided(
    found: Found, share: float | None, seed: int
) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
    """Pairs to learn from and to check on; the latter none where there are too few patients.

    What the data set keeps for validation is checked on, and its tests are left alone.
    """
    mine = [pair for pair in found.pairs if pair.part not in ("validation", "test")]
    patients = {(pair.dataset, pair.whose) for pair in mine}
    few = len(patients) < (_LEAST_PATIENTS if share is None else 2)
    learnt, held = divided(found.pairs, 0.0 if few else min(share or _SHARE, _MOST_HELD), seed)
    return tuple(learnt), tuple(held)


def _opened(pairs: Sequence[Pair], only: Sequence[str]) -> list[Opened]:
    return [open_pair(pair, resample=True, only=only) for pair in pairs]


def _check(opened: Sequence[Opened], model: Model, data: Path, only: Sequence[str]) -> None:
    wanted = model.config.capabilities.image_ndims
    for one in opened:
        ndim = one.image.grid.ndim
        if ndim not in wanted:
            msg = f"this model learns from volumes, but {one.pair.name} is an image of {ndim} axes"
            raise ConfigError(msg)
    sizes = [target.patch.count for one in opened for target in one.targets]
    if not sizes:
        asked = f" named {', '.join(only)}" if only else ""
        msg = f"{data} has no structure{asked} to learn from in {len(opened)} images"
        raise ConfigError(msg)
    if max(sizes) < SMALLEST_TARGET:
        msg = (
            f"the largest structure in {data} has {max(sizes)} voxels; at least {SMALLEST_TARGET} "
            "are needed to learn from"
        )
        raise ConfigError(msg)


def _kept_out(opened: Sequence[Opened], share: float) -> tuple[str, ...]:
    """Names of structures of a single patient that are only checked; raises ConfigError."""
    names = list(dict.fromkeys(t.name for one in opened for t in one.targets))
    if len(names) < 2:
        msg = (
            f"there is one structure of one patient, {', '.join(names)}: none can be held out; "
            "leave --validation out or give a data set to it"
        )
        raise ConfigError(msg)
    count = min(max(1, round(share * len(names))), len(names) - 1)
    step = len(names) / count
    return tuple(names[int((i + 0.5) * step)] for i in range(count))


def _without(one: Opened, names: Sequence[str]) -> Opened:
    kept = tuple(target for target in one.targets if target.name not in names)
    return Opened(pair=one.pair, image=one.image, targets=kept, notes=one.notes)


def _checked(
    learnt: Sequence[Opened], held: Sequence[Pair], only: Sequence[str], kept_out: Sequence[str]
) -> Checked:
    if held:
        return Checked.of(_opened(held, only), least=SMALLEST_TARGET)
    if kept_out:
        held_names = [t.name for one in learnt for t in one.targets if t.name not in kept_out]
        return Checked.of([_without(one, held_names) for one in learnt], least=1)
    return Checked.of(learnt, least=SMALLEST_TARGET, seen=True)
