"""Damage to a file's bytes, the same for the same seed.

The first cases of a kind cut the file at offsets spread over its whole length; the others draw what
a disk, a network, a program with a fault or a stranger does to it.
"""

import re
from collections.abc import Callable
from random import Random

_CUT_SHARE = 4  # one case in so many is a cut
_TWICE_SHARE = 0.3
_HEAD_BYTES = 512
_TOKEN = re.compile(rb"[A-Za-z_]+|[-+]?[0-9][-+.0-9e]*")
_ODD_TOKENS = (
    b"0", b"-1", b"1", b"3", b"2147483648", b"-9223372036854775808", b"99999999999999999999",
    b"1e308", b"-1e308", b"1e-320", b"1e400", b"nan", b"inf", b"-inf", b"0.5", b"", b" ", b"\n",
    b"\0", b"\xff", b"\xc3\xa9", b"null", b"true", b"[]", b"{}", b'"x"', b'"', b",", b"1_000",
    b"\xd9\xa3", b"\\", b"..", b"[" * 3000, b"9" * 5000,
)  # fmt: skip
_ODD_BYTES = (b"\0", b"\xff", b"\x7f", b"\x80", b"\x01")

Mutation = Callable[[bytes, Random], bytes]


def mutated(content: bytes, kind: str, seed: int, index: int, count: int) -> bytes:
    """The content of a case.

    Args:
        content: of the whole file.
        kind: name of the kind of file.
        seed: of the campaign.
        index: of the case, from 0.
        count: of all cases of this kind.
    """
    rng = Random(f"{kind}/{seed}/{index}")  # noqa: S311  # no secret
    cuts = max(count // _CUT_SHARE, 1)
    if index < cuts:
        spread = (index + rng.random()) if seed else index
        return content[: int(len(content) * spread / cuts)]
    new = content
    for _ in range(2 if rng.random() < _TWICE_SHARE else 1):
        new = rng.choice(_MUTATIONS)(new, rng)
    return new if new != content else _flip_bit(content, rng)


def _place(content: bytes, rng: Random) -> int:
    """Any place; the beginning and the end, where most formats say what comes, as often."""
    size = max(len(content), 1)
    low, high = rng.choice(
        ((0, size), (0, min(size, _HEAD_BYTES)), (max(size - _HEAD_BYTES, 0), size))
    )
    return rng.randrange(low, high)


def _with(content: bytes, at: int, new: bytes) -> bytes:
    """Written over what was there."""
    return content[:at] + new + content[at + len(new) :]


def _flip_bit(content: bytes, rng: Random) -> bytes:
    at = _place(content, rng)
    old = content[at] if content else 0
    return _with(content, at, bytes([old ^ 1 << rng.randrange(8)]))


def _change_bytes(content: bytes, rng: Random) -> bytes:
    for _ in range(rng.randrange(1, 9)):
        content = _with(content, _place(content, rng), rng.randbytes(1))
    return content


def _blow_up(content: bytes, rng: Random) -> bytes:
    """A number of 1 to 8 bytes becomes the largest, the lowest, or a small one."""
    width = rng.choice((1, 2, 4, 8))
    sign = 1 << (8 * width - 1)
    number = rng.choice((2 * sign - 1, sign - 1, sign, 0, 1, 2, sign >> 4, sign >> 8))
    at = _place(content, rng) // width * width
    return _with(content, at, number.to_bytes(width, rng.choice(("little", "big"))))


def _run(content: bytes, rng: Random) -> tuple[int, int]:
    at = _place(content, rng)
    return at, at + rng.choice((1, 4, 16, 64, 256))


def _blank(content: bytes, rng: Random) -> bytes:
    start, stop = _run(content, rng)
    return _with(content, start, rng.choice(_ODD_BYTES) * (min(stop, len(content)) - start))


def _repeat(content: bytes, rng: Random) -> bytes:
    start, stop = _run(content, rng)
    return content[:stop] + content[start:stop] * rng.choice((1, 1, 9)) + content[stop:]


def _drop(content: bytes, rng: Random) -> bytes:
    start, stop = _run(content, rng)
    return content[:start] + content[stop:]


def _insert(content: bytes, rng: Random) -> bytes:
    at = _place(content, rng)
    return content[:at] + rng.randbytes(rng.choice((1, 2, 4, 64))) + content[at:]


def _swap(content: bytes, rng: Random) -> bytes:
    """Two pieces of one length change places."""
    one, other = sorted((_place(content, rng), _place(content, rng)))
    width = min(rng.choice((1, 4, 16, 64)), other - one, len(content) - other)
    first, second = content[one : one + width], content[other : other + width]
    return _with(_with(content, one, second), other, first)


def _token(content: bytes, rng: Random) -> re.Match[bytes] | None:
    found = list(_TOKEN.finditer(content[:4096]))
    return rng.choice(found) if found else None


def _odd_token(content: bytes, rng: Random) -> bytes:
    """A word or number of a text becomes an odd one."""
    token = _token(content, rng)
    if token is None:
        return content
    return content[: token.start()] + rng.choice(_ODD_TOKENS) + content[token.end() :]


def _same_length_token(content: bytes, rng: Random) -> bytes:
    """As above, where lengths are told beside the text."""
    token = _token(content, rng)
    if token is None:
        return content
    size = token.end() - token.start()
    new = rng.choice((b"9", b"-", b" ", b"e", b"0", b"\\", b"\0", b"nan", b"1e9", b"inf"))
    return _with(content, token.start(), (new * size)[:size])


def _other_token(content: bytes, rng: Random) -> bytes:
    """A word is another word of the same file."""
    token, other = _token(content, rng), _token(content, rng)
    if token is None or other is None:
        return content
    return content[: token.start()] + other.group() + content[token.end() :]


def _lines(content: bytes, rng: Random) -> bytes:
    """A line is lost, comes twice, or changes its place."""
    lines = content.split(b"\n")
    line = lines.pop(rng.randrange(len(lines)))
    for _ in range(rng.choice((0, 1, 2))):
        lines.insert(rng.randrange(len(lines) + 1), line)
    return b"\n".join(lines)


_MUTATIONS: tuple[Mutation, ...] = (
    _flip_bit,
    _flip_bit,
    _change_bytes,
    _blow_up,
    _blow_up,
    _blank,
    _repeat,
    _drop,
    _insert,
    _swap,
    _odd_token,
    _odd_token,
    _same_length_token,
    _other_token,
    _lines,
)
