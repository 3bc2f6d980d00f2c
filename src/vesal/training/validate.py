"""Validation with simulated clicks, on windows that stay the same over a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import nn

from vesal.arrays import MaskArray
from vesal.geometry import Grid
from vesal.images import Image, Mask
from vesal.images.picture import Mark, Row, save_sheet
from vesal.inference.habits import HABITS, Habits
from vesal.models import nd
from vesal.models.promptable import Embedding, Promptable, PromptTensors
from vesal.models.shapes import PreviousLogits
from vesal.prompts.simulate import error_click
from vesal.training.lessons.user import with_boxes
from vesal.training.sample import Sample, Sampler
from vesal.training.validation import Validated
from vesal.training.volume import LabelledVolume

_CPU = torch.device("cpu")
_CLICKS = (1, 3, 5)
_BAR = "Windows are of any scale: a millimetre of the bar is a voxel."
_PLAIN = Habits(fit="longest")  # of the families that have no habits: logits, the first mask


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickValidation:
    """Dice after 1, 3 and 5 clicks, each in the middle of the largest error. A `Validation`.

    A model that was trained on boxes alone is first shown the box of the target.
    """

    samples: Mapping[str, Sequence[Sample]]
    """Windows by the name of what they are taken from."""

    @torch.inference_mode()
    def scores(self, model: nn.Module | Promptable, picture: Path | None) -> Validated:
        """Mean Dice as ``{"<name>@<clicks>": dice}``; the first window of each name is drawn."""
        promptable = cast("Promptable", model)
        scores: dict[str, float] = {}
        rows: list[Row] = []
        for name, samples in self.samples.items():
            curves = []
            for sample in samples:
                games = _played(promptable, sample)
                curves += [[game.dices[n - 1] for n in _CLICKS] for game in games]
                if sample is samples[0]:
                    rows.append(_row(name, sample, games[0]))
            means = np.mean(curves, axis=0)
            scores |= {f"{name}@{n}": float(d) for n, d in zip(_CLICKS, means, strict=True)}
        if picture is not None and rows:
            save_sheet(
                picture, rows, title="Validation: orange is drawn, turquoise answered", notes=[_BAR]
            )
        return Validated(scores=scores)


def validation_windows(
    folder: Path, names: list[str], *, side: int, each: int, seed: int
) -> ClickValidation:
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
    return ClickValidation(samples=samples)


@dataclass(slots=True, eq=False)
class _Game:
    """What became of one target."""

    target: MaskArray
    mask: MaskArray
    points: list[tuple[int, ...]] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    dices: list[float] = field(default_factory=list)


def _played(model: Promptable, sample: Sample) -> list[_Game]:
    device = next(model.parameters()).device if isinstance(model, nn.Module) else _CPU
    embedding = model.encode(torch.from_numpy(sample.image)[None].to(device))
    return [_play(model, embedding, target, device) for target in sample.targets]


def _play(
    model: Promptable, embedding: Embedding, target: MaskArray, device: torch.device
) -> _Game:
    """Click where the answer is most wrong, each click with those before and the last answer."""
    habits = HABITS.get(model.config.family, _PLAIN)
    boxes = None
    if model.config.capabilities.prompts == ("box",):
        boxes = with_boxes([target], np.random.default_rng(0), shifted=False).boxes
    game = _Game(target=target, mask=np.zeros_like(target))
    logits: PreviousLogits | None = None
    for _ in range(max(_CLICKS)):
        click = error_click(target, game.mask)
        if click is not None:
            game.points.append(click[0])
            game.labels.append(int(click[1]))
            prompts = PromptTensors(
                points=torch.tensor([game.points], dtype=torch.float32, device=device),
                labels=torch.tensor([game.labels], device=device),
                boxes=None if boxes is None else boxes.to(device),
                previous=habits.mask_prompt(logits),
            )
            decoded = model.decode(embedding, prompts)
            alone = len(game.points) == 1 and boxes is None
            chosen = habits.chosen(decoded, alone=alone)
            logits = decoded.logits[:, chosen : chosen + 1]
            full = nd.resized(logits, target.shape)
            game.mask = full[0, 0].cpu().numpy() > 0
        overlap = 2 * float((game.mask & target).sum())
        game.dices.append(overlap / float(game.mask.sum() + target.sum()))
    return game


def _row(name: str, sample: Sample, game: _Game) -> Row:
    """The window of a sample as an image of voxels of 1 mm; a slice as a raster."""
    flat = sample.image.shape[-1] == 1
    shown, target, mask = (
        array[..., 0] if flat else array for array in (sample.image[0], game.target, game.mask)
    )
    ndim = shown.ndim
    affine = np.eye(ndim + 1) if ndim == 3 else np.eye(3)[[1, 0, 2]]  # a raster's x are columns
    grid = Grid(shape=shown.shape, affine=affine)
    points = grid.to_world(np.array([point[:ndim] for point in game.points], float))
    marks = tuple(
        Mark(point_mm=tuple(point), positive=label == 1)
        for point, label in zip(points.tolist(), game.labels, strict=True)
    )
    return Row(
        image=Image(array=np.ascontiguousarray(shown), grid=grid),
        mask=Mask(array=mask, grid=grid),
        known=Mask(array=target, grid=grid),
        title=name,
        details=tuple(f"Dice {game.dices[n - 1]:.2f} at {n}" for n in _CLICKS),
        marks=marks,
    )
