"""How the commands speak: one-line errors, aligned facts, and a bar for what takes long."""

import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from vesal.progress import Progress, now_and_then, silent, with_time_left
from vesal.terminal import one_line

FAILED_EXIT_CODE = 6
"""At least one case failed; the others are done, and the report says why."""

_PATIENCE_S = 2.0  # shorter work needs no bar
_LINE_EVERY_S = 60.0  # of long work, where there is no terminal


def print_error(sentence: str) -> None:
    """Print `error: <sentence>` on stderr, on one line whatever the sentence holds."""
    print(f"error: {one_line(sentence)}", file=sys.stderr)


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Print names and what they are, one pair a line, aligned."""
    pairs = [(one_line(name), one_line(value)) for name, value in facts]
    width = max((len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        print(f"{name:<{width}}  {value}")


@contextmanager
def bar(
    text: str, *, patience_s: float = _PATIENCE_S, left: bool = False, quiet: bool = False
) -> Iterator[Progress]:
    """Give a progress that becomes a bar on stderr once `patience_s` seconds have passed.

    A timer draws it, so it comes even while one long step reports nothing. It vanishes at the
    end. Where stderr is no terminal there is no bar, and of long work a line a minute.

    Args:
        text: what is being done, until the first report says it better.
        patience_s: seconds without a bar.
        left: the work is long, and all steps take about as long: also show the time that is left.
        quiet: draw none, since another process does.
    """
    if quiet or not (left or sys.stderr.isatty()):
        yield silent
        return
    if not sys.stderr.isatty():
        yield with_time_left(now_and_then(_print_line, _LINE_EVERY_S))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Live

    columns = [TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()]
    live = Live(*columns, console=Console(stderr=True), transient=True)
    task = live.add_task(text, total=None)

    def report(done: int, total: int, text: str) -> None:
        live.update(task, completed=done, total=total, description=escape(one_line(text)))

    timer = threading.Timer(patience_s, live.start)
    timer.daemon = True
    timer.start()
    try:
        yield with_time_left(report) if left else report
    finally:
        timer.cancel()
        timer.join()  # it may just be drawing
        live.stop()


def _print_line(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {one_line(line)}", file=sys.stderr, flush=True)
