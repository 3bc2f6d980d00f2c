"""Lessons at work: small pupils, made-up batches, and what is said between the two."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from tests.training.lessons.pupils import pupil
from vesal.models.promptable import Decoded, Embedding, PromptTensors
from vesal.models.segmenter import Segmenter
from vesal.training.lesson import Lesson, Taught
from vesal.training.lessons.sam_decoder import SamDecoder
from vesal.training.lessons.sam_med2d import SamMed2D
from vesal.training.lessons.sam_med3d import SamMed3D
from vesal.training.lessons.sam_unet import SamUNet

TAUGHT: dict[str, tuple[Callable[[Segmenter], Lesson], str]] = {
    "SAM-Med3D": (SamMed3D(interactions=4).lesson, "sam-med3d"),
    "SAM-Med2D": (SamMed2D(corrections=3).lesson, "sam-med2d"),
    "SAM-Med2D by loss": (SamMed2D(corrections=3, lowest_loss=True).lesson, "sam-med2d"),
    "FT-SAM": (SamMed2D(corrections=3).lesson, "ft-sam"),
    "SAM-UNet": (SamUNet().lesson, "sam-unet"),
    "SAM-UNet, all prompts": (SamUNet(point_share=0.5, mask_rounds=1).lesson, "sam-unet"),
    "decoder": (SamDecoder(rounds=2).lesson, "sam"),
    "decoder and prompts": (SamDecoder(rounds=2, prompt_encoder=True).lesson, "sam"),
    "decoder of MedSAM": (SamDecoder().lesson, "medsam"),
    "decoder in 3D": (SamDecoder(rounds=2, prompt_encoder=True).lesson, "sam-med3d"),
}
SMALL = {
    "sam-med3d": {"image_size": 16, "window": 2},
    "sam-unet": {"image_size": 64},
}


def lesson_of(name: str, seed: int = 0) -> Lesson:
    """A lesson with a smaller pupil still."""
    make, family = TAUGHT[name]
    return make(pupil(family, seed, **SMALL.get(family, {"image_size": 32})))


def drawn(
    model: Segmenter, images: int = 2, targets: int = 2, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Noise, and a block for each target."""
    config = model.config
    size = [config.image_size] * config.ndim
    rng = np.random.default_rng(seed)
    masks = np.zeros((images, targets, *size), np.float32)
    for mask in masks.reshape(-1, *size):
        low = rng.integers(0, config.image_size // 2, config.ndim)
        mask[tuple(slice(a, a + config.image_size // 3) for a in low)] = 1
    noise = rng.standard_normal((images, config.image_channels, *size)).astype(np.float32)
    return torch.from_numpy(noise), torch.from_numpy(masks)


def turns(lesson: Lesson, images: Tensor, targets: Tensor, seed: int) -> Iterator[Taught]:
    """What each turn of a batch gives."""
    memory: tuple[Tensor, ...] = ()
    for turn in range(lesson.turns):
        taught = lesson(images, targets, turn, memory, (seed, turn))
        memory = taught.memory
        yield taught


def segmenter(lesson: Lesson) -> Segmenter:
    """The pupil of a lesson."""
    assert isinstance(lesson.model, Segmenter)
    return lesson.model


@contextmanager
def overheard(model: Segmenter) -> Iterator[list[tuple[PromptTensors, Decoded]]]:
    """All that is said to a model, and what it answers."""
    heard: list[tuple[PromptTensors, Decoded]] = []
    decode = model.decode

    def listening(embedding: Embedding, prompts: PromptTensors) -> Decoded:
        answer = decode(embedding, prompts)
        heard.append((prompts, answer))
        return answer

    model.decode = listening  # type: ignore[method-assign]
    yield heard
    model.decode = decode  # type: ignore[method-assign]


def frozen(name: str) -> set[str]:
    """What a lesson freezes, by the first three words of the names."""
    model = lesson_of(name).model
    return {key for key, p in model.named_parameters() if not p.requires_grad}
