"""The `vesal` command: its subcommands, and how every failure ends in one sentence.

Nothing heavy is imported here: `vesal --help` must come at once.
"""

import math
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer
from typer.exceptions import TyperException

from vesal.cli import (
    challenge,
    curate,
    demo,
    evaluate,
    export,
    finetune,
    info,
    models,
    run,
    segment,
    serve,
    train,
    weights,
)
from vesal.cli.console import print_error
from vesal.errors import ResourceError, VesalError, lacks_memory

_BUG_EXIT_CODE = 70  # EX_SOFTWARE of sysexits.h
_INTERRUPT_EXIT_CODE = 130  # 128 + SIGINT, as shells report it
_TERMINATE_EXIT_CODE = 143  # 128 + SIGTERM
_INTERRUPTED = "interrupted; nothing was left half written"
_DEAF_S = 2.0  # after a signal: who presses Ctrl-C again and again still gets an end in order
_TRACEBACK = "--traceback"
_EXAMPLES = """[bold]Examples[/bold]
  vesal demo
  vesal info scan.nii.gz
  vesal segment scan.nii.gz --point 98,161,397 -o liver.nii.gz
  vesal segment --prompts cases.csv -o out/
  vesal run cases.csv -o out/
  vesal serve scans/
  vesal evaluate data/ -o report/
  vesal finetune vesal-mini labelled/ -o my-model
  vesal curate data/ -o curated/
  vesal segment --help

[dim]vesal is a research tool, not a medical device.[/dim]"""

app = typer.Typer(
    name="vesal",
    help="Segment structures of medical images and volumes: click on one, get its mask.",
    epilog=_EXAMPLES,
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_enable=False,  # `main` says what went wrong
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("segment", help=segment.HELP, epilog=segment.EXAMPLES)(segment.segment)
app.command("run", help=run.HELP, epilog=run.EXAMPLES)(run.run)
app.command("info", help=info.HELP, epilog=info.EXAMPLES)(info.info)
app.command("models", help=models.HELP, epilog=models.EXAMPLES)(models.models)
app.command("demo", help=demo.HELP, epilog=demo.EXAMPLES)(demo.demo)
app.command("serve", help=serve.HELP, epilog=serve.EXAMPLES)(serve.serve)
app.command("train", help=train.HELP, epilog=train.EXAMPLES)(train.train)
app.command("finetune", help=finetune.HELP, epilog=finetune.EXAMPLES)(finetune.finetune)
app.command("curate", help=curate.HELP, epilog=curate.EXAMPLES)(curate.curate)
app.command("evaluate", help=evaluate.HELP, epilog=evaluate.EXAMPLES)(evaluate.evaluate)
app.command("challenge", help=challenge.HELP, epilog=challenge.EXAMPLES)(challenge.challenge)
app.command("export", help=export.HELP, epilog=export.EXAMPLES)(export.export)
app.add_typer(weights.app, name="weights")


def _print_version(wanted: bool) -> bool:
    if not wanted:
        return False
    from vesal import __version__

    print(f"vesal {__version__}")
    raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            metavar="",
            is_eager=True,
            callback=_print_version,
            help="Show the version.",
        ),
    ] = False,
    _traceback: Annotated[
        bool,
        typer.Option(_TRACEBACK, metavar="", help="Show the traceback of an error, anywhere."),
    ] = False,
) -> None:
    """Declare the options of `vesal` itself; `main` takes --traceback out before."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        arguments: the words behind `vesal`; those of the process by default.
    """
    words, wants_traceback = _without_traceback(sys.argv[1:] if arguments is None else arguments)
    with _signals() as came:
        try:
            # Typer's own error page takes several lines; outside its standalone mode it raises,
            # and returns the code of an early exit.
            code = app(args=words or ["--help"], prog_name="vesal", standalone_mode=False)
        except Exception as error:  # noqa: BLE001  # whatever it is, the user gets one sentence
            if wants_traceback:
                traceback.print_exc()
            sentence, code = _explained(error)
            if came and code == _BUG_EXIT_CODE:  # as C++ makes an error of its own of an interrupt
                sentence, code = _INTERRUPTED, _INTERRUPT_EXIT_CODE
            print_error(sentence)
        else:
            if code == _INTERRUPT_EXIT_CODE:
                print_error(_INTERRUPTED)
    if code == _INTERRUPT_EXIT_CODE and signal.SIGTERM in came:
        return _TERMINATE_EXIT_CODE
    return code if isinstance(code, int) else 0


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Take SIGTERM, as a machine that is taken away sends it, for Ctrl-C; give those that came."""
    came: list[int] = []
    heard_at = -math.inf

    def interrupt(number: int, _: object) -> None:
        nonlocal heard_at
        came.append(number)
        if time.monotonic() < heard_at + _DEAF_S:
            return
        heard_at = time.monotonic()
        raise KeyboardInterrupt

    before = {}
    if threading.current_thread() is threading.main_thread():  # no other hears of signals
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup, on purpose
                before[number] = signal.signal(number, interrupt)
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _without_traceback(words: Sequence[str]) -> tuple[list[str], bool]:
    """Take --traceback out of the words before `--`, so that it works at any place."""
    end = words.index("--") if "--" in words else len(words)
    options = [word for word in words[:end] if word != _TRACEBACK]
    return [*options, *words[end:]], len(options) < end


def _explained(error: Exception) -> tuple[str, int]:
    """One sentence for people, and the exit code."""
    if isinstance(error, VesalError):
        return str(error), error.exit_code
    if isinstance(error, TyperException):
        sentence = error.format_message().rstrip(".")
        return f"{sentence} (--help shows what is right)", error.exit_code
    if lacks_memory(error):
        sentence = "the memory of this machine is used up; close programs or give a smaller image"
        return sentence, ResourceError.exit_code
    if isinstance(error, OSError):
        where = f" {error.filename}" if error.filename else ""
        return f"the system refused{where}: {error.strerror or error}", ResourceError.exit_code
    sentence = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"{sentence}; this is a bug in vesal; {_TRACEBACK} shows the rest", _BUG_EXIT_CODE
