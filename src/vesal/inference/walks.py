"""In which order a volume's slices are visited from those that were prompted."""

from collections.abc import Sequence
from itertools import pairwise


def walks(seeds: Sequence[int], limits: range) -> tuple[tuple[int, range], ...]:
    """The slices visited from each prompted one, downwards and upwards, nearest first.

    To the end of the limits or half way to the next prompted slice: no slice is visited twice.

    Args:
        seeds: the prompted slices, ascending, all within the limits; from none nothing is visited.
        limits: the slices that may be visited.
    """
    if not seeds:
        return ()
    middles = [(a + b) // 2 for a, b in pairwise(seeds)]
    lowest = [limits.start, *(middle + 1 for middle in middles)]
    highest = [*middles, limits.stop - 1]
    ways = []
    for seed, low, high in zip(seeds, lowest, highest, strict=True):
        ways += [(seed, range(seed - 1, low - 1, -1)), (seed, range(seed + 1, high + 1))]
    return tuple(ways)
