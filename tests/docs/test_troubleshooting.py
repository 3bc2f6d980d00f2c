"""The page of messages quotes what the source says, and explains each quotation."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import vesal
from vesal.cli.console import FAILED_EXIT_CODE
from vesal.cli.main import _BUG_EXIT_CODE, _INTERRUPT_EXIT_CODE, _TERMINATE_EXIT_CODE
from vesal.errors import VesalError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "troubleshooting.md"
SOURCES = Path(vesal.__file__).parent
ANYTHING = "…"
"""What changes in a message, on the page and here."""

_TEXT = PAGE.read_text(encoding="utf-8")
_QUOTED = re.findall(r"^### (.*)\n```text\n(.*)\n```\n(.*)$", _TEXT, re.MULTILINE)


def test_each_heading_has_a_message_and_says_what_it_means() -> None:
    """In one line each; none is quoted twice."""
    assert len(_QUOTED) == len(re.findall(r"^### ", _TEXT, re.MULTILINE)) > 25
    assert all(meaning.strip() for _, _, meaning in _QUOTED)
    messages = [message for _, message, _ in _QUOTED]
    assert len(set(messages)) == len(messages)


@pytest.mark.parametrize("message", [message for _, message, _ in _QUOTED])
def test_the_message_is_in_the_source(message: str) -> None:
    """Word for word, but for what changes: a message that was reworded is noticed."""
    assert message.count(ANYTHING) == 0 or len(message.replace(ANYTHING, "").split()) > 2
    wanted = _plain(message)
    assert any(wanted in text for text in _texts()), f"no message has these words: {message}"


def test_the_exit_codes_are_those_of_the_errors() -> None:
    """And every one that an error can have is in the table."""
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", _TEXT, re.MULTILINE)}
    kinds: list[type[VesalError]] = [VesalError, *_descendants(VesalError)]
    known = {kind.exit_code for kind in kinds} - {VesalError.exit_code}
    signals = {_INTERRUPT_EXIT_CODE, _TERMINATE_EXIT_CODE}
    assert told == known | signals | {FAILED_EXIT_CODE, _BUG_EXIT_CODE}


@cache
def _texts() -> frozenset[str]:
    """All texts of the source, with one sign for each part that is filled in."""
    return frozenset(_plain(text) for path in SOURCES.rglob("*.py") for text in _of(path))


def _of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            parts = [
                one.value if isinstance(one, ast.Constant) else ANYTHING for one in node.values
            ]
            yield "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _plain(text: str) -> str:
    """Two parts that are filled in one after the other look like one."""
    return re.sub(f"{ANYTHING}+", ANYTHING, text)


def _descendants(kind: type[VesalError]) -> Iterator[type[VesalError]]:
    for one in kind.__subclasses__():
        if one.__module__ == "vesal.errors":
            yield one
            yield from _descendants(one)
