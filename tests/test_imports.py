"""What loads what: the face and the light commands must not wait for torch."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

LOADED = "import json, sys; print(json.dumps(sorted(sys.modules)))"


def modules_after(code: str) -> set[str]:
    """The modules that a fresh Python has loaded after some code; what it prints is dropped."""
    quiet = "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()):\n    "
    run = subprocess.run(  # noqa: S603  # our own interpreter, our own code
        [sys.executable, "-c", f"{quiet}{code}\n{LOADED}"],
        capture_output=True,
        check=True,
        text=True,
    )
    return set(json.loads(run.stdout))


def after_command(*words: str) -> set[str]:
    """The modules that a vesal command loads."""
    return modules_after(f"from vesal.cli.main import main; assert main({list(words)}) == 0")


def test_importing_vesal_loads_nothing_but_python_and_its_own_face() -> None:
    """A name is loaded when it is used: nothing that is installed is, nor another floor of ours."""
    loaded = modules_after("import vesal") - modules_after("pass")
    installed = {name for name in loaded if name.partition(".")[0] not in sys.stdlib_module_names}
    assert installed == {"vesal", "vesal.errors"}


def test_opening_an_image_loads_no_torch(scans: Path) -> None:
    """Floors 0 to 2 are light."""
    path = str(scans / "example_mr_sm.nii.gz")
    loaded = modules_after(f"import vesal; vesal.open_image({path!r})")
    assert "vesal.images" in loaded
    assert "torch" not in loaded


@pytest.mark.parametrize(
    "words", [["--help"], ["segment", "--help"], ["curate", "--help"], ["--version"]]
)
def test_help_loads_neither_torch_nor_numpy(words: list[str]) -> None:
    """`vesal --help` comes at once."""
    assert not {"torch", "numpy", "scipy"} & after_command(*words)


def test_info_loads_no_torch(scans: Path) -> None:
    """Looking at a scan needs no model."""
    assert "torch" not in after_command("info", str(scans / "example_mr_sm.nii.gz"))


def test_models_loads_neither_torch_nor_numpy() -> None:
    """Listing models reads configs and file sizes only."""
    assert not {"torch", "numpy", "scipy"} & after_command("models")
