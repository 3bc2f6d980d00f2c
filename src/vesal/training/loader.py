"""Batches made ahead."""

from collections.abc import Generator, Iterable

from vesal.training.batch import Batch, Source


def loader(source: Source, numbers: Iterable[int], workers: int) -> Generator[Batch, None, None]:
    """The batches of those numbers, in order."""
    del workers
    for number in numbers:
        yield source.batch(number)
