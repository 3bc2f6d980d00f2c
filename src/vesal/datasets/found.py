"""What a search for pairs gives, and the names that pairs get."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vesal.datasets.pair import Pair
from vesal.errors import ConfigError
from vesal.labels.write import safe_names

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The pairs of a data set.

    Attributes:
        pairs: in the order of their names; no two of one name, in whatever letters.
        layout: how its folders are laid out, such as "nnU-Net".
        notes: what was left out and why, a sentence each.
    """

    pairs: tuple[Pair, ...]
    layout: str
    notes: tuple[str, ...] = ()


def found(layout: str, pairs: Iterable[Pair], notes: Sequence[str] = ()) -> Found:
    """The pairs in the order of their names, which are made fit for files and unique.

    Where two have one name, all get the name of their data set in front, then that of their part,
    if that tells them apart. A pair whose patient is not known is a patient of its own.

    Raises:
        ConfigError: two pairs cannot be told apart.
    """
    named = [_called(pair, pair.name) for pair in pairs]
    for word in ("dataset", "part"):
        twice = _twice(named)
        named = [
            _called(pair, f"{getattr(pair, word)}-{pair.name}")
            if pair.name.casefold() in twice and getattr(pair, word)
            else pair
            for pair in named
        ]
    _refuse_twice(named)
    known = (pair if pair.patient else replace(pair, patient=pair.name) for pair in named)
    return Found(
        pairs=tuple(sorted(known, key=lambda pair: pair.name)), layout=layout, notes=tuple(notes)
    )


def left_out(names: Sequence[str], why: str) -> tuple[str, ...]:
    """A note of what is left out; none where nothing is.

    Args:
        names: of what is left out.
        why: such as "have no label".
    """
    if not names:
        return ()
    named = ", ".join(names[:_MOST_NAMED]) + (", ..." if len(names) > _MOST_NAMED else "")
    return (f"{len(names)} {why} and {'is' if len(names) == 1 else 'are'} left out: {named}",)


def once(keys: Iterable[tuple[str, Path]]) -> dict[str, Path]:
    """Files by a name of which there must be one.

    Raises:
        ConfigError: two files have one name.
    """
    files: dict[str, Path] = {}
    for key, path in keys:
        if key in files:
            msg = f"two files are named {key!r}: {files[key]} and {path}; keep or rename one"
            raise ConfigError(msg)
        files[key] = path
    return files


def _called(pair: Pair, name: str) -> Pair:
    """The pair by a name that is fit for files; millions of pairs have one already."""
    safe = safe_names([name])[0]
    return pair if safe == pair.name else replace(pair, name=safe)


def _twice(pairs: Sequence[Pair]) -> set[str]:
    counts = Counter(pair.name.casefold() for pair in pairs)
    return {name for name, count in counts.items() if count > 1}


def _refuse_twice(pairs: Sequence[Pair]) -> None:
    first: dict[str, Pair] = {}
    for pair in pairs:
        other = first.setdefault(pair.name.casefold(), pair)
        if other is not pair:
            msg = (
                f"two cases are named {pair.name!r}: {other.image} and {pair.image}; "
                "give each case a name of its own"
            )
            raise ConfigError(msg)
