"""How long the simulated user thinks: `error_click` on the worst pairs of 192^3, on one thread.

    python benchmarks/clicks.py [--side 192] [--rounds 5]

The reference is SciPy's distance transform of what is missed and of what is too much, measured in
the same run, so that the ratio means the same on a slow or busy machine. Times are of the
processor, the least of all rounds.
"""

import argparse
import time
from collections.abc import Callable, Iterator

import numpy as np
from scipy import ndimage

from vesal.prompts.simulate import error_click, ritm_region

SPACING_MM = (0.8, 0.8, 2.0)
BAR_MS = 300

Pair = tuple[np.ndarray, np.ndarray]


def ball(side: int, centre: float, radius: float) -> np.ndarray:
    """A ball in a cube, as shares of its side."""
    squares = [(axis / side - centre) ** 2 for axis in np.ogrid[:side, :side, :side]]
    return np.asarray(sum(squares) <= radius**2)


def pairs(side: int) -> Iterator[tuple[str, Pair]]:
    """Name, target and prediction."""
    rng = np.random.default_rng(0)
    shape = (side,) * 3
    noise = rng.random(shape)
    nothing = np.zeros(shape, np.bool_)
    wave = ndimage.gaussian_filter(rng.standard_normal(shape), side / 64)
    yield "speckled errors", (noise < 0.5, rng.random(shape) < 0.5)
    yield "speckle nearly full", (noise < 0.95, nothing)
    yield "noise on a ball", (ball(side, 0.5, 0.4), noise < 0.3)
    yield "a ball missed", (ball(side, 0.5, 0.42), nothing)
    yield "a ball shifted", (ball(side, 0.47, 0.42), ball(side, 0.53, 0.42))
    yield "lumps and lumps", (wave > 0, wave < 0)
    yield "everything missed", (~nothing, nothing)


def reference(target: np.ndarray, predicted: np.ndarray) -> None:
    """What the click is made of, without any saving."""
    for region in (target & ~predicted, predicted & ~target):
        ndimage.distance_transform_edt(np.pad(region, 1), sampling=SPACING_MM)


def least_ms(call: Callable[[], object], rounds: int) -> float:
    """Milliseconds of processor time."""
    taken = []
    for _ in range(rounds):
        started = time.process_time()
        call()
        taken.append(time.process_time() - started)
    return 1000 * min(taken)


def main() -> None:
    """Print a row for each pair."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=192)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print("| pair | SciPy, both regions | error click | ratio | region of RITM |")
    print("|---|---|---|---|---|")
    worst = 0.0
    for name, (target, predicted) in pairs(options.side):
        theirs = least_ms(lambda t=target, p=predicted: reference(t, p), 1)
        ours = least_ms(lambda t=target, p=predicted: error_click(t, p, SPACING_MM), options.rounds)
        ritm = least_ms(lambda t=target, p=predicted: ritm_region(t, p), options.rounds)
        worst = max(worst, ours)
        print(
            f"| {name} | {theirs:.0f} ms | {ours:.0f} ms | {theirs / ours:.1f} | {ritm:.0f} ms |",
            flush=True,
        )
    print(f"worst click {worst:.0f} ms; at 192^3 on a quiet machine it must stay under {BAR_MS} ms")


if __name__ == "__main__":
    main()
