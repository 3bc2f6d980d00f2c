"""Where the weights of a named model lie; loads without torch."""

import os
import sys
from importlib import resources
from pathlib import Path

from vesal.checkpoints.sources import SOURCES
from vesal.errors import ConfigError
from vesal.models.zoo import ZOO

_FOLDER_VARIABLE = "VESAL_WEIGHTS"
MODEL_FILE = "model.safetensors"
"""The weights in a folder that stands for a model: what fine-tuning writes."""

_CACHES = {"darwin": "Library/Caches", "win32": "AppData/Local"}  # of sys.platform, below home


def weights_folder() -> Path:
    """The folder of published weights: $VESAL_WEIGHTS, or one in the platform's cache.

    The only place below the command line that reads the environment, because a script that calls
    `vesal.load_model("sam-med2d")` and the shell it runs in must mean the same folder.
    """
    given = os.environ.get(_FOLDER_VARIABLE)
    if given:
        return Path(given).expanduser()
    return Path.home() / _CACHES.get(sys.platform, ".cache") / "vesal" / "weights"


def weights_path(name: str) -> Path:
    """The weights file of a model of the zoo, whether it is there or not.

    Ours is in the package. A published one is in `weights_folder` under the name of the model as
    safetensors, or else under the name that its authors gave it.

    Raises:
        ConfigError: no such model.
    """
    if name not in ZOO:
        msg = f"unknown model {name!r}; known: {', '.join(sorted(ZOO))}"
        raise ConfigError(msg)
    if name not in SOURCES:
        return Path(str(resources.files("vesal") / "assets" / "weights" / f"{name}.safetensors"))
    converted = weights_folder() / f"{name}.safetensors"
    return converted if converted.is_file() else weights_folder() / SOURCES[name].file


def how_to_get(name: str) -> str:
    """What to do where a published file is missing, as the end of a sentence."""
    sentence = by_hand(name, weights_path(name))
    if SOURCES[name].repository is None:
        return sentence
    return f"run `vesal weights get {name}`, or {sentence}"


def by_hand(name: str, path: Path) -> str:
    """What to do where vesal cannot fetch a published file, as the end of a sentence."""
    return f"{SOURCES[name].where} and put it at {path}"


def in_folder(path: Path) -> Path:
    """The weights file where a folder stands for a model; else the path itself."""
    held = path / MODEL_FILE
    return held if os.path.isfile(held) else path
