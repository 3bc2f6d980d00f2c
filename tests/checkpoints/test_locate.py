"""Tests of vesal.checkpoints.locate."""

import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

from vesal.checkpoints.locate import weights_path
from vesal.errors import ConfigError
from vesal.models.zoo import ZOO


@pytest.mark.parametrize("name", sorted(ZOO))
def test_the_weights_of_a_known_model_lie_inside_the_package(name: str) -> None:
    """So that they are installed with it."""
    path = weights_path(name)
    assert path.name == f"{name}.safetensors"
    assert path.is_relative_to(Path(str(resources.files("vesal"))))


@pytest.mark.parametrize(
    "name", ["", "vesal", "vesal-mini.safetensors", "../vesal-mini", "VESAL-MINI"]
)
def test_an_unknown_model_is_refused_and_the_known_ones_are_named(name: str) -> None:
    """No name reaches outside the folder of the weights."""
    with pytest.raises(ConfigError, match=r"known: .*vesal-mini"):
        weights_path(name)


def test_looking_for_weights_needs_no_torch() -> None:
    """`vesal models` answers at once."""
    code = """
import sys
from vesal.checkpoints.locate import weights_path
weights_path("vesal-mini")
sys.exit("torch" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603
