"""What is the same for all cases of a run."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import cast

import torch

from vesal.checkpoints import automatic, load
from vesal.checkpoints.identity import identity, identity_of
from vesal.errors import ConfigError
from vesal.models.automatic import Automatic
from vesal.models.placed import CPU, device_named, placed
from vesal.models.promptable import Promptable
from vesal.workers import turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How every case is done; with a name for a model, another process can do it too.

    Attributes:
        model: that answers, or the name or file that each process loads it from, once.
        identity: hash of the model: results of another one are made anew.
        automatic: whether the name is of a model without prompts.
        full_history: see `Session`.
        suffix: of the results, and so their format.
        each: a file for each object instead of one label map.
        cache: folder for encoded parts of images.
        threads: of torch; as they are if 0. Sums of floats hang on their number.
        device: on which each process computes, as `device_named` takes it.
    """

    model: str | Promptable | Automatic
    identity: str
    automatic: bool = False
    full_history: bool = False
    suffix: str = ".nii.gz"
    each: bool = False
    cache: Path | None = None
    threads: int = 0
    device: str = CPU

    @property
    def promptable(self) -> Promptable:
        """The model, for cases with prompts.

        Raises:
            VesalError: it cannot be loaded, or is not the one of the run.
        """
        return cast("Promptable", self._ready())

    @property
    def network(self) -> Automatic:
        """The model, for scans without prompts.

        Raises:
            VesalError: it cannot be loaded, or is not the one of the run.
        """
        return cast("Automatic", self._ready())

    def _ready(self) -> Promptable | Automatic:
        if not isinstance(self.model, str):
            return self.model
        if self.threads:
            torch.set_num_threads(self.threads)
        return _loaded(self.model, self.identity, self.automatic, self.device)


def load_named(name: str, *, without_prompts: bool) -> tuple[Promptable | Automatic, str]:
    """A model by its name or file, and its identity.

    Raises:
        VesalError: it cannot be loaded.
    """
    if without_prompts:
        network = automatic.load_automatic(name)
        return network, identity_of(network, network.config)
    model = load.load_model(name)
    return model, identity(model)


def loads() -> int:
    """How many models this process has loaded for cases so far."""
    return _loaded.cache_info().misses


@lru_cache(maxsize=1)
def _loaded(name: str, expected: str, without_prompts: bool, device: str) -> Promptable | Automatic:
    place = device_named(device, turn=turn())
    model, found = load_named(name, without_prompts=without_prompts)
    if found != expected:
        msg = f"{name} holds other weights here than where the run was started; copy them here"
        raise ConfigError(msg)
    return model.to(place) if isinstance(model, Automatic) else placed(model, place)
