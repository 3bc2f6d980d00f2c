"""The lists of SA-Med2D-20M, entry by entry: with 16 million masks they do not fit into memory."""

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from vesal.datasets.archive_path import file_chunks
from vesal.errors import ConfigError

_BLANK = re.compile(r"[ \t\r\n]*")
_OPENING = re.compile(r'\s*\{\s*"[^"]*\.(png|jpe?g|tiff?)"\s*:', re.IGNORECASE)
_HEAD_BYTES = 4096
_LONGEST_ENTRY = 2**26  # characters: a million masks of one image
_DECODER = json.JSONDecoder()


def is_listing(path: Path) -> bool:
    """Whether a JSON file is an object whose first key is a picture."""
    head = next(file_chunks(path), b"")[:_HEAD_BYTES]
    return _OPENING.match(head.decode("utf-8-sig", "replace")) is not None


def masks_by_image(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Images and their masks, whichever way round a list has them.

    A list of masks by image is read as it comes, one of images by mask whole.

    Raises:
        ConfigError: it is no list of images and masks.
    """
    turned: dict[str, list[str]] = {}
    for key, value in entries(path):
        if isinstance(value, str):
            turned.setdefault(value, []).append(key)
        elif isinstance(value, list) and all(isinstance(name, str) for name in value):
            yield key, value
        else:
            msg = f"{path.name} must give each file a path or a list of paths, got {value!r:.100}"
            raise ConfigError(msg)
    yield from turned.items()


def entries(path: Path) -> Iterator[tuple[str, object]]:
    """Keys and values of the object in a JSON file, as they come.

    Raises:
        ConfigError: it is not JSON in UTF-8, or no object.
        ImageError: it cannot be read.
    """
    try:
        yield from _entries(_texts(file_chunks(path)))
    except (ValueError, RecursionError) as error:
        if isinstance(error, ConfigError):
            raise
        msg = f"{path} is not a JSON object in UTF-8 ({error})"
        raise ConfigError(msg) from error


def _texts(chunks: Iterable[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    for chunk in chunks:
        text = decoder.decode(chunk)
        if text:  # a chunk may hold but a part of a letter
            yield text
    decoder.decode(b"", final=True)


def _entries(texts: Iterator[str]) -> Iterator[tuple[str, object]]:
    """Whole entries of what has come so far; where one is cut off, more is asked for."""
    held, at, wanted = "", 0, 1
    begun = False
    while True:
        try:
            at = at if begun else _after(held, at, "{")
            begun = True
            while not _ends(held, at):
                key, value, following = _entry(held, at)
                yield key, value
                at = following
            return
        except (ValueError, IndexError) as error:
            more = _more(texts, wanted)
            if not more or len(held) - at > _LONGEST_ENTRY:
                msg = f"around {held[at : at + 40]!r}"
                raise ValueError(msg) from error
            wanted = min(2 * wanted, 64) if at == 0 else 1
            held, at = held[at:] + more, 0


def _more(texts: Iterator[str], wanted: int) -> str:
    """So many chunks at most; the more there are, the longer an entry has been cut off."""
    return "".join(islice(texts, wanted))


def _ends(held: str, at: int) -> bool:
    """Whether the object ends here; IndexError where that cannot be told yet."""
    return held[_BLANK.match(held, at).end()] == "}"  # type: ignore[union-attr]  # always matches


def _entry(held: str, at: int) -> tuple[str, object, int]:
    """An entry, and where the next one begins."""
    key, at = _DECODER.raw_decode(held, _BLANK.match(held, at).end())  # type: ignore[union-attr]
    if not isinstance(key, str):
        msg = f"a key is {key!r:.40}"
        raise ValueError(msg)
    value, at = _DECODER.raw_decode(held, _after(held, at, ":"))
    at = _BLANK.match(held, at).end()  # type: ignore[union-attr]
    return key, value, at if held[at] == "}" else _after(held, at, ",")


def _after(held: str, at: int, mark: str) -> int:
    """Where something begins behind a mark; ValueError where there is another one."""
    at = _BLANK.match(held, at).end()  # type: ignore[union-attr]
    if held[at] != mark:
        msg = f"{mark!r} is missing"
        raise ValueError(msg)
    return _BLANK.match(held, at + 1).end()  # type: ignore[union-attr]
