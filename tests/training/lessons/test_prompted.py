"""Tests of vesal.training.lessons.prompted: what is learnt, frozen and remembered by any lesson."""

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.training.lessons.classroom import TAUGHT, drawn, lesson_of, overheard, segmenter, turns
from tests.training.lessons.pupils import CONFIGS, pupil
from vesal.training.lessons.dialogue import Dialogue
from vesal.training.lessons.losses import sam, sam_med3d
from vesal.training.lessons.prompted import PromptedLesson
from vesal.training.lessons.sam_decoder import SamDecoder
from vesal.training.lessons.sam_med2d import SamMed2D
from vesal.training.lessons.sam_med3d import SamMed3D
from vesal.training.lessons.sam_unet import SamUNet


@pytest.mark.parametrize("name", TAUGHT)
def test_gradients_reach_all_that_learns_and_nothing_else(name: str) -> None:
    """Of several batches and starts, as a turn sees a box or clicks and one mask of three."""
    missing: set[str] | None = None
    for start in range(12):
        lesson = lesson_of(name, start)
        batch = drawn(segmenter(lesson), seed=start)
        for taught in turns(lesson, *batch, seed=start):
            taught.loss.backward()  # type: ignore[no-untyped-call]
        named = dict(lesson.model.named_parameters())
        learning = {key for key, p in named.items() if p.requires_grad}
        assert all(p.grad is None for key, p in named.items() if key not in learning)
        reached = {key for key in learning if (g := named[key].grad) is not None and g.any()}
        missing = (learning if missing is None else missing) - reached
        # softmax does not see what is added to all keys alike: that gradient is 0 but for rounding
        missing = {key for key in missing if not key.endswith("k_proj.bias")}
        if not missing:
            break
    assert missing == set()


@pytest.mark.usefixtures("types_unchecked")
@pytest.mark.parametrize("name", TAUGHT)
def test_what_is_frozen_stays_and_what_learns_moves(name: str) -> None:
    """After some steps with weight decay; means and variances of batch norms are included."""
    lesson = lesson_of(name)
    before = {key: value.clone() for key, value in lesson.model.state_dict().items()}
    learning = {key for key, p in lesson.model.named_parameters() if p.requires_grad}
    groups = lesson.groups()
    grouped = [id(p) for group in groups for p in group.parameters]
    assert sorted(grouped) == sorted(id(p) for p in lesson.model.parameters() if p.requires_grad)
    parameters = [{"params": group.parameters} for group in groups]
    optimiser = torch.optim.AdamW(parameters, weight_decay=0.1, fused=True)
    for batch in range(3):
        for taught in turns(lesson, *drawn(segmenter(lesson)), seed=batch):
            optimiser.zero_grad()
            taught.loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
    after = lesson.model.state_dict()
    moved = {key for key in before if not torch.equal(before[key], after[key])}
    statistics = {key for key in moved if key.rsplit(".")[-1].startswith(("running_", "num_batch"))}
    assert moved - statistics <= learning
    assert bool(statistics) == ("UNet" in name)
    # weights that start at 0 and have had no gradient yet may still be there
    assert len(learning - moved) < 0.05 * len(learning)


@pytest.mark.parametrize("name", ["SAM-Med3D", "SAM-Med2D", "SAM-UNet", "decoder"])
def test_a_seed_decides_what_is_said(name: str) -> None:
    """The same to the bit, another says something else."""
    lesson = lesson_of(name)
    batch = drawn(segmenter(lesson))
    said: list[list[Tensor]] = []
    losses: list[list[float]] = []
    for seed in (5, 5, 6):
        with overheard(segmenter(lesson)) as heard:
            losses.append([float(t.loss.detach()) for t in turns(lesson, *batch, seed=seed)])
        said.append([p.points if p.boxes is None else p.boxes for p, _ in heard])
    assert losses[0] == losses[1]
    assert all(torch.equal(a, b) for a, b in zip(said[0], said[1], strict=True))
    same = [a.shape == b.shape and torch.equal(a, b) for a, b in zip(said[0], said[2], strict=True)]
    assert not all(same)


