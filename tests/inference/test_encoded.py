"""Embeddings are kept while they fit into memory."""

from pathlib import Path

import torch

from tests.fakes import BrightModel, bright_segmenter
from vesal.inference.encoded import Encoded, size_bytes
from vesal.inference.store import Shelf, Store
from vesal.models.promptable import Embedding

IMAGE = torch.zeros(1, 3, 8, 8)
SIZE_BYTES = IMAGE.numel() * 4


def test_a_place_is_encoded_once() -> None:
    """And what is seen there is not even read again."""
    model = bright_segmenter("sam")
    encoded = Encoded(model, 10 * SIZE_BYTES)
    first = encoded.of(3, lambda: IMAGE)
    assert encoded.of(3, lambda: IMAGE / 0) is first
    assert len(model.images) == 1


def test_what_was_asked_for_longest_ago_is_forgotten_first() -> None:
    """Two fit; the one used in between stays."""
    model = bright_segmenter("sam")
    encoded = Encoded(model, 2 * SIZE_BYTES)
    for place in ("a", "b", "a", "c", "a", "b"):
        encoded.of(place, lambda: IMAGE)
    assert len(model.images) == 4


def test_one_embedding_is_kept_whatever_its_size() -> None:
    """Else every click would encode again."""
    model = BrightModel()
    encoded = Encoded(model, 1)
    for place in (1, 1, 2, 2):
        encoded.of(place, lambda: IMAGE)
    assert model.encoded == 2


def test_all_tensors_of_an_embedding_are_counted() -> None:
    """Levels, the image and the guide."""
    assert size_bytes(Embedding(levels=(IMAGE, IMAGE), guide=IMAGE[:, :1])) == SIZE_BYTES * 7 // 3
    assert size_bytes(Embedding(levels=(IMAGE.half(),), image=IMAGE)) == SIZE_BYTES * 3 // 2


def test_a_shelf_is_asked_before_the_model_and_told_after_it(tmp_path: Path) -> None:
    """What is on disk is neither read from the image nor encoded; it counts in memory as well."""
    model = bright_segmenter("sam")
    shelf = Shelf(store=Store(tmp_path), image="image", weights="weights")
    for count in (1, 1):
        encoded = Encoded(model, 10 * SIZE_BYTES, shelf)
        first = encoded.of(3, lambda: IMAGE + 1 if not model.images else IMAGE / 0)
        assert torch.equal(first.levels[0], IMAGE + 1)
        assert encoded.of(3, lambda: IMAGE / 0) is first
        assert len(model.images) == count


def test_memory_has_its_bound_where_the_disk_has_everything(tmp_path: Path) -> None:
    """What was forgotten is read again."""
    model = bright_segmenter("sam")
    shelf = Shelf(store=Store(tmp_path), image="image", weights="weights")
    encoded = Encoded(model, SIZE_BYTES, shelf)
    kept = [encoded.of(place, lambda: IMAGE) for place in (1, 2, 1)]
    assert len(model.images) == 2
    assert kept[2] is not kept[0]
