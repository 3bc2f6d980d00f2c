"""Tests of vesal.training.lessons.prompted: what is said, learnt, frozen and remembered."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.training.lessons.pupils import CONFIGS, pupil
from vesal.errors import ConfigError
from vesal.models import nd
from vesal.models.promptable import Decoded, Embedding, PromptTensors
from vesal.models.segmenter import Segmenter
from vesal.training.lesson import Lesson, Taught
from vesal.training.lessons.dialogue import Dialogue
from vesal.training.lessons.losses import sam, sam_med3d
from vesal.training.lessons.prompted import PromptedLesson
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


@pytest.mark.parametrize("name", TAUGHT)
def test_gradients_reach_all_that_learns_and_nothing_else(name: str) -> None:
    """Of several batches and starts, as a turn sees a box or clicks and one mask of three."""
    reached: set[str] = set()
    for seed in range(4):
        lesson = lesson_of(name, seed)
        for batch in range(2):
            for taught in turns(
                lesson, *drawn(segmenter(lesson), seed=seed), seed=2 * seed + batch
            ):
                taught.loss.backward()  # type: ignore[no-untyped-call]
        for key, parameter in lesson.model.named_parameters():
            if not parameter.requires_grad:
                assert parameter.grad is None, key
            elif parameter.grad is not None and parameter.grad.any():
                reached.add(key)
    learning = {key for key, p in lesson.model.named_parameters() if p.requires_grad}
    # softmax does not see what is added to all keys alike: that gradient is 0 but for rounding
    blind = {key for key in learning if key.endswith("k_proj.bias")}
    assert reached | blind == learning


@pytest.mark.parametrize("name", TAUGHT)
def test_what_is_frozen_stays_and_what_learns_moves(name: str) -> None:
    """After some steps with weight decay; means and variances of batch norms are included."""
    lesson = lesson_of(name)
    before = {key: value.clone() for key, value in lesson.model.state_dict().items()}
    learning = {key for key, p in lesson.model.named_parameters() if p.requires_grad}
    groups = lesson.groups()
    grouped = [id(p) for group in groups for p in group.parameters]
    assert sorted(grouped) == sorted(id(p) for p in lesson.model.parameters() if p.requires_grad)
    optimiser = torch.optim.AdamW([{"params": g.parameters} for g in groups], weight_decay=0.1)
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


def frozen(name: str) -> set[str]:
    """What a lesson freezes, by the first three words of the names."""
    model = lesson_of(name).model
    return {key for key, p in model.named_parameters() if not p.requires_grad}


def test_what_sam_med3d_never_shows_is_frozen() -> None:
    """Its scores, the masks after the first, and "no mask": untouched in the published weights."""
    wanted = ("iou_prediction_head", "output_hypernetworks_mlps", "no_mask_embed")
    keys = frozen("SAM-Med3D")
    assert all(any(word in key for word in wanted) for key in keys)
    assert not any("mlps.0" in key for key in keys)
    assert {word for word in wanted if any(word in key for key in keys)} == set(wanted)


def test_sam_med2d_trains_clicks_and_padding() -> None:
    """Dead in the published code; only the encoder and mask 0 stay."""
    for name in ("SAM-Med2D", "FT-SAM"):
        keys = {key for key in frozen(name) if "image_encoder" not in key}
        assert keys
        assert all("output_hypernetworks_mlps.0." in key for key in keys)
    assert not any(".Adapter." in key for key in frozen("SAM-Med2D"))


def test_the_encoder_of_sam_unet_is_frozen_and_its_branch_is_not() -> None:
    """And with boxes alone, what clicks and masks need, as the reference leaves it."""
    keys = frozen("SAM-UNet")
    assert all(key.startswith(("image_encoder.", "prompt_encoder.")) for key in keys)
    dead = {key for key in keys if key.startswith("prompt_encoder.")}
    words = ("point_embeddings.0", "point_embeddings.1", "not_a_point", "mask_downscaling")
    assert all(any(word in key for word in words) for key in dead)
    assert len(dead) == 13  # tensors; sam_unet/train_step_res34.json
    assert not any(
        "prompt_encoder" in k for k in frozen("SAM-UNet, all prompts") if "not_a" not in k
    )


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


@pytest.mark.parametrize("keeps", [False, True])
def test_the_interactions_of_sam_med3d_are_the_papers(keeps: bool) -> None:
    """Eleven from a mask of zeros; one click more each but in two; logits go on with a gradient."""
    model = pupil("sam-med3d", image_size=16, window=2)
    lesson = SamMed3D(all_clicks=keeps).lesson(model)
    images, targets = drawn(model, targets=1)
    quiets = set()
    for seed in range(6):
        with overheard(model) as heard:
            taught = lesson(images, targets, 0, (), (seed,))
        counts = [prompts.points.shape[1] for prompts, _ in heard]
        quiet = [number for number, count in enumerate(counts) if not count]
        assert len(heard) == 11
        assert len(quiet) == 2
        assert quiet[1] == 10
        quiets.add(quiet[0])
        wanted = [number + 1 if keeps else 1 for number in range(11)]
        assert counts == [0 if number in quiet else wanted[number] for number in range(11)]
        assert not heard[0][0].previous.any()  # type: ignore[union-attr]
        for (_, answer), (prompts, _) in pairwise(heard):
            assert prompts.previous is not None
            assert torch.equal(prompts.previous, answer.logits[:, :1])
            assert prompts.previous.requires_grad
    assert quiets <= set(range(2, 9))
    assert len(quiets) > 1
    losses = [by_hand(answer, targets) for _, answer in heard]
    assert float(taught.loss.detach()) == pytest.approx(sum(losses), rel=1e-5)


def by_hand(answer: Decoded, targets: Tensor) -> float:
    """Dice and cross-entropy of each target of SAM-Med3D, by loops in double precision."""
    fine = nd.resized(answer.logits[:, :1].detach(), tuple(targets.shape[2:])).double()
    found = []
    for logits, truth in zip(fine[:, 0].numpy(), targets[:, 0].double().numpy(), strict=True):
        p = 1 / (1 + np.exp(-logits))
        dice = 1 - (2 * (p * truth).sum() + 1e-5) / ((p**2).sum() + truth.sum() + 1e-5)
        found.append(dice - np.where(truth > 0, np.log(p), np.log1p(-p)).mean())
    return float(np.mean(found))


def test_clicks_of_sam_med3d_lie_where_its_last_answer_was_wrong() -> None:
    """Positive where it missed something."""
    model = pupil("sam-med3d", image_size=16, window=2)
    lesson = SamMed3D(interactions=5).lesson(model)
    images, targets = drawn(model, targets=1)
    with overheard(model) as heard:
        lesson(images, targets, 0, (), (1,))
    guess = torch.zeros_like(targets, dtype=torch.bool)
    for prompts, answer in heard:
        for row in range(len(prompts.points) if prompts.points.shape[1] else 0):
            place = tuple(prompts.points[row, 0].long().tolist())
            truth = bool(targets[row, 0][place])
            assert truth != bool(guess[row, 0][place])
            assert int(prompts.labels[row, 0]) == truth
        guess = nd.resized(answer.logits[:, :1].detach(), tuple(targets.shape[2:])) > 0


def test_the_turns_of_sam_med2d_are_the_papers() -> None:
    """A box or a click, then eight corrections, two of them by the mask alone."""
    model = pupil("sam-med2d", image_size=32)
    lesson = SamMed2D().lesson(model)
    assert lesson.turns == 9
    images, targets = drawn(model)
    begun, drawn_counts, quiets = set(), set(), set()
    for seed in range(6):
        with overheard(model) as heard:
            taught = list(turns(lesson, images, targets, seed))
        first = heard[0][0]
        assert first.previous is None
        assert first.points.shape[1] == (1 if first.boxes is None else 0)
        begun.add(first.boxes is None)
        counts = [prompts.points.shape[1] for prompts, _ in heard[1:]]
        quiet = [number for number, count in enumerate(counts) if not count]
        assert quiet[-1] == 7
        assert len(quiet) == 2
        quiets.add(quiet[0])
        drawn_counts |= set(counts)
        for (_, answer), (prompts, _) in pairwise(heard):
            best = answer.scores[:, 1:].argmax(1) + 1  # type: ignore[index]
            last = answer.logits[torch.arange(4), best].unsqueeze(1)
            assert prompts.boxes is None
            assert prompts.previous is not None
            assert torch.equal(prompts.previous, last.sigmoid().detach())
            assert not prompts.previous.requires_grad
        assert not any(tensor.requires_grad for t in taught for tensor in t.memory)
    assert begun == {True, False}
    assert drawn_counts <= {0, 1, 3, 5, 9}
    assert len(drawn_counts) > 3
    assert quiets <= set(range(1, 7))


def test_corrections_teach_the_encoder_nothing() -> None:
    """They go on from the embedding as it is; the prompt encoder and the decoder learn."""
    model = pupil("sam-med2d", image_size=32)
    lesson = SamMed2D().lesson(model)
    taught = list(turns(lesson, *drawn(model), seed=0))
    taught[1].loss.backward()  # type: ignore[no-untyped-call]
    reached = {key.split(".")[0] for key, p in model.named_parameters() if p.grad is not None}
    assert reached == {"prompt_encoder", "mask_decoder"}
    taught[0].loss.backward()  # type: ignore[no-untyped-call]
    assert any(p.grad is not None for p in model.image_encoder.parameters())


def test_sam_takes_the_mask_of_lowest_loss_for_one_click_and_the_first_else() -> None:
    """What was said stays: the box, and each click."""
    model = pupil("sam", image_size=32)
    images, targets = drawn(model)
    for share in (0.0, 1.0):
        lesson = SamDecoder(rounds=3, point_share=share).lesson(model)
        with overheard(model) as heard:
            taught = lesson(images, targets, 0, (), (0,))
        assert [p.points.shape[1] for p, _ in heard] == [share, 1 + share, 2 + share]
        assert all((p.boxes is None) == bool(share) for p, _ in heard)
        masks = targets.flatten(0, 1)[:, None]
        losses = []
        for number, (_, answer) in enumerate(heard):
            assert answer.scores is not None
            fine = nd.resized(answer.logits, (32, 32))
            rows = []
            for row in range(4):
                first, last = (1, 4) if number == 0 and share else (0, 1)
                each = [
                    (
                        sam(fine[row : row + 1, m : m + 1], masks[row : row + 1], None),
                        sam(
                            fine[row : row + 1, m : m + 1],
                            masks[row : row + 1],
                            answer.scores[row : row + 1, m : m + 1],
                        ),
                    )
                    for m in range(first, last)
                ]
                rows.append(float(min(each)[1].detach()))
            losses.append(np.mean(rows))
        assert float(taught.loss.detach()) == pytest.approx(float(np.mean(losses)), rel=1e-5)


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


def test_perfect_answers_get_padding_and_no_error() -> None:
    """Where SAM-Med3D's code ends."""

    def right(embedding: Embedding, prompts: PromptTensors) -> Decoded:
        heard.append(prompts)
        sure = (20 * (2 * nd.pooled(targets, (16, 16, 16)) - 1)).requires_grad_()
        return Decoded(logits=sure)

    model = pupil("sam-med3d", image_size=16, window=2)
    lesson = SamMed3D().lesson(model)
    images, targets = drawn(model, targets=1)
    heard: list[PromptTensors] = []
    model.decode = right  # type: ignore[method-assign]
    taught = lesson(images, targets, 0, (), (0,))
    assert all((prompts.labels == -1).all() for prompts in heard[1:])
    assert taught.dices == (1.0,) * 11
    assert taught.loss.isfinite()


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


