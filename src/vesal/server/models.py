"""The models that a server offers, each loaded once and shared by all who ask it."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from vesal.checkpoints.load import load_model
from vesal.checkpoints.locate import weights_path
from vesal.models.config import ModelConfig
from vesal.models.promptable import Promptable
from vesal.models.zoo import ZOO
from vesal.server.refusals import NotFoundError


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A model that can be asked.

    Attributes:
        name: by which it is chosen.
        title: for people.
        prompts: kinds of prompts that it was trained on; the others are translated.
        ndims: numbers of axes of the images it takes.
        weights: what is loaded: a name of the zoo or a file.
    """

    name: str
    title: str
    prompts: tuple[str, ...]
    ndims: tuple[int, ...]
    weights: str


class Models:
    """Models by their names.

    Args:
        default: name of the one that is asked where none is named.
        offers: all of them.
        loaded: those that are in memory already.
    """

    def __init__(
        self, default: str, offers: Iterable[Offer], loaded: Mapping[str, Promptable]
    ) -> None:
        self.default = default
        self.offers = {offer.name: offer for offer in offers}
        self._loaded = dict(loaded)
        self._lock = asyncio.Lock()

    def check(self, name: str) -> Offer:
        """The offer of that name.

        Raises:
            NotFoundError: there is none.
        """
        if name not in self.offers:
            msg = f"this server has no model {name!r}; it has {', '.join(self.offers)}"
            raise NotFoundError(msg)
        return self.offers[name]

    async def get(self, name: str) -> Promptable:
        """The model of that name, loaded if it was not yet.

        Raises:
            NotFoundError: there is none.
            CheckpointError: its weights are damaged.
        """
        offer = self.check(name)
        async with self._lock:
            if name not in self._loaded:
                self._loaded[name] = await asyncio.to_thread(load_model, offer.weights)
            return self._loaded[name]


def offered(default: str | Path) -> Models:
    """The models that can be asked on this machine, the default one loaded.

    Args:
        default: name or weights file.

    Raises:
        ConfigError: neither a name nor a file.
        CheckpointError: its weights are missing or damaged.
    """
    model = load_model(default)
    name = str(default) if str(default) in ZOO else Path(default).stem
    ready = [n for n in ZOO if n != name and weights_path(n).is_file()]
    offers = [_offer(name, model.config, default), *(_offer(n, ZOO[n], n) for n in ready)]
    return Models(name, offers, {name: model})


def _offer(name: str, config: ModelConfig, weights: str | Path) -> Offer:
    return Offer(
        name=name,
        title=f"{name} ({config.ndim}D)",
        prompts=config.capabilities.prompts,
        ndims=config.capabilities.image_ndims,
        weights=str(weights),
    )
