"""One step of SAM-UNet's training against its reference: where gradients go, and how large."""

from copy import deepcopy
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.goldens import canonical, golden_network, record
from vesal.models import nd
from vesal.models.promptable import Embedding, PromptTensors
from vesal.models.segmenter import Segmenter
from vesal.training.lessons.dialogue import Dialogue
from vesal.training.lessons.losses import focal, sam_unet, soft_dice
from vesal.training.lessons.prompted import PromptedLesson

GOLDEN = record("sam_unet/train_step_res34")
MEAN = torch.tensor([123.675, 116.28, 103.53]).view(3, 1, 1)
DEVIATION = torch.tensor([58.395, 57.12, 57.375]).view(3, 1, 1)


def drawn() -> tuple[Tensor, Tensor, Tensor]:
    """Images, one rectangle and its box (row, column) for each of 5 targets of 2 images."""
    rng = np.random.default_rng(6)
    images, labels = torch.zeros(2, 3, 256, 256), torch.zeros(2, 5, 256, 256)
    boxes = torch.zeros(2, 5, 2, 2)
    for b, width in enumerate((256, 200)):
        pixels = torch.from_numpy(rng.integers(0, 256, (3, 256, width))).float()
        images[b, :, :, :width] = (pixels - MEAN) / DEVIATION
        for k in range(5):
            top, left = (int(v) for v in (rng.integers(0, 100), rng.integers(0, 100)))
            height, across = (int(v) for v in (rng.integers(20, 90), rng.integers(20, 90)))
            labels[b, k, top : top + height, left : left + across] = 1
            boxes[b, k] = torch.tensor([[top, left], [top + height, left + across]])
    return images, labels, boxes


@pytest.fixture(scope="module")
def fresh() -> Segmenter:
    """The network before any step, to be copied."""
    return golden_network("sam-unet-34")


@pytest.fixture(scope="module")
def stepped(fresh: Segmenter) -> tuple[Segmenter, dict[str, float]]:
    """The network after a backward pass in training mode, its encoder frozen; the losses."""
    network = deepcopy(fresh).train().requires_grad_()
    network.image_encoder.requires_grad_(False)
    images, labels, boxes = drawn()
    embedding = network.encode(images)
    low = []
    for b in range(2):
        own = slice(b, b + 1)
        levels = tuple(level[own] for level in embedding.levels)
        one = Embedding(levels=levels)
        prompts = PromptTensors(
            points=torch.zeros(5, 0, 2), labels=torch.zeros(5, 0).long(), boxes=boxes[b]
        )
        low.append(network.decode(one, prompts).logits)
    logits = nd.resized(torch.cat(low), (256, 256))
    target = labels.reshape(-1, 1, 256, 256)
    parts = {"focal": focal(logits, target), "dice": soft_dice(logits, target, joint=True)}
    total = parts["focal"] + 20 * parts["dice"]
    total.backward()  # type: ignore[no-untyped-call]
    found = {name: float(loss.detach()) for name, loss in parts.items()}
    found |= {"total": float(total.detach()), "masks_mean": float(logits.detach().mean())}
    return network, found | {"masks_std": float(logits.detach().std(unbiased=False))}


def test_the_boxes_are_the_golden_ones() -> None:
    """A check of the check; the golden boxes are (x, y)."""
    assert torch.equal(drawn()[2].flip(-1).reshape(2, 5, 4), torch.tensor(GOLDEN["boxes"]))


def test_the_losses_are_those_of_the_reference(stepped: tuple[object, dict[str, float]]) -> None:
    """With batch statistics in the ResNet."""
    for name, value in stepped[1].items():
        assert value == pytest.approx(GOLDEN[name], rel=2e-4, abs=2e-4), name


def test_gradients_are_those_of_the_reference(stepped: tuple[Segmenter, object]) -> None:
    """The norm of each, and none where the reference has none."""
    gradients = {key: p.grad for key, p in stepped[0].named_parameters()}
    for key, norm in GOLDEN["grad_norm"].items():
        gradient = gradients[canonical(key)]
        assert gradient is not None
        assert float(gradient.norm()) == pytest.approx(norm, rel=5e-3, abs=2e-5), key
    without = {key for key, gradient in gradients.items() if gradient is None}
    frozen = {key for key in without if key.startswith("image_encoder.")}
    assert len(frozen) == GOLDEN["grad_none_frozen_count"]
    assert without - frozen == {canonical(key) for key in GOLDEN["grad_none_trainable"]}


def test_batch_statistics_move_as_in_the_reference(stepped: tuple[Segmenter, object]) -> None:
    """Mean and deviation over channels of the running values, after one batch."""
    state = stepped[0].state_dict()
    for key, (mean, deviation) in GOLDEN["running_mean_after"].items():
        running = state[canonical(key)]
        assert float(running.mean()) == pytest.approx(mean, abs=1e-5), key
        assert float(running.std()) == pytest.approx(deviation, abs=1e-5), key


def test_the_lesson_has_the_loss_of_the_reference(fresh: Segmenter) -> None:
    """The boxes that it finds, where they are not moved, the batch statistics, the joint Dice."""
    images, labels, _ = drawn()
    dialogue = Dialogue(loss=partial(sam_unet, joint=True), shifted_boxes=False)
    lesson = PromptedLesson(deepcopy(fresh), dialogue, {"branch": 1.0})
    with torch.no_grad():
        taught = lesson(images, labels, 0, (), (0,))
    assert float(taught.loss) == pytest.approx(GOLDEN["total"], rel=2e-4)
    assert float(taught.logits.mean()) == pytest.approx(GOLDEN["masks_mean"], abs=2e-4)
