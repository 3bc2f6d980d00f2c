"""Where the weights of a named model lie; loads without torch."""

from importlib import resources
from pathlib import Path

from vesal.errors import ConfigError
from vesal.models.zoo import ZOO


def weights_path(name: str) -> Path:
    """The safetensors file of a model of the zoo.

    Raises:
        ConfigError: no such model.
    """
    if name not in ZOO:
        msg = f"unknown model {name!r}; known: {', '.join(sorted(ZOO))}"
        raise ConfigError(msg)
    return Path(str(resources.files("vesal") / "assets" / "weights" / f"{name}.safetensors"))
