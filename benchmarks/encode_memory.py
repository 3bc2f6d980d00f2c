"""Memory that one encode takes, in a process of its own: `speed.py` runs this once a side.

    python benchmarks/encode_memory.py sam-med3d reference

Prints JSON in MiB: what was resident before (interpreter, torch, weights), the peak while encoding,
and the difference. The kernel's high-water mark is reset before the encode, so that what loading
took does not hide it. Linux only.
"""

import json
import sys
from pathlib import Path

import torch
from sides import Side, sides

_MIB = 1024  # KiB, the unit of /proc/self/status


def main() -> None:
    """Encode once with the named model of the named side."""
    name, which = sys.argv[1:]
    torch.set_num_threads(2)
    side: Side = sides(name, only=which)[which]
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # resets VmHWM
    before = _status_mib("VmRSS")
    with torch.inference_mode():
        side.encode()
    peak = _status_mib("VmHWM")
    print(json.dumps({"before": before, "peak": peak, "increase": peak - before}))


def _status_mib(field: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / _MIB


if __name__ == "__main__":
    main()
