"""What `vesal run` costs beside the model, on one worker and on two; needs two cores and Linux.

    OMP_NUM_THREADS=1 python benchmarks/cohort.py [--cases 24] [--small 300]

Volumes are the CT that vesal ships, in other shades: as it is (122 x 101 x 112), and in the size of
a clinical one (512 x 512 x 150). The yardstick is measured in the same call: a plain loop in one
process with one thread that reads each image and asks the model the same, and writes nothing.
Prints Markdown tables, and keeps (--json) the costs for benchmarks/cohort_simulation.py. Wall
times are worth something only on an idle machine.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
from cohort_driver import synced_s
from cohort_simulation import costs_of, simulate
from cohort_watch import Watched, watched
from scipy.ndimage import zoom

SCANS = Path(__file__).parents[1] / "src" / "vesal" / "assets" / "scans"
CLINICAL = (512, 512, 150)
SMALL = 48
BANDWIDTH = 1e9
"""Assumed of a storage that all workers share; bytes a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """A prompt file, and what is in it."""

    name: str
    path: Path
    count: int
    image_bytes: float


def cohort(folder: Path, name: str, count: int) -> Cohort:
    """So many shades of the CT; a click on the liver and, in every second one, on the spleen.

    Args:
        folder: that is made.
        name: "scan" as it is, "clinical" in the size of one, "small" a cube of it.
        count: of images.
    """
    folder.mkdir()
    scan = nib.load(SCANS / "example_ct.nii.gz")
    labels = np.asarray(nib.load(SCANS / "example_seg_fast_force_split.nii.gz").dataobj)
    values = np.asarray(scan.dataobj).astype(np.int16)
    points = {organ: inside(labels == number) for organ, number in (("liver", 5), ("spleen", 1))}
    affine = scan.affine.copy()
    if name == "small":
        start = np.clip(points["liver"] - SMALL // 2, 0, np.array(values.shape) - SMALL)
        values = values[tuple(slice(a, a + SMALL) for a in start)]
        points = {"liver": points["liver"] - start}
    elif name == "clinical":
        factors = np.array(CLINICAL) / values.shape
        values = zoom(values, factors, order=1)
        points = {organ: np.round(point * factors).astype(int) for organ, point in points.items()}
        affine[:3, :3] /= factors
    rows = ["image,object,kind,coordinates,frame"]
    noise = np.random.default_rng(0).normal(0, 8, values.shape).astype(np.int16)
    for number in range(count):
        file = f"{name}{number:04}.nii.gz"
        nib.save(nib.Nifti1Image(values + noise + np.int16(number), affine), folder / file)
        for organ in list(points)[: 1 + number % 2]:
            where = ",".join(str(int(n)) for n in points[organ])
            rows.append(f'{file},{organ},point,"{where}",voxel')
    (folder / "cases.csv").write_text("\n".join(rows) + "\n")
    sizes = [path.stat().st_size for path in folder.glob("*.nii.gz")]
    return Cohort(name=name, path=folder / "cases.csv", count=count, image_bytes=np.mean(sizes))


def inside(mask: np.ndarray) -> np.ndarray:
    """The voxel of a mask that lies nearest to its middle."""
    found = np.argwhere(mask)
    return found[np.argmin(((found - found.mean(0)) ** 2).sum(1))]


@dataclass(frozen=True, slots=True)
class Loop:
    """Seconds of a case in the plain loop; of the processor and by the clock."""

    read_cpu_s: float
    model_cpu_s: float
    read_s: float
    model_s: float


def plain_loop(path: Path) -> list[float]:
    """Read each image and ask the model, in this process; the first case only warms up."""
    import torch

    from vesal.checkpoints.load import load_model
    from vesal.cohort.prompt_file import read_cases
    from vesal.images import open_image
    from vesal.session import Session

    torch.set_num_threads(1)
    model = load_model("vesal-mini")
    moments = []
    for case in read_cases(path):
        moments.append((time.process_time(), time.perf_counter()))
        image = open_image(case.image)
        moments.append((time.process_time(), time.perf_counter()))
        session = Session(image, model)
        for number, wanted in enumerate(case.wanted):
            if number:
                session.new(wanted.name)
            session.add(*(said.on(image.grid, voxel=case.voxel) for said in wanted.prompts))
        moments.append((time.process_time(), time.perf_counter()))
        del session, image
    steps = np.array(moments).reshape(-1, 3, 2)[1:]
    took = np.diff(steps, axis=1).mean(0)  # (read or model, processor or clock)
    return [float(s) for s in took.T.reshape(-1)]


def looped(one: Cohort) -> list[float]:
    """`plain_loop` in a process of its own."""
    said = subprocess.run(  # noqa: S603
        [sys.executable, __file__, "--loop", str(one.path)], check=True, capture_output=True
    )
    found: list[float] = json.loads(said.stdout)
    return found


def run(one: Cohort, workers: int) -> Watched:
    """The whole command, in a folder of its own."""
    out = one.path.parent / f"out{workers}"
    command = [sys.executable, "-m", "vesal", "run", str(one.path), "-o", str(out)]
    return watched([*command, "--workers", str(workers)], out / "journal.jsonl")


def compare(folder: Path, name: str, count: int) -> dict[str, float]:
    """A cohort by the loop, one worker and two; prints a row, gives the costs of a case."""
    one = cohort(folder / name, name, count)
    before, alone, after = looped(one), run(one, 1), looped(one)  # the machine's speed drifts
    loop = Loop(*np.mean([before, after], axis=0).tolist())
    two = run(one, 2)
    beside = alone.cpu_a_case_s - loop.read_cpu_s - loop.model_cpu_s
    beside_wall = alone.wall_a_case_s - loop.read_s - loop.model_s
    results = list((one.path.parent / "out1").glob("*.nii.gz"))
    costs = {
        "compute_s": alone.worker_a_case_s,
        "keep_s": max(1e-3, alone.driver_a_case_s) + synced_s(folder / "probe", 475),
        "start_s": alone.start_s,
        "image_bytes": one.image_bytes,
        "result_bytes": float(np.mean([path.stat().st_size for path in results])),
        "bandwidth": BANDWIDTH,
        "driver_s": alone.wall_s - alone.start_s - count * alone.wall_a_case_s,
    }
    cells = [
        name,
        str(count),
        f"{loop.read_cpu_s:.3f}",
        f"{loop.model_cpu_s:.3f}",
        f"{alone.cpu_a_case_s:.3f}",
        f"{beside / loop.model_cpu_s:+.1%}",
        f"{beside_wall / loop.model_s:+.1%}",
        f"{3600 / alone.wall_a_case_s:,.0f}",
        f"{3600 / two.wall_a_case_s:,.0f}",
        f"{alone.wall_a_case_s / two.wall_a_case_s:.2f}",
        f"{alone.wall_s:.0f}, {two.wall_s:.0f}",
    ]
    print(f"| {' | '.join(cells)} |", flush=True)
    return costs | {
        "cases": count,
        "wall_1": alone.wall_s,
        "wall_2": two.wall_s,
        "worker_mib": max(alone.peak_worker_mib, two.peak_worker_mib),
        "driver_mib": max(alone.peak_driver_mib, two.peak_driver_mib),
        "starting_s": two.start_s,
    }


SHARES = """
| volumes | 1 worker: run s | simulated s | error | 2 workers: run s | simulated s | error |
|---|---|---|---|---|---|---|"""


def validated(name: str, measured: dict[str, float]) -> str:
    """A row: the simulation against the runs that its costs come from (1) or not (2)."""
    cells = [name]
    for workers in (1, 2):
        took = measured[f"wall_{workers}"]
        made = simulate(costs_of(measured), int(measured["cases"]), workers).seconds
        cells += [f"{took:.1f}", f"{made:.1f}", f"{made / took - 1:+.1%}"]
    return f"| {' | '.join(cells)} |"


def growth(folder: Path, count: int) -> None:
    """Print how a worker and the driver grow over many small cases."""
    seen = run(cohort(folder / "small", "small", count), 1)
    print(
        "\n| small cases, one worker | worker MiB after a tenth | after all | KiB a case | "
        "driver after a tenth | after all | KiB a case |\n|---|---|---|---|---|---|---|"
    )
    cells = [str(count)]
    for memory in (seen.worker_mib, seen.driver_mib):
        done, held = np.array(seen.cases), np.array(memory)
        late = (done >= count // 10) & (done < count)
        slope = np.polyfit(done[late], held[late], 1)[0] * 1024
        cells += [f"{held[late][0]:.0f}", f"{held[late][-1]:.0f}", f"{slope:+.1f}"]
    print(f"| {' | '.join(cells)} |", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=24, help="scans; a third as many clinical")
    parser.add_argument("--small", type=int, default=300)
    parser.add_argument("--json", type=Path, default=Path("runs/cohort.json"))
    parser.add_argument("--loop", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.loop:
        print(json.dumps(plain_loop(options.loop)))
        return
    load = os.getloadavg()[0]
    print(f"Load of the machine before: {load:.1f} of {os.cpu_count()} cores.\n")
    print("| volumes | cases | loop: reading s | loop: model s | run: all processes s "
          "| beside the model, CPU | by the clock | cases an hour, 1 worker | 2 workers | ratio "
          "| whole runs s |\n|---|---|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as place:
        folder = Path(place)
        counts = {"scan": options.cases, "clinical": max(4, options.cases // 3)}
        measured = {name: compare(folder, name, count) for name, count in counts.items()}
        print(SHARES)
        for name, one in measured.items():
            print(validated(name, one))
        print("\n| volumes | most of a worker MiB | most of the driver MiB | first case after s, "
              "1 worker | 2 workers |\n|---|---|---|---|---|")  # fmt: skip
        for name, one in measured.items():
            print(f"| {name} | {one['worker_mib']:.0f} | {one['driver_mib']:.0f} "
                  f"| {one['start_s']:.1f} | {one['starting_s']:.1f} |")  # fmt: skip
        growth(folder, options.small)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({"costs": measured}, indent=1))


if __name__ == "__main__":
    main()
