"""What does not fit between the tensors of a file and those that its model has."""

from collections.abc import Mapping
from dataclasses import dataclass

from vesal.checkpoints.stored import Stored

_SHOWN = 3
_FLOATS = ("float16", "bfloat16", "float32")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A tensor as a model has it."""

    shape: tuple[int, ...]
    whole_numbers: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Names of tensors that are wrong, in alphabetical order."""

    missing: tuple[str, ...]
    extra: tuple[str, ...]
    resized: tuple[str, ...]
    """In the file with another shape."""
    odd: tuple[str, ...]
    """Of a type that they cannot have."""
    odd_kind: str = ""
    """The type of the first of them."""

    @property
    def fits(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.missing or self.extra or self.resized or self.odd)

    def sentence(self) -> str:
        """What is wrong, the first few names of each kind."""
        if self.missing or self.extra or self.resized:
            return (
                f"{len(self.missing)} tensors missing {_first(self.missing)}, "
                f"{len(self.extra)} extra {_first(self.extra)}, "
                f"{len(self.resized)} of another shape {_first(self.resized)}"
            )
        return (
            "counters are int64 and weights floats of 16 or 32 bits, "
            f"got torch.{self.odd_kind} for {_first(self.odd)}"
        )


def compared(wanted: Mapping[str, Wanted], given: Mapping[str, Stored]) -> Report:
    """What a model wants against what a file gives."""
    both = sorted(set(wanted) & set(given))
    odd = tuple(n for n in both if not _usable(wanted[n], given[n]))
    return Report(
        missing=tuple(sorted(set(wanted) - set(given))),
        extra=tuple(sorted(set(given) - set(wanted))),
        resized=tuple(n for n in both if wanted[n].shape != given[n].shape),
        odd=odd,
        odd_kind=given[odd[0]].kind if odd else "",
    )


def _usable(wanted: Wanted, given: Stored) -> bool:
    return given.kind == "int64" if wanted.whole_numbers else given.kind in _FLOATS


def _first(names: tuple[str, ...]) -> list[str]:
    return list(names[:_SHOWN])
