"""A click of vesal-mini on large scans: time and memory against the number of slices.

    python benchmarks/large.py [--slices 128 256 512 600] [--further 3]

A synthetic int16 CT of 512 x 512 and so many slices (a body, organs, noise) for each size in a
process of its own, so that the peak of one does not count for another. Times are also given as a
ratio to the smallest scan of the same run; the peak is that of the whole process, the scan itself
and the libraries in it.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np

SIDE = 512
SPACING_MM = (0.8, 0.8, 1.0)
ORGANS = ((150, 256, 90, 60), (340, 200, 70, 40), (300, 330, 110, 25), (200, 350, 30, 90))
"""Row, column, half length in slices and radius in voxels of what is in the body."""


def scan(slices: int) -> np.ndarray:
    """The synthetic CT, slices last."""
    rng = np.random.default_rng(1)
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    array = np.empty((SIDE, SIDE, slices), np.int16, order="F")
    noise = rng.normal(0, 15, (SIDE, SIDE)).astype(np.int16)
    for k in range(slices):
        plane = np.full((SIDE, SIDE), -1000, np.int16)
        plane[(rows - 256) ** 2 / 180**2 + (columns - 256) ** 2 / 230**2 < 1] = 40
        for number, (row, column, half, radius) in enumerate(ORGANS):
            reach = 1 - ((k - slices / 2) / half) ** 2
            if reach > 0:
                inside = (rows - row) ** 2 + (columns - column) ** 2 < radius**2 * reach
                plane[inside] = 120 + 60 * number
        array[:, :, k] = plane + np.roll(noise, k, axis=0)
    return array


def measure(slices: int, further: int) -> dict[str, float]:
    """Seconds of the first and of further clicks, and the process's peak."""
    import torch

    import vesal
    from vesal.geometry import Grid
    from vesal.images import Image

    torch.set_num_threads(2)
    grid = Grid(shape=(SIDE, SIDE, slices), affine=np.diag([*SPACING_MM, 1.0]))
    image = Image(array=scan(slices), grid=grid)
    session = vesal.Session(image, vesal.load_model("vesal-mini"))
    row, column, _, _ = ORGANS[0]

    def click(dr: int, dk: int) -> float:
        index = np.array([[row + dr, column, slices / 2 + dk]], np.float64)
        started = time.perf_counter()
        session.click(tuple(grid.to_world(index)[0].tolist()))
        return time.perf_counter() - started

    first = click(0, 0)
    more = [click(9 * n, 7 * n) for n in range(1, further + 1)]
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "first_s": first,
        "further_s": float(np.median(more)),
        "peak_gb": peak_kib * 1024 / 1e9,
        "scan_gb": image.array.nbytes / 1e9,
        "voxels": int(session.patch_of(1).count),
    }


def main() -> None:
    """Print a table; each size runs in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slices", type=int, nargs="+", default=[128, 256, 512, 600])
    parser.add_argument("--further", type=int, default=3)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one, options.further)))
        return
    print("| slices | scan GB | first click s | ratio | further s | ratio | peak GB | voxels |")
    print("|---|---|---|---|---|---|---|---|")
    base: dict[str, float] | None = None
    for slices in options.slices:
        command = [sys.executable, __file__, "--one", str(slices)]
        command += ["--further", str(options.further)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
        found = json.loads(done.stdout)
        base = base or found
        print(
            f"| {slices} | {found['scan_gb']:.2f} | {found['first_s']:.2f} | "
            f"{found['first_s'] / base['first_s']:.2f} | {found['further_s']:.2f} | "
            f"{found['further_s'] / base['further_s']:.2f} | {found['peak_gb']:.2f} | "
            f"{found['voxels']:,} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
