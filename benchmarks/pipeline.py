"""Whether training waits for its data: each source with one worker, and a small model's steps.

Run ``OMP_NUM_THREADS=1 python benchmarks/pipeline.py [--batches N]`` on an idle machine of two
cores or more: one trains, one makes batches. The data are the scans that vesal ships, copied under
other names so that there are some dozen cases. Prints, for each source, the share of the time that
the trainer waited after its first batch, batches a second of the worker alone, and by how much both
processes grew between the tenth and the last batch.
"""

import argparse
import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import torch

from vesal.datasets import LabelFile, Pair, Structure
from vesal.models.promptable import PromptTensors
from vesal.models.promptable_unet import PromptableUNet
from vesal.training.batch import Batch, Source
from vesal.training.case import Case
from vesal.training.lessons.mini_loss import dice_focal
from vesal.training.loader import loader
from vesal.training.recipes.mini import RECIPE
from vesal.training.sources.classes import Classes
from vesal.training.sources.cubes import Cubes
from vesal.training.sources.pictures import Pictures
from vesal.training.store import Preparation, prepare

SCANS = Path(__file__).parent.parent / "src" / "vesal" / "assets" / "scans"
COPIES = 6
CLICKS = 2  # the recipe has one to four an object; a step is longer with more


def pairs() -> Iterator[Pair]:
    """The CT with its organs and the MR with its liver, several times."""
    organs = (("spleen", 1), ("kidney", 2), ("liver", 5), ("aorta", 52), ("lung", 10))
    files = (
        ("CT", "example_ct.nii.gz", "example_seg_fast_force_split.nii.gz", organs),
        ("MR", "example_mr_sm.nii.gz", "example_seg_mr.nii.gz", (("liver", 5),)),
    )
    for modality, image, label, meant in files:
        structures = tuple(Structure(name=name, values=(value,)) for name, value in meant)
        file = LabelFile(path=SCANS / label, structures=structures)
        pair = Pair(name="", image=SCANS / image, labels=(file,), modality=modality)
        for copy in range(COPIES):
            yield replace(pair, name=f"{modality}{copy}", dataset=modality, patient=str(copy))


def sources(folder: Path) -> Iterator[tuple[str, Source]]:
    """Each source at the sizes that vesal-mini's steps have, and at the published ones."""

    def cases(preparation: Preparation) -> tuple[Case, ...]:
        return prepare(list(pairs()), folder, preparation).cases

    cubes = Cubes(side=48, batch=2, least_voxels=100)
    for strength in ("flip", "strong"):
        given = replace(cubes, augmentation=strength)
        yield f"cubes 2 x 48^3, {strength}", given.source(cases(given.preparation()))
    published = replace(cubes, side=128, batch=1)
    yield "cubes 1 x 128^3, flip", published.source(cases(published.preparation()))
    for strength in ("off", "strong"):
        pictures = Pictures(family="sam-med2d", batch=4, augmentation=strength)
        name = f"slices 4 x 256^2, {strength}"
        yield name, pictures.source(cases(pictures.preparation()))
    classes = Classes(names=("liver", "spleen"), window=(48,) * 3, augmentation="strong")
    prepared = cases(classes.preparation())
    yield "classes 2 x 48^3, strong", classes.source(prepared, classes.normalisation(prepared))


class Trainer:
    """vesal-mini's network, learning from whatever comes: two clicks on one target a window."""

    def __init__(self) -> None:
        self._model = PromptableUNet(RECIPE.model)
        self._optimiser = torch.optim.AdamW(self._model.parameters(), lr=1e-4)

    def step(self, batch: Batch) -> None:
        """One optimiser step."""
        image = torch.from_numpy(batch.images)
        image = image[:, [0, -1]]  # two channels, of one or three
        target = torch.from_numpy(batch.targets[:, :1] > 0).float()
        if image.ndim == 4:  # a picture is one slice to this network
            image, target = image[..., None], target[..., None]
        embedding = self._model.encode(image)
        middle = [n / 2 for n in image.shape[2:]]
        points = torch.tensor(middle).expand(len(image), 1, -1)
        prompts = PromptTensors(points=points, labels=torch.ones(len(image), 1, dtype=torch.int64))
        losses = [
            dice_focal(self._model.decode(embedding, prompts).logits, target) for _ in range(CLICKS)
        ]
        self._optimiser.zero_grad(set_to_none=True)
        torch.stack(losses).mean().backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()


def measured(source: Source, count: int) -> str:
    """A row of the table."""
    trainer = Trainer()
    waited = learnt = 0.0
    sizes = {}
    with closing(loader(source, range(count), 1)) as made:
        for number in range(count):
            started = time.perf_counter()
            batch = next(made)
            got = time.perf_counter()
            trainer.step(batch)
            if number:  # the first one waits for the process to start
                waited += got - started
                learnt += time.perf_counter() - got
            if number in (10, count - 1):
                (child,) = multiprocessing.active_children()
                sizes[number] = [resident(pid) for pid in (os.getpid(), child.pid or 0)]
    grown = [last - first for first, last in zip(sizes[10], sizes[count - 1], strict=True)]
    with closing(loader(source, range(count), 1)) as made:
        next(made)
        started = time.perf_counter()
        for _ in made:
            pass
        alone = (count - 1) / (time.perf_counter() - started)
    share = waited / (waited + learnt)
    step_s = learnt / (count - 1)
    return f"{share:6.1%} | {step_s:.2f} | {alone:6.1f} | {grown[0]:+.0f} / {grown[1]:+.0f}"


def resident(pid: int) -> float:
    """MB of a process in memory that no other shares: mapped files are the system's."""
    rows = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(row.split()[1]) for row in rows if row.startswith("RssAnon")) / 1024


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=60)
    count = parser.parse_args().batches
    torch.set_num_threads(1)
    print("source | waits | s a step | batches/s | grown MB, trainer / worker")
    with tempfile.TemporaryDirectory() as folder:
        for name, source in sources(Path(folder)):
            print(f"{name} | {measured(source, count)}", flush=True)


if __name__ == "__main__":
    main()
