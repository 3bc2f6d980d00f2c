"""What a pre-trained encoder is worth: begun with it (and frozen, or slow to learn) or at random.

Trains on one scan and tests on another, on one thread, for so many CPU seconds each (what came of
it: docs/automatic.md):

    python benchmarks/transfer.py TRAIN_SCAN TRAIN_LABELS TEST_SCAN TEST_LABELS --seconds 240
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from vesal.checkpoints.automatic import new_automatic
from vesal.geometry.resample import resample
from vesal.images import open_image
from vesal.images.normalisation import Normalisation
from vesal.inference.automatic import segment_automatically
from vesal.inference.automatic_lattice import lattice_over, shown
from vesal.inference.upright import upright
from vesal.labels import LabelMap, open_labels
from vesal.models.automatic import Automatic
from vesal.models.automatic_config import AutomaticConfig
from vesal.models.zoo import ZOO
from vesal.training.lessons.classes import ClassLesson

CLASSES = ("liver", "spleen", "stomach", "aorta")
SPACING_MM = (3.0, 3.0, 3.0)
WINDOW = (64, 64, 16)
CT = Normalisation(kind="ct", low=-200.0, high=300.0, mean=40.0, deviation=100.0)
RATE, WARM = 3e-3, 20
FOREGROUND = 0.5  # share of the windows that are centred on a voxel of a class

Arrays = tuple[np.ndarray, np.ndarray]


def numbered(labels: LabelMap) -> np.ndarray:
    """The numbers of `CLASSES` in place of the file's own."""
    numbers = {segment.name: segment.number for segment in labels.segments}
    table = np.zeros(max(numbers.values()) + 1, np.uint8)
    for number, name in enumerate(CLASSES, 1):
        table[numbers[name]] = number
    return table[labels.array]


def prepared(scan: Path, labels: Path) -> Arrays:
    """Intensities and class numbers on the lattice, at least a window large."""
    image, truth = open_image(scan), open_labels(labels)
    values, grid = upright(image.array, image.grid)
    lattice = lattice_over(grid, SPACING_MM)
    organs, organs_grid = upright(numbered(truth), truth.grid)
    shares = [
        resample(organs == n, organs_grid, lattice, antialias=True)
        for n in range(1, len(CLASSES) + 1)
    ]
    numbers = np.where(np.max(shares, 0) > 0.5, np.argmax(shares, 0) + 1, 0).astype(np.uint8)
    seen = shown(values, grid, lattice, CT)
    missing = [(0, max(0, w - n)) for w, n in zip(WINDOW, numbers.shape, strict=True)]
    padded = np.pad(seen.values, missing, constant_values=seen.beyond)
    return padded, np.pad(numbers, missing)


def window(data: Arrays, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """A random window, half of the time around a voxel of a random class; brightness varies."""
    seen, numbers = data
    most = np.array(seen.shape) - WINDOW
    start = rng.integers(0, most + 1)
    if rng.random() < FOREGROUND:
        places = np.argwhere(numbers == rng.integers(1, len(CLASSES) + 1))
        jitter = rng.integers(-8, 9, 3)
        start = np.clip(rng.choice(places) - np.array(WINDOW) // 2 + jitter, 0, most)
    part = tuple(slice(s, s + w) for s, w in zip(start, WINDOW, strict=True))
    image = seen[part] * rng.uniform(0.85, 1.15) + rng.uniform(-0.15, 0.15)
    image = image + rng.normal(0, 0.1, WINDOW)
    batch = torch.from_numpy(np.ascontiguousarray(image, np.float32))[None, None]
    return batch, torch.from_numpy(numbers[part].copy())[None, None]


def trained(start: str | None, encoder_rate: float, data: Arrays, seconds: float) -> Automatic:
    """A model after so many CPU seconds; the rate falls with the time that is used up."""
    config = AutomaticConfig(
        encoder=ZOO["vesal-mini"],
        classes=CLASSES,
        window=WINDOW,
        spacing_mm=SPACING_MM,
        normalisation=CT,
    )
    model = new_automatic(config, start=start)
    lesson = ClassLesson(model, encoder_rate=encoder_rate)
    groups = [{"params": g.parameters, "lr": RATE, "share": g.rate} for g in lesson.groups()]
    optimiser = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.95), weight_decay=1e-2)
    rng, step, dices = np.random.default_rng(0), 0, []
    started = time.process_time()
    while (used := (time.process_time() - started) / seconds) < 1:
        for group in optimiser.param_groups:
            group["lr"] = RATE * group["share"] * min(1, (step + 1) / WARM) * max(0.02, 1 - used)
        taught = lesson(*window(data, rng), 0, (), (0,))
        optimiser.zero_grad()
        taught.loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        step += 1
        dices.append(taught.dices[0])
        if step % 50 == 0:
            print(f"  step {step}: Dice {np.mean(dices[-50:]):.3f}", flush=True)
    print(f"  {step} steps, Dice of the last 50 windows {np.mean(dices[-50:]):.3f}")
    return model.eval()


def dices(model: Automatic, scan: Path, labels: Path) -> list[float]:
    """Dice of each class on the scan's own grid."""
    found = segment_automatically(open_image(scan), model).array
    truth = numbered(open_labels(labels))
    if found.shape != truth.shape or open_image(scan).grid.orientation != "RAS":
        truth_grid, grid = open_labels(labels).grid, open_image(scan).grid
        found, _ = upright(found, grid)
        truth, _ = upright(truth, truth_grid)
    return [
        2 * float(((found == n) & (truth == n)).sum() / ((found == n).sum() + (truth == n).sum()))
        for n in range(1, len(CLASSES) + 1)
    ]


def main() -> None:
    """Train the models and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs=4, type=Path)
    parser.add_argument("--seconds", type=float, default=240.0)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    torch.set_num_threads(1)
    data = prepared(*given.files[:2])
    print("| encoder | " + " | ".join(CLASSES) + " | mean | on |")
    ways = {"random": (None, 1.0), "vesal-mini": ("vesal-mini", 1.0)}
    ways |= {"vesal-mini, a tenth": ("vesal-mini", 0.1), "vesal-mini, frozen": ("vesal-mini", 0.0)}
    for name, (start, rate) in ways.items():
        if given.only not in ("", name):
            continue
        model = trained(start, rate, data, given.seconds)
        for where, files in (("train", given.files[:2]), ("test", given.files[2:])):
            found = dices(model, *files)
            numbers = " | ".join(f"{dice:.3f}" for dice in (*found, np.mean(found)))
            print(f"| {name} | {numbers} | {where} |", flush=True)


if __name__ == "__main__":
    main()
