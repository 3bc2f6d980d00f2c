"""The command itself: help, version, and how failures end."""

import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from vesal import __version__
from vesal.cli.main import main

COMMANDS = ("segment", "info", "models", "demo", "train", "serve")
Captured = pytest.CaptureFixture[str]


def failing(error: BaseException) -> object:
    """A function that takes anything and raises."""

    def fail(*_: object, **_options: object) -> NoReturn:
        raise error

    return fail


def error_of(capsys: Captured) -> str:
    """The single line on stderr; nothing may be on stdout."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return err


def test_help_names_every_command(capsys: Captured) -> None:
    """One page tells what there is."""
    assert main(["--help"]) == 0
    page = capsys.readouterr().out
    assert all(f" {command} " in page for command in COMMANDS)


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_every_help_page_has_examples(command: str | None, capsys: Captured) -> None:
    """Examples say what a list of options cannot."""
    assert main([command, "--help"] if command else ["--help"]) == 0
    page = capsys.readouterr().out
    assert f"vesal {command or 'segment'}" in page.split("Examples", 1)[1]


def test_without_a_command_the_help_is_shown(capsys: Captured) -> None:
    """Someone who types `vesal` wants to know what it can do."""
    assert main([]) == 0
    assert "Examples" in capsys.readouterr().out


def test_version_prints_the_version(capsys: Captured) -> None:
    """The version of the installed package."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"vesal {__version__}\n"


@pytest.mark.parametrize(
    "words",
    [["info"], ["info", "--nothing"], ["nothing"], ["segment", "scan.nii.gz", "--point", "1,2,3"]],
)
def test_a_usage_error_is_one_sentence_with_exit_code_two(
    words: list[str], capsys: Captured
) -> None:
    """Also what the option parser refuses ends in one line."""
    assert main(words) == 2
    assert "--help" in error_of(capsys)


def test_an_error_of_vesal_is_one_sentence_with_its_exit_code(capsys: Captured) -> None:
    """No traceback noise."""
    assert main(["info", "missing.nii.gz"]) == 2
    assert "missing.nii.gz" in error_of(capsys)


@pytest.mark.parametrize(
    "words",
    [["--traceback", "info", "missing.nii.gz"], ["info", "missing.nii.gz", "--traceback"]],
)
def test_traceback_shows_the_rest_wherever_it_stands(words: list[str], capsys: Captured) -> None:
    """It works before and after the subcommand; the sentence stays the last line."""
    assert main(words) == 2
    err = capsys.readouterr().err
    assert err.startswith("Traceback")
    assert "open_image" in err
    assert err.splitlines()[-1].startswith("error: ")


def test_behind_two_dashes_traceback_is_a_file_name(capsys: Captured) -> None:
    """`--` ends the options, as everywhere."""
    assert main(["info", "--", "--traceback"]) == 2
    assert "--traceback cannot be read" in error_of(capsys)


def test_an_unexpected_error_is_one_sentence_that_owns_up(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Type and message on one line, whatever the message holds; exit code 70."""
    monkeypatch.setattr("vesal.images.open_image", failing(RuntimeError("broken\nin two")))
    assert main(["info", "scan.nii.gz"]) == 70
    assert "RuntimeError: broken in two; this is a bug in vesal" in error_of(capsys)


def test_an_unexpected_error_without_a_message_is_named(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name of its type is all there is to say."""
    monkeypatch.setattr("vesal.images.open_image", failing(ZeroDivisionError()))
    assert main(["info", "scan.nii.gz"]) == 70
    assert error_of(capsys).startswith("error: ZeroDivisionError; this is a bug")


def test_too_little_memory_is_no_bug(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends like every refused resource."""
    monkeypatch.setattr("vesal.images.open_image", failing(MemoryError()))
    assert main(["info", "scan.nii.gz"]) == 5
    assert "memory" in error_of(capsys)


def test_an_interrupt_ends_with_130(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """128 + SIGINT, as shells expect."""
    monkeypatch.setattr("vesal.images.open_image", failing(KeyboardInterrupt()))
    assert main(["info", "scan.nii.gz"]) == 130
    assert "interrupted" in error_of(capsys)


def test_the_installed_command_passes_the_exit_code_on(tmp_path: Path) -> None:
    """The script in the environment ends as `main` says, with one line on stderr."""
    run = subprocess.run(  # noqa: S603  # our own script
        [Path(sys.executable).with_name("vesal"), "info", tmp_path / "missing.nii.gz"],
        capture_output=True,
        check=False,
        text=True,
    )
    assert run.returncode == 2
    assert run.stdout == ""
    assert run.stderr.startswith("error: ")
    assert run.stderr.count("\n") == 1
