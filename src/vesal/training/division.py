"""Which patients are learnt from, and which are kept to see how good a model is."""

from collections.abc import Sequence

from vesal.datasets import Pair, check_split, split_by_patient
from vesal.errors import ConfigError

_TEST, _VALIDATION = "test", "validation"


def divided(pairs: Sequence[Pair], share: float, seed: int) -> tuple[list[Pair], list[Pair]]:
    """Pairs to learn from, and pairs to validate on; of different patients.

    Where the data set says which are for validation, those are; its tests are left alone. Else so
    large a share of the patients is, at least one where there are two.

    Args:
        pairs: of the data set.
        share: of the patients; 0 for none.
        seed: another one keeps others.

    Raises:
        ConfigError: there are tests alone, a patient on both sides, or a share that is none.
    """
    if not 0 <= share <= 0.5:
        msg = f"validation_share must be 0 to 0.5, got {share}"
        raise ConfigError(msg)
    said = [pair for pair in pairs if pair.part == _VALIDATION]
    mine = [pair for pair in pairs if pair.part not in (_VALIDATION, _TEST)]
    if not mine:
        raise ConfigError("the data hold no case to learn from: all are for validation or tests")
    if said:
        check_split({"train": mine, _VALIDATION: said})
        return mine, said
    patients = {(pair.dataset, pair.whose) for pair in mine}
    if not share or len(patients) < 2:
        return mine, []
    split = split_by_patient(mine, {"train": 1 - share, _VALIDATION: share}, seed=seed)
    if split["train"] and split[_VALIDATION]:
        return list(split["train"]), list(split[_VALIDATION])
    last = max(patients)  # few patients: chance has kept none, or all
    kept = [pair for pair in mine if (pair.dataset, pair.whose) == last]
    return [pair for pair in mine if pair not in kept], kept
