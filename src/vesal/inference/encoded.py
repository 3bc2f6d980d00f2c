"""Parts of an image that a model has encoded, kept while they fit into so much memory."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

import torch

from vesal.inference.store import Shelf
from vesal.models.promptable import Embedding, Promptable
from vesal.models.shapes import Images

logger = logging.getLogger(__name__)


class Encoded:
    """Embeddings by the place they show; those asked for longest ago go first.

    Args:
        model: encodes.
        limit_bytes: memory that the embeddings may take; one is kept whatever its size.
        shelf: where they are kept on disk too.

    Attributes:
        held_bytes: memory that the embeddings take now.
    """

    def __init__(self, model: Promptable, limit_bytes: int, shelf: Shelf | None = None) -> None:
        self._model = model
        self._shelf = shelf
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[Hashable, Embedding] = OrderedDict()
        self.held_bytes = 0

    def of(self, place: Hashable, image: Callable[[], Images]) -> Embedding:
        """The embedding of a place; ``image``, what is seen there, is called only if it is new."""
        if place in self._kept:
            self._kept.move_to_end(place)
            return self._kept[place]
        embedding = self._shelf.read(place) if self._shelf is not None else None
        if embedding is None:
            embedding = self._encode(image())
            if self._shelf is not None:
                self._shelf.write(place, embedding)
        self._kept[place] = embedding
        self.held_bytes += size_bytes(embedding)
        while self.held_bytes > self._limit_bytes and len(self._kept) > 1:
            self.held_bytes -= size_bytes(self._kept.popitem(last=False)[1])
        return embedding

    def _encode(self, seen: Images) -> Embedding:
        started = time.monotonic()
        with torch.inference_mode():
            embedding = self._model.encode(seen)
        shape = "x".join(str(n) for n in seen.shape[2:])
        logger.info("embedded %s in %.2f s", shape, time.monotonic() - started)
        return embedding


def size_bytes(embedding: Embedding) -> int:
    """Memory that the tensors of an embedding take."""
    tensors = [*embedding.levels, embedding.image, embedding.guide]
    return sum(t.numel() * t.element_size() for t in tensors if t is not None)
