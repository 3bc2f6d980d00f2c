"""A tiny run as a program of its own: python -m tests.training.processes CORPUS RUN DEVICES ...

Several devices need a program that can be run again; a kill needs a process of its own.
"""

import sys
from pathlib import Path

import torch

from tests.training.runs import source_of
from tests.volumes import tiny_recipe
from vesal.models.build import build
from vesal.training.devices import launched
from vesal.training.fit import Run
from vesal.training.validate import validation_windows


def main(corpus: Path, folder: Path, devices: int, accumulate: int, steps: int) -> None:
    """Train the tiny recipe, saving at each step, with one thread."""
    torch.set_num_threads(1)
    recipe = tiny_recipe(
        steps=steps, accumulate=accumulate, save_every_s=0.0, warmup_steps=2, averaging=0.9
    )
    fabric = launched("32-true", accelerator="cpu", devices=devices)
    torch.manual_seed(recipe.seed)
    lesson = recipe.lesson.lesson(build(recipe.model).train())
    run = Run(lesson, recipe.settings, folder, seed=recipe.seed, fabric=fabric)
    validation = validation_windows(corpus, ["body"], side=16, each=1, seed=0)
    run.fit(source_of(corpus, recipe), validation, workers=0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:]))