def test_the_rest_of_sam_med3d_learns_at_a_tenth() -> None:
    """The image encoder at the whole rate."""
    model = pupil("sam-med3d")
    rates = {g.rate: {id(p) for p in g.parameters} for g in SamMed3D().lesson(model).groups()}
    assert set(rates) == {1.0, 0.1}
    assert rates[1.0] == {id(p) for p in model.image_encoder.parameters()}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SamMed3D(interactions=3), "interactions must be at least 4"),
        (lambda: SamMed3D(rest_rate=0.0), "rest_rate must be above 0"),
        (lambda: SamMed2D(corrections=2), "corrections must be 0, or at least 3"),
        (lambda: SamMed2D(clicks=()), "1 click or more"),
        (lambda: SamUNet(mask_rounds=-1), "mask_rounds must be at least 0"),
        (lambda: SamUNet(point_share=2.0), "point_share of a lesson"),
        (lambda: SamUNet(checkpointing=True), "needs frozen_statistics"),
        (lambda: SamDecoder(rounds=0), "rounds must be at least 1"),
        (lambda: SamDecoder(point_share=-1.0), "point_share must be 0 to 1"),
        (lambda: SamDecoder(point_share=0.5).lesson(pupil("sam-med3d")), "sam-med3d takes no box"),
        (lambda: SamMed2D().lesson(pupil("sam")), "SAM-Med2D lesson teaches models of sam-med2d"),
    ],
)
def test_what_cannot_be_taught_is_an_error(make: Callable[[], object], message: str) -> None:
    """One sentence each."""
    with pytest.raises(ConfigError, match=message):
        make()
