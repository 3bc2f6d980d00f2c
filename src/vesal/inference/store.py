"""Embeddings on disk, so that what was encoded once is not encoded again in another session.

A safetensors file for each embedding, named by the SHA-256 of all that it depends on. What is
damaged is noticed, deleted and made anew; a disk that refuses costs the cache and never an answer.
Files appear by a rename and may vanish at any time, so that processes share a folder without locks.
"""

import hashlib
import logging
import os
import re
import time
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch

from vesal.errors import ResourceError
from vesal.images.write import replacing
from vesal.inference.stored_embedding import packed, unpacked
from vesal.models.promptable import Embedding

logger = logging.getLogger(__name__)

LIMIT_BYTES = 4 * 2**30
"""Some 1,000 slices of SAM at 1024 pixels."""
_FORMAT = "vesal embedding 1"  # another number whenever a model is shown an image in another way
_SUFFIX = ".safetensors"
_OURS = re.compile(rf"[0-9a-f]{{64}}{re.escape(_SUFFIX)}")
_LEFT = re.compile(rf"\.vesal-[0-9a-f]+{re.escape(_SUFFIX)}")  # by a process that was killed
_LEFT_S = 3600.0  # nobody writes that long


class Store:
    """A folder of embeddings, shared by any number of sessions and processes.

    Args:
        folder: made if it is not there, for its owner alone: it shows what is in the images.
            Files of others in it are left alone.
        limit_bytes: what all embeddings may take; those used longest ago go first.
    """

    def __init__(self, folder: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._writes = True

    def read(self, key: str) -> Embedding | None:
        """The embedding of a key; None if there is none that is whole."""
        path = self._path(key)
        try:
            size_bytes = path.stat().st_size
            data = path.read_bytes() if size_bytes <= self._limit_bytes else b""
        except OSError:
            return None
        embedding = unpacked(data, key)
        with suppress(OSError):  # it is gone, or may only be read
            if embedding is not None:
                os.utime(path)  # used now
                return embedding
            logger.warning("%s is damaged; it is deleted, and made anew", path)
            path.unlink()
        return embedding

    def write(self, key: str, embedding: Embedding) -> None:
        """Keep an embedding, if the disk allows it and it is not larger than all may be."""
        if not self._writes:
            return
        data = packed(embedding, key)
        if len(data) > self._limit_bytes:
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with replacing(self._path(key), _SUFFIX, lasting=False) as temporary:
                temporary.write_bytes(data)
            self._prune()
        except (OSError, ResourceError) as error:
            self._writes = False
            logger.warning("nothing more is kept in the cache %s: %s", self._folder, error)

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}{_SUFFIX}"

    def _prune(self) -> None:
        """Delete the files used longest ago until the others fit, and what was left half done."""
        files = []
        with os.scandir(self._folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):  # another process was faster
                    facts = entry.stat(follow_symlinks=False)
                    if _OURS.fullmatch(entry.name):
                        files.append((facts.st_mtime_ns, entry.path, facts.st_size))
                    elif _LEFT.fullmatch(entry.name) and facts.st_mtime < time.time() - _LEFT_S:
                        os.unlink(entry.path)
        total = sum(size for _, _, size in files)
        for _, path, size in sorted(files):
            if total <= self._limit_bytes:
                break
            with suppress(FileNotFoundError):
                os.unlink(path)
            total -= size


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The embeddings of one image by one model in a store.

    Attributes:
        store: the folder.
        image: `vesal.images.fingerprint` of the image.
        weights: `vesal.checkpoints.identity` of the model.
    """

    store: Store
    image: str
    weights: str

    def read(self, place: Hashable) -> Embedding | None:
        """The embedding of a place in the image, if it is there and whole."""
        return self.store.read(self._key(place))

    def write(self, place: Hashable, embedding: Embedding) -> None:
        """Keep the embedding of a place in the image."""
        self.store.write(self._key(place), embedding)

    def _key(self, place: Hashable) -> str:
        # Another version of torch may round in another way, and a replay wants the same bits.
        text = "\n".join([_FORMAT, torch.__version__, self.image, self.weights, repr(place)])
        return hashlib.sha256(text.encode()).hexdigest()
