"""Tests of vesal.training.lessons.sam_med2d: the paper's turns."""

from collections.abc import Callable
from itertools import pairwise

import pytest
import torch

from tests.training.lessons.classroom import drawn, frozen, overheard, turns
from tests.training.lessons.pupils import pupil
from vesal.errors import ConfigError
from vesal.training.lessons.sam_med2d import SamMed2D


def test_sam_med2d_trains_clicks_and_padding() -> None:
    """Dead in the published code; only the encoder and mask 0 stay."""
    for name in ("SAM-Med2D", "FT-SAM"):
        keys = {key for key in frozen(name) if "image_encoder" not in key}
        assert keys
        assert all("output_hypernetworks_mlps.0." in key for key in keys)
    assert not any(".Adapter." in key for key in frozen("SAM-Med2D"))


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


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SamMed2D(corrections=2), "corrections must be 0, or at least 3"),
        (lambda: SamMed2D(clicks=()), "1 click or more"),
        (lambda: SamMed2D().lesson(pupil("sam")), "SAM-Med2D lesson teaches models of sam-med2d"),
    ],
)
def test_what_cannot_be_taught_is_an_error(make: Callable[[], object], message: str) -> None:
    """One sentence each."""
    with pytest.raises(ConfigError, match=message):
        make()
