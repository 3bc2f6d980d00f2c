"""vesal against the reference packages, on this machine's CPU: seconds, ratios, memory, agreement.

    python benchmarks/speed.py [sam-med3d sam-med2d sam-vit-b] [--rounds 5] [--json runs/speed.json]

Both sides hold the same weights and see the same image in the same process, in turn; medians are
over rounds in which other processes were quiet, and the table says where there were too few.
`benchmarks/references.py` says how to get the packages.
"""

import argparse
import json
import platform
import subprocess
import sys
from datetime import date
from pathlib import Path

import torch
from references import NAMES
from sides import Side, sides
from timing import Sample, timed, typical_s

THREADS = 2
CLICKS_A_ROUND = 5
HEAD = "| model | what | reference | vesal | ratio | quiet rounds | largest difference |"


def compare(name: str, rounds: int) -> dict[str, dict[str, float]]:
    """Encode and click of one model on both sides."""
    both = sides(name)
    results = {}
    calls = {"encode": lambda side: side.encode, "click": lambda side: side.click}
    repeats = {"encode": 1, "click": CLICKS_A_ROUND}
    apart = {what: _difference(both, what) for what in calls}
    samples: dict[tuple[str, str], list[Sample]] = {}
    for _ in range(rounds):
        for what, call in calls.items():
            for label, side in both.items():
                sample = timed(call(side), repeats[what])
                samples.setdefault((what, label), []).append(sample)
    for what in calls:
        theirs, quiet_theirs = typical_s(samples[what, "reference"])
        ours, quiet_ours = typical_s(samples[what, "vesal"])
        results[what] = {
            "reference_s": theirs,
            "vesal_s": ours,
            "ratio": theirs / ours,
            "quiet_rounds": min(quiet_theirs, quiet_ours),
            "largest_difference": apart[what],
        }
    return results


def memory(name: str) -> dict[str, dict[str, float]]:
    """MiB of an encode on each side, each in a fresh process."""
    script = Path(__file__).with_name("encode_memory.py")
    results = {}
    for side in ("reference", "vesal"):
        command = [sys.executable, str(script), name, side]
        done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
        results[side] = json.loads(done.stdout)
    return results


def _difference(both: dict[str, Side], what: str) -> float:
    theirs, ours = (getattr(side, what)() for side in both.values())
    return float((theirs - ours).abs().max())


def _print(name: str, times: dict[str, dict[str, float]], mib: dict[str, dict[str, float]]) -> None:
    for what, row in times.items():
        print(
            f"| {name} | {what} | {row['reference_s']:.3f} s | {row['vesal_s']:.3f} s | "
            f"{row['ratio']:.1f} | {row['quiet_rounds']:.0f} | {row['largest_difference']:.1e} |"
        )
    for what in ("increase", "peak"):
        theirs, ours = mib["reference"][what], mib["vesal"][what]
        print(
            f"| {name} | memory, {what} | {theirs:.0f} MiB | {ours:.0f} MiB | "
            f"{theirs / ours:.1f} | | |"
        )
    share = times["click"]["vesal_s"] / times["encode"]["reference_s"]
    print(f"| {name} | click / reference's encode | | {share:.2%} | | | |", flush=True)


def main() -> None:
    """Print the table, and write it as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=NAMES, metavar="model", help=", ".join(NAMES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(THREADS)
    report: dict[str, object] = {
        "date": date.today().isoformat(),
        "machine": platform.processor() or platform.machine(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "torch": torch.__version__,
        "threads": THREADS,
    }
    print(HEAD + "\n" + "|---" * HEAD.count(" | ") + "|---|")
    for name in options.names:
        mib = memory(name)
        with torch.inference_mode():
            times = compare(name, options.rounds)
        _print(name, times, mib)
        report[name] = {"times": times, "memory_mib": mib}
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
