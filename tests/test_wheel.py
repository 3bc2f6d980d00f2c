"""What is shipped: the wheel and the sdist are built here, and looked into."""

import email
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.message import Message
from pathlib import Path, PurePosixPath

import pytest

pytest.importorskip("hatchling", reason="needs hatchling: make test")

ROOT = Path(__file__).resolve().parents[1]
CORE = {
    "connected-components-3d", "edt", "filelock", "jaxtyping", "nibabel", "numpy", "pillow",
    "pydicom", "pynrrd", "rich", "safetensors", "scipy", "simpleitk", "torch", "typer",
}  # fmt: skip
"""What `docs/architecture.md` gives a reason for; nothing else comes without an extra."""
ASSETS = {
    "assets/scans/example_ct.nii.gz",
    "assets/scans/example_mr_sm.nii.gz",
    "assets/scans/example_seg_fast_force_split.nii.gz",
    "assets/scans/example_seg_mr.nii.gz",
    "assets/weights/vesal-mini.safetensors",
    "curation/report/page.html.jinja",
    "evaluation/report/page.html.jinja",
    "labels/terms.json",
    "py.typed",
    "server/viewer/index.html",
    "server/viewer/niivue.licence.txt",
    "server/viewer/niivue.umd.js.gz",
    "server/viewer/vesal.css",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both, built without a network."""
    folder = tmp_path_factory.mktemp("dist")
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist"]
    subprocess.run(  # noqa: S603  # our own interpreter
        [*words, "-d", str(folder)], cwd=ROOT, check=True, capture_output=True
    )
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    """The wheel, which is for every system."""
    (path,) = built.glob("*.whl")
    assert path.name.endswith("-py3-none-any.whl")
    return path


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    """Names of the files in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    """What the wheel says of itself."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [one for one in archive.namelist() if one.endswith(".dist-info/METADATA")]
        return email.message_from_bytes(archive.read(name))


def test_the_wheel_holds_the_package_its_model_scans_and_page(names: set[str]) -> None:
    """Each module, each file that one opens, and the licences; no test, no cache."""
    inside = {name.removeprefix("vesal/") for name in names if name.startswith("vesal/")}
    sources = ROOT / "src" / "vesal"
    modules = {path.relative_to(sources).as_posix() for path in sources.rglob("*.py")}
    scripts = {path.relative_to(sources).as_posix() for path in sources.glob("server/viewer/*.js")}
    assert inside == modules | ASSETS | scripts
    rest = {name for name in names if not name.startswith("vesal/")}
    assert {PurePosixPath(name).parts[0].split("-")[0] for name in rest} == {"vesal"}
    assert {"LICENSE", "SOURCES.md"} <= {PurePosixPath(name).name for name in rest}


def test_what_is_shipped_is_what_is_here(wheel: Path) -> None:
    """The weights and NiiVue byte for byte, not pointers to them."""
    with zipfile.ZipFile(wheel) as archive:
        for name in ASSETS:
            assert archive.read(f"vesal/{name}") == (ROOT / "src" / "vesal" / name).read_bytes()


def test_the_wheel_is_as_large_as_the_page_says(wheel: Path) -> None:
    """To a tenth of it."""
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    (said,) = re.findall(r"The wheel takes ([\d.]+) MB", page)
    assert wheel.stat().st_size / 1e6 == pytest.approx(float(said), rel=0.1)


def test_the_core_needs_what_the_design_names_and_no_more(metadata: Message) -> None:
    """All other requirements belong to an extra."""
    needed = metadata.get_all("Requires-Dist") or []
    core = {one.partition(">")[0].strip().lower() for one in needed if "extra ==" not in one}
    assert core == CORE
    extras = set(metadata.get_all("Provides-Extra") or [])
    assert {"dicom", "server", "train", "evaluate", "curate", "onnx", "hub"} <= extras


def test_the_metadata_are_those_of_the_project(
    names: set[str], wheel: Path, metadata: Message
) -> None:
    """Name, version, Pythons, licence, and the command."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert (metadata["Name"], metadata["Version"]) == ("vesal", version)
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "Apache-2.0"
    said = metadata.get_all("Classifier") or []
    for python in ("3.11", "3.12", "3.13"):
        assert f"Programming Language :: Python :: {python}" in said
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [one for one in names if one.endswith("entry_points.txt")]
        assert archive.read(name).decode() == "[console_scripts]\nvesal = vesal.cli.main:main\n"


def test_the_version_has_a_heading_in_the_changelog(metadata: Message) -> None:
    """And what is not released yet has one above it."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = [line.split()[1].strip("[]") for line in text.splitlines() if line[:3] == "## "]
    assert headings[0] == "Unreleased"
    assert metadata["Version"] in headings


def test_the_sdist_builds_the_same_and_holds_its_tests(built: Path) -> None:
    """Sources, tests and licences; no environment, cache or run of training."""
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        parts = [PurePosixPath(name).parts[1:] for name in archive.getnames()]
    inside = {"/".join(one) for one in parts}
    for name in ("pyproject.toml", "README.md", "LICENSE", "SOURCES.md", "tests/test_wheel.py"):
        assert name in inside
    assert {f"src/vesal/{name}" for name in ASSETS} <= inside
    assert not {"__pycache__", ".git", ".venv", "runs", "dist"} & {one for p in parts for one in p}
