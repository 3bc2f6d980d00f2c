"""Lines and bars."""

import io
import re
import time

import pytest

from vesal.cli.console import bar, print_error, print_facts
from vesal.progress import silent

Captured = pytest.CaptureFixture[str]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Always."""
        return True


def terminal_for_stderr(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal in the place of stderr (no fixture: pytest sets stderr anew after those)."""
    stream = Terminal()
    monkeypatch.setenv("TERM", "xterm")  # a bar needs a cursor that moves
    monkeypatch.setattr("sys.stderr", stream)
    return stream


def test_an_error_is_one_line_on_stderr(capsys: Captured) -> None:
    """Whatever the sentence holds."""
    print_error("first\n  second\tthird")
    assert capsys.readouterr() == ("", "error: first second third\n")


def test_facts_are_aligned(capsys: Captured) -> None:
    """Names to the left, values in one column."""
    print_facts([("a", "1"), ("long name", "2")])
    assert capsys.readouterr().out == "a          1\nlong name  2\n"


def test_no_facts_print_nothing(capsys: Captured) -> None:
    """An empty list is fine."""
    print_facts([])
    assert capsys.readouterr().out == ""


def test_there_is_no_bar_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log file gets no control characters."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    with bar("working", patience_s=0.0) as progress:
        assert progress is silent
    assert stream.getvalue() == ""


def test_long_work_leaves_a_line_now_and_then_in_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who looks into a night's log sees how far it is."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr("vesal.cli.console._LINE_EVERY_S", 0.0)
    with bar("working", left=True) as progress:
        progress(1, 2, "case-1, 1 failed")
    with bar("working", left=True, quiet=True) as progress:
        progress(2, 2, "said by another process")
    assert re.fullmatch(r"\d\d:\d\d:\d\d 1/2 case-1, 1 failed\n", stream.getvalue())


def test_short_work_shows_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bar that flashes up is noise."""
    terminal = terminal_for_stderr(monkeypatch)
    with bar("working", patience_s=60.0) as progress:
        progress(1, 2, "half")
    assert terminal.getvalue() == ""


def test_long_work_shows_a_bar_while_it_reports_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The timer draws it, not the work."""
    terminal = terminal_for_stderr(monkeypatch)
    with bar("working", patience_s=0.0):
        deadline = time.monotonic() + 20
        while "working" not in terminal.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
    assert "working" in terminal.getvalue()


def test_the_bar_says_what_was_reported_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its text follows the work."""
    terminal = terminal_for_stderr(monkeypatch)
    with bar("working", patience_s=0.0) as progress:
        progress(1, 2, "second half")
        deadline = time.monotonic() + 20
        while "second half" not in terminal.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
    assert "second half" in terminal.getvalue()


def test_the_bar_is_taken_down_when_the_work_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error line then stands alone: the cursor is shown again at the end."""
    terminal = terminal_for_stderr(monkeypatch)
    with pytest.raises(RuntimeError, match="broken"), bar("working", patience_s=0.0):
        raise RuntimeError("broken")
    text = terminal.getvalue()
    assert text == "" or "\x1b[?25h" in text
