"""Which structures a batch shows: small data sets and rare structures count as one decides."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from vesal.arrays import RowNumbers, Series
from vesal.errors import ConfigError


def chances(groups: Sequence[tuple[str, str]], balance: float) -> Series:
    """How likely each of some targets is to be drawn, 1 in all.

    A data set is drawn with its number of targets to the power of `balance`, then one of its
    structures likewise, then any of its targets.

    Args:
        groups: data set and structure of each target.
        balance: 1 draws each target as often as any other; 0 each data set, and in it each
            structure, as often as any other.

    Raises:
        ConfigError: a balance that is not from 0 to 1.
    """
    if not 0 <= balance <= 1:
        msg = f"balance must be from 0 (all sets alike) to 1 (by their size), got {balance}"
        raise ConfigError(msg)
    in_set = Counter(dataset for dataset, _ in groups)
    in_both = Counter(groups)
    of_structures = dict.fromkeys(in_set, 0.0)
    for (dataset, _), count in in_both.items():
        of_structures[dataset] += count**balance
    of_sets = sum(count**balance for count in in_set.values())
    return np.array(
        [
            in_set[dataset] ** balance
            / of_sets
            * (in_both[dataset, structure] ** balance / of_structures[dataset])
            / in_both[dataset, structure]
            for dataset, structure in groups
        ],
        np.float64,
    )


class Draws:
    """Which targets each batch shows, by its number alone.

    A pass draws as many as there are, each as often as its chance says, rounded up or down; so
    with equal chances each is drawn once, in an order that is new in each pass.

    Args:
        likely: of each target, 1 in all.
        batch: targets of a batch.
        seed: of the run.

    Raises:
        ConfigError: no target, or an empty batch.
    """

    def __init__(self, likely: Series, batch: int, seed: int) -> None:
        if batch < 1 or not len(likely):
            msg = f"a batch needs at least one of at least one target, got {batch} of {len(likely)}"
            raise ConfigError(msg)
        self._likely, self._batch, self._seed = likely, batch, seed
        self.batches = -(-len(likely) // batch)
        """Of one pass."""
        self._last: tuple[int, RowNumbers] | None = None

    def at(self, number: int) -> RowNumbers:
        """The targets of that batch, 0 or above."""
        turn, place = divmod(number, self.batches)
        if self._last is None or self._last[0] != turn:
            self._last = (turn, self._pass(turn))
        return self._last[1][place * self._batch : (place + 1) * self._batch]

    def _pass(self, turn: int) -> RowNumbers:
        rng = np.random.default_rng([self._seed, turn, 17])
        count = self.batches * self._batch
        order = rng.permutation(len(self._likely))
        # One drawn number and even steps from it: no target is far from its share.
        steps = (np.arange(count) + rng.random()) / count
        places = np.searchsorted(np.cumsum(self._likely[order]), steps, side="right")
        drawn: RowNumbers = order[np.minimum(places, len(order) - 1)]
        rng.shuffle(drawn)
        return drawn
