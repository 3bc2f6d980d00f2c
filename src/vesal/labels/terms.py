"""Coded terms for the names that people give to objects.

A name that is not in the table becomes Tissue with the user's own text: a code that says too
little is harmless, a wrong organ is not. So a name is found word for word, never by likeness.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path

from vesal.errors import ConfigError

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One entry of a coding scheme.

    Attributes:
        value: 1 to 16 characters, what DICOM allows.
        meaning: for people, 1 to 64 characters.
        scheme: SCT is SNOMED CT.

    Raises:
        ConfigError: if one of them is empty, too long or holds a backslash, which parts texts.
    """

    value: str
    meaning: str
    scheme: str = "SCT"

    def __post_init__(self) -> None:
        limits = ((self.value, 16), (self.meaning, 64), (self.scheme, 16))
        if any(not t.strip() or len(t) > longest or "\\" in t for t, longest in limits):
            msg = (
                "a code needs a value and a scheme of 1 to 16 characters and a meaning of 1 to "
                f"64, none a backslash, got {self.value!r}, {self.scheme!r} and {self.meaning!r}"
            )
            raise ConfigError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """What an object is, as DICOM wants it said.

    Attributes:
        category: of DICOM's CID 7150.
        kind: what the object is.
        side: left, right or both: of the region where there is one, else of the kind.
        region: the organ that a lesion lies in.
        paired: True where a side may be told.
        colour: a suggestion, red, green and blue, 0 to 255.
    """

    category: Code
    kind: Code
    side: Code | None = None
    region: Code | None = None
    paired: bool = False
    colour: tuple[int, int, int] = (160, 176, 160)


# 123037004, which older files write for the first one, is "Body structure" today.
_CATEGORIES = {
    "anatomy": Code(value="91723000", meaning="Anatomical Structure"),
    "abnormality": Code(value="49755003", meaning="Morphologically Abnormal Structure"),
    "tissue": Code(value="85756007", meaning="Tissue"),
    "object": Code(value="260787004", meaning="Physical object"),
    "substance": Code(value="91720002", meaning="Body Substance"),
}
_SIDES = {
    Code(value="7771000", meaning="Left"): ("left", "lt", "l"),
    Code(value="24028007", meaning="Right"): ("right", "rt", "r"),
    Code(value="51440002", meaning="Bilateral"): ("both", "bilateral"),
}
_SIDE_OF = {word: side for side, words in _SIDES.items() for word in words}
_UNSAID = frozenset({"of", "the"})  # "upper lobe of the left lung"
_UNKNOWN = Term(category=_CATEGORIES["tissue"], kind=_CATEGORIES["tissue"])
_KEYS = frozenset({"type", "category", "paired", "names", "colour"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A table of names and what they mean.

    Attributes:
        entries: words of a name in alphabetical order, to its term.
    """

    entries: Mapping[Words, Term]

    def find(self, text: str) -> Term:
        """Return the term of a name: "left kidney", "kidney_left", "Kidney L", "liver lesion 2".

        Order of words, case, separators and numbers do not matter. A name that is not in the
        table is Tissue, as is a side of what has none ("left liver").
        """
        words = _words(text)
        return self._named(words) or self._sided(words) or self._lesion(words) or _UNKNOWN

    def _named(self, words: Words) -> Term | None:
        return self.entries.get(words)

    def _sided(self, words: Words) -> Term | None:
        """The term of words of which one tells the side."""
        sides = [word for word in words if word in _SIDE_OF]
        if len(sides) != 1:
            return None
        term = self._named(tuple(word for word in words if word not in _SIDE_OF))
        return replace(term, side=_SIDE_OF[sides[0]]) if term and term.paired else None

    def _lesion(self, words: Words) -> Term | None:
        """The term of words of which one is an abnormality and the others are its organ."""
        for word in words:
            term = self._named((word,))
            if term is None or term.category != _CATEGORIES["abnormality"]:
                continue
            rest = tuple(other for other in words if other != word)
            organ = self._named(rest) or self._sided(rest)
            if organ is not None and organ.category == _CATEGORIES["anatomy"]:
                return replace(term, region=organ.kind, side=organ.side)
        return None


def read_terms(path: Path | None = None) -> Terms:
    """Return vesal's own table, with the entries of a JSON file of the same form over it.

    Raises:
        ConfigError: if the file is missing, no JSON, or has an entry of another form.
    """
    return _own_terms() if path is None else Terms(entries={**_own_terms().entries, **_read(path)})


@cache
def _own_terms() -> Terms:
    own = Path(str(resources.files("vesal") / "labels" / "terms.json"))
    return Terms(entries=_read(own))


def _read(path: Path) -> dict[Words, Term]:
    try:
        return _entries(path)
    except ConfigError as error:
        if path.name in str(error):
            raise
        msg = f"{path.name}: {error}"
        raise ConfigError(msg) from error


def _entries(path: Path) -> dict[Words, Term]:
    try:
        table = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        msg = f"{path.name} must be a JSON file of terms, and it cannot be read as one"
        raise ConfigError(msg) from error
    if not isinstance(table, dict):
        msg = f"{path.name} must hold one object of names and terms, got {type(table).__name__}"
        raise ConfigError(msg)
    entries: dict[Words, Term] = {}
    for name, row in table.items():
        term = _term(name, row)
        for each in (name, *row.get("names", ())):
            if not _words(each):
                msg = f"a name of {path.name} needs a word that is no number, got {each!r}"
                raise ConfigError(msg)
            entries[_words(each)] = term
    return entries


def _term(name: str, row: object) -> Term:
    if not isinstance(row, dict) or not _well_formed(row):
        msg = (
            f'the term {name!r} needs the form {{"type": ["64033007", "Kidney"], "category": one '
            f'of {", ".join(_CATEGORIES)}, "paired": true, "names": ["ren"], '
            f'"colour": [200, 90, 60]}}, of which the last three may be left out, got {row!r}'
        )
        raise ConfigError(msg)
    value, meaning, *scheme = row["type"]
    term = Term(
        category=_CATEGORIES[row["category"]],
        kind=Code(value=value, meaning=meaning, scheme=scheme[0] if scheme else "SCT"),
        paired=row.get("paired", False),
    )
    return replace(term, colour=tuple(row["colour"])) if "colour" in row else term


def _well_formed(row: dict[str, object]) -> bool:
    kind, colour, names = row.get("type"), row.get("colour", [0, 0, 0]), row.get("names", [])
    return (
        row.keys() <= _KEYS
        and row.get("category") in _CATEGORIES
        and isinstance(row.get("paired", False), bool)
        and _texts(kind, (2, 3))
        and _texts(names, range(100))
        and isinstance(colour, list)
        and len(colour) == 3
        and all(type(part) is int and 0 <= part <= 255 for part in colour)
    )


def _texts(value: object, lengths: tuple[int, ...] | range) -> bool:
    return (
        isinstance(value, list)
        and len(value) in lengths
        and all(isinstance(text, str) for text in value)
    )


def _words(text: str) -> Words:
    """The words of a name in alphabetical order, without numbers that only count."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    words = re.findall(r"[^\W_]+", spaced.lower())
    return tuple(sorted(w for w in words if not w.isdecimal() and w not in _UNSAID))