@pytest.mark.usefixtures("types_unchecked")
@pytest.mark.parametrize("name", ["SAM-Med3D", "SAM-Med2D", "SAM-UNet", "decoder and prompts"])
@pytest.mark.parametrize("kind", ["nothing", "everything", "one voxel"])
def test_extreme_targets_teach_something_finite(name: str, kind: str) -> None:
    """No crash, no number that is none, in the loss or a gradient."""
    lesson = lesson_of(name)
    images, targets = drawn(segmenter(lesson))
    targets = torch.ones_like(targets) if kind == "everything" else torch.zeros_like(targets)
    if kind == "one voxel":
        targets.flatten(2)[:, :, 7] = 1
    for taught in turns(lesson, images, targets, seed=0):
        assert taught.loss.isfinite()
        taught.loss.backward()  # type: ignore[no-untyped-call]
        assert all(0 <= dice <= 1 for dice in taught.dices)
    gradients = [p.grad for p in lesson.model.parameters() if p.grad is not None]
    assert all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize("name", ["SAM-Med3D", "SAM-Med2D", "decoder"])
def test_half_precision_keeps_losses_finite_and_whole(name: str) -> None:
    """The floor inside the focal term's logarithm is 0 in 16 bits."""
    lesson = lesson_of(name)
    batch = drawn(segmenter(lesson))
    with torch.autocast("cpu", torch.bfloat16):
        for taught in turns(lesson, *batch, seed=0):
            assert taught.loss.isfinite()
            assert taught.loss.dtype == taught.logits.dtype == torch.float32
            taught.loss.backward()  # type: ignore[no-untyped-call]
    learning = [p for p in lesson.model.parameters() if p.grad is not None]
    assert all(p.grad is not None and p.grad.isfinite().all() for p in learning)


@pytest.mark.usefixtures("types_unchecked")
@pytest.mark.parametrize("family", ["sam-med3d", "sam-med2d"])
def test_checkpointing_changes_no_gradient(family: str) -> None:
    """Only the memory that it takes."""
    made: list[dict[str, Tensor]] = []
    for checkpointing in (False, True):
        model = pupil(family, image_size=16 if family == "sam-med3d" else 32, window=2)
        kinds: dict[str, Any] = {"sam-med3d": SamMed3D, "sam-med2d": SamMed2D}
        lesson = kinds[family](checkpointing=checkpointing).lesson(model)
        taught = lesson(*drawn(model), 0, (), (0,))
        taught.loss.backward()
        made.append({k: p.grad for k, p in model.named_parameters() if p.grad is not None})
    assert made[0].keys() == made[1].keys()
    for key, gradient in made[0].items():
        torch.testing.assert_close(gradient, made[1][key], rtol=1e-5, atol=1e-7)


def test_batch_norms_move_only_where_they_may() -> None:
    """Those of a frozen branch, and on request, keep their statistics whatever the mode."""
    model = pupil("sam-unet")
    norm = model.resnet.stage1[0].bn1  # type: ignore[union-attr, index]
    assert SamUNet().lesson(model).training
    assert norm.training
    for lesson in (SamUNet(frozen_statistics=True).lesson(model), SamDecoder().lesson(model)):
        assert not norm.training
        lesson.eval()
        lesson.train()
        assert lesson.training
        assert not norm.training


@pytest.mark.parametrize("family", ["sam-med3d", "sam-med2d"])
def test_a_batch_is_the_mean_of_its_targets(family: str) -> None:
    """The loss of images and targets together is that of each alone, given the same boxes."""
    config = CONFIGS[family]
    model = pupil(family, image_size=16 if config.ndim == 3 else 32, window=2)
    loss = sam_med3d if config.ndim == 3 else partial(sam, joint=False)
    dialogue = Dialogue(loss=loss, point_share=float(config.ndim == 3), empty_mask=True)
    lesson = PromptedLesson(model, dialogue, {"decoder": 1.0})
    images, targets = drawn(model, images=2, targets=3)
    targets = torch.zeros_like(targets)  # one voxel: only one click or box is possible
    for place, target in enumerate(targets.flatten(0, 1)):
        target.view(-1)[5 + 3 * place] = 1
    whole = lesson(images, targets, 0, (), (0,))
    alone = [
        float(lesson(images[i : i + 1], targets[i : i + 1, k : k + 1], 0, (), (0,)).loss.detach())
        for i in range(2)
        for k in range(3)
    ]
    assert float(whole.loss.detach()) == pytest.approx(np.mean(alone), rel=1e-5)
    assert whole.logits.shape == (6, 1, *targets.shape[2:])
    assert len(set(alone)) == 6
