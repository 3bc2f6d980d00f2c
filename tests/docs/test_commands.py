"""What the guides tell to type is typed here: their `sh` and `python` blocks, page by page.

Blocks that are only to be read have no language (commands) or `text` (what is printed). Every
command of every page must at least be one that `vesal` takes.
"""

import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
import typer.main

from vesal.cli.main import app, main

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
RUN = ["get-started.md", "howto/click.md", "howto/many-scans.md", "howto/evaluate.md"]
RUN += ["howto/finetune.md", "howto/serve.md", "concepts/grids.md", "concepts/sessions.md"]
READ = sorted([ROOT / "README.md", *DOCS.rglob("*.md")])
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ENDS = (">", "|", "&", ";")  # of a command in a shell
_NUMBER = re.compile(r"\d[\d,]*(\.\d+)?")
# Commands are done in this process, which has loaded torch; but a server, which is to be killed.
_VESAL = """
vesal() {
  if [ "$1" = serve ]; then exec vesal "$@"; fi
  printf '%s\\n' "$@" '' >&"$ASK"
  read -r code <&"$ANSWER"
  cat "$SAID"
  return "$code"
}
"""
_NEEDS = {"howto/evaluate.md": ["matplotlib", "jinja2"], "howto/serve.md": ["fastapi", "uvicorn"]}
_NEEDS |= {"howto/finetune.md": ["monai", "lightning_fabric"]}


@pytest.mark.parametrize("name", RUN)
def test_the_blocks_of_the_page_run(
    name: str,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In an empty folder: first all of the shell, as one script, then all of the Python."""
    for module in _NEEDS.get(name, []):
        pytest.importorskip(module, reason=f"{name} needs an extra")
    blocks = _blocks(DOCS / name)
    script = "\n".join(text for language, text in blocks if language == "sh")
    code = "\n".join(text for language, text in blocks if language == "python")
    assert script or code
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    if script:
        told = _typed(script, tmp_path_factory.mktemp("told"))
        printed = [_any(line) for line in told.splitlines()]
        shown = [_any(line) for kind, text in blocks if kind == "text" for line in text.split("\n")]
        assert [line for line in shown if line and line not in printed] == []
    exec(compile(code, name, "exec"), {})  # noqa: S102  # our own page


@pytest.mark.parametrize("page", READ, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_is_one_that_vesal_takes(page: Path) -> None:
    """Subcommands, options and the number of arguments; nothing is run."""
    root = typer.main.get_command(app)
    for words in _commands(page):
        context = root.make_context("vesal", list(words), resilient_parsing=True)
        command, rest = root, list(words)
        while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
            assert rest[0] in command.commands, f"no such subcommand: {words}"
            command = command.commands[rest.pop(0)]
        command.make_context("vesal", rest, parent=context)


def test_the_pages_hold_commands() -> None:
    """Else the test above would prove nothing."""
    assert sum(len(list(_commands(page))) for page in READ) > 100


def _blocks(page: Path) -> list[tuple[str, str]]:
    """Languages and texts of what is fenced."""
    return _BLOCK.findall(page.read_text(encoding="utf-8"))


def _typed(script: str, folder: Path) -> str:
    """What a script prints to both streams; it must succeed."""
    if shutil.which("bash") is None:
        pytest.skip("needs bash")
    (asked, ask), (answer, answered) = os.pipe(), os.pipe()
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    own = {"PATH": places, "PYTHONPATH": str(ROOT / "src")}
    own |= {"ASK": str(ask), "ANSWER": str(answer), "SAID": str(folder / "said")}
    with (folder / "printed").open("w+", encoding="utf-8") as printed:
        shell = subprocess.Popen(  # noqa: S603  # our own page
            ["bash", "-euo", "pipefail", "-c", _VESAL + script],  # noqa: S607
            env=os.environ | own,
            stdout=printed,
            stderr=subprocess.STDOUT,
            pass_fds=(ask, answer),
        )
        os.close(ask)
        os.close(answer)
        _answer(asked, answered, folder / "said")
        assert shell.wait() == 0, (folder / "printed").read_text(encoding="utf-8")
        printed.seek(0)
        return printed.read()


def _answer(asked: int, answered: int, said: Path) -> None:
    """Do the commands that a shell asks for, until it ends."""
    words: list[str] = []
    with open(asked, encoding="utf-8") as lines, open(answered, "w", encoding="utf-8") as codes:
        for line in lines:
            if line != "\n":
                words.append(line.removesuffix("\n"))
                continue
            with (
                said.open("w", encoding="utf-8") as both,
                redirect_stdout(both),
                redirect_stderr(both),
            ):
                code = main(words)
            print(code, file=codes, flush=True)
            words = []


def _commands(page: Path) -> Iterator[list[str]]:
    """The words behind `vesal` of each command in the blocks of a page."""
    for language, text in _blocks(page):
        if language not in ("", "sh"):
            continue
        for line in re.split(r"\n|&&", text.replace("\\\n", " ")):
            found = re.match(r"\s*(?:\w+=\S+ +)*vesal (?P<words>.*)", line)
            if found and "..." not in line:
                plain = re.sub(r"\$\(.*\)", "IT", found["words"])
                words = shlex.split(plain, comments=True)
                yield list(itertools.takewhile(lambda word: word not in _ENDS, words))


def _any(line: str) -> str:
    """A line without what differs from run to run: numbers, and how many blanks."""
    return " ".join(_NUMBER.sub("N", line).split())
