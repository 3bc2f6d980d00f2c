"""A fixed set of validation windows, and the Dice of a model on it after 1, 3 and 5 clicks."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from vesal.models.promptable import Promptable, PromptTensors
from vesal.prompts.simulate import error_click
from vesal.training.sample import Sample, Sampler
from vesal.training.volume import LabelledVolume

_CLICKS = (1, 3, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """Samples by the name of their volume."""

    samples: dict[str, list[Sample]]


def validation_windows(
    folder: Path, names: list[str], *, side: int, each: int, seed: int
) -> Validation:
    """``each`` windows of drawn labels (no supervoxels, nothing distorted) from each volume."""
    samples = {}
    for name in names:
        volume = LabelledVolume.load(folder / f"{name}.npz")
        learnt = LabelledVolume(
            name=volume.name,
            modality=volume.modality,
            image=volume.image,
            spacing=volume.spacing,
            partitions=tuple(p for p in volume.partitions if p.learnt),
        )
        rng = np.random.default_rng([seed, len(name), 3])
        sampler = Sampler([learnt], [1.0])
        samples[name] = [sampler.draw((side,) * 3, 2, rng, plain=True) for _ in range(each)]
    return Validation(samples=samples)


@torch.inference_mode()
def validate(model: Promptable, validation: Validation) -> dict[str, float]:
    """Mean Dice as ``{"<volume>@<clicks>": dice}``, clicks in the middle of the largest error."""
    scores: dict[str, float] = {}
    for name, samples in validation.samples.items():
        dices = np.mean([_dices(model, sample) for sample in samples], axis=0)
        scores |= {f"{name}@{n}": float(d) for n, d in zip(_CLICKS, dices, strict=True)}
    return scores


def _dices(model: Promptable, sample: Sample) -> list[float]:
    embedding = model.encode(torch.from_numpy(sample.image)[None])
    curves = []
    for target in sample.targets:
        points: list[tuple[int, ...]] = []
        labels: list[int] = []
        logits, mask, curve = None, np.zeros_like(target), []
        for _ in range(max(_CLICKS)):
            click = error_click(target, mask)
            if click is not None:
                points.append(click[0])
                labels.append(int(click[1]))
                prompts = PromptTensors(
                    points=torch.tensor([points], dtype=torch.float32),
                    labels=torch.tensor([labels]),
                    previous=logits,
                )
                logits = model.decode(embedding, prompts).logits
                mask = logits[0, 0].numpy() > 0
            curve.append(2 * float((mask & target).sum()) / float(mask.sum() + target.sum()))
        curves.append([curve[n - 1] for n in _CLICKS])
    return [float(mean) for mean in np.mean(curves, axis=0)]
