"""What was kept and what was not, counted: by reason, part, structure, modality and data set."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from vesal.curation.row import Row
from vesal.datasets.pair import PARTS

NONE = "not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A group of rows.

    Attributes:
        name: of the group.
        words: what the name means, where it does not say.
        masks: that were kept, or for a reason: rows left out for it.
        left_out: rows of the group that were left out.
        cases: in which masks were kept, or that a reason has met.
        patients: the same for patients.
        median_ml: volume of the masks, None for pictures and where there is none.
    """

    name: str
    words: str
    masks: int
    left_out: int
    cases: int
    patients: int
    median_ml: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """All counts.

    Attributes:
        kept: masks that were written.
        left_out: rows, of masks or whole cases, that were not.
        cases: that were looked at.
        used: cases of which a mask was kept.
        patients: of these.
        reasons: why rows were left out, most frequent first.
        parts: train, validation, test.
        structures: most frequent first.
        modalities: most frequent first.
        datasets: by name.
    """

    kept: int
    left_out: int
    cases: int
    used: int
    patients: int
    reasons: tuple[Count, ...]
    parts: tuple[Count, ...]
    structures: tuple[Count, ...]
    modalities: tuple[Count, ...]
    datasets: tuple[Count, ...]


def summary(rows: Sequence[Row], words: Mapping[str, str]) -> Summary:
    """The counts of a curated set.

    Args:
        rows: all of it.
        words: what each reason means.
    """
    kept = [row for row in rows if not row.reason]
    out = [row for row in rows if row.reason]
    return Summary(
        kept=len(kept),
        left_out=len(out),
        cases=len({row.case for row in rows}),
        used=len({row.case for row in kept}),
        patients=len({_patient(row) for row in kept}),
        reasons=_most_first(_counted(out, lambda row: row.reason, words, reasons=True)),
        parts=_in_order(_counted(kept, lambda row: row.part, {})),
        structures=_most_first(_counted([row for row in rows if row.structure], _structure_of, {})),
        modalities=_most_first(_counted(rows, lambda row: row.modality or NONE, {})),
        datasets=tuple(_counted(rows, lambda row: row.dataset or NONE, {})),
    )


def _structure_of(row: Row) -> str:
    side = row.piece if row.piece in ("left", "right") else ""
    return f"{row.structure} {side}".strip().lower().replace("_", " ")


def _counted(
    rows: Sequence[Row],
    group_of: Callable[[Row], str],
    words: Mapping[str, str],
    *,
    reasons: bool = False,
) -> list[Count]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(group_of(row), []).append(row)
    return [
        _count(name, inside, words.get(name, ""), reasons=reasons)
        for name, inside in sorted(groups.items())
    ]


def _count(name: str, rows: Sequence[Row], words: str, *, reasons: bool) -> Count:
    own = rows if reasons else [row for row in rows if not row.reason]
    volumes = [row.volume_mm3 / 1000 for row in own if row.volume_mm3]
    return Count(
        name=name,
        words=words,
        masks=len(own),
        left_out=sum(bool(row.reason) for row in rows),
        cases=len({row.case for row in own}),
        patients=len({_patient(row) for row in own}),
        median_ml=median(volumes) if volumes else None,
    )


def _patient(row: Row) -> tuple[str, str]:
    return row.dataset, row.patient


def _most_first(counts: Sequence[Count]) -> tuple[Count, ...]:
    return tuple(sorted(counts, key=lambda count: (-count.masks, -count.left_out, count.name)))


def _in_order(counts: Sequence[Count]) -> tuple[Count, ...]:
    return tuple(count for part in PARTS for count in counts if count.name == part)
