"""Tests of vesal.training.lessons.sam_decoder: asked as each family is in use."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.training.lessons.classroom import drawn, overheard
from tests.training.lessons.pupils import pupil
from vesal.errors import ConfigError
from vesal.models import nd
from vesal.training.lessons.losses import sam
from vesal.training.lessons.sam_decoder import SamDecoder


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


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SamDecoder(rounds=0), "rounds must be at least 1"),
        (lambda: SamDecoder(point_share=-1.0), "point_share must be 0 to 1"),
        (lambda: SamDecoder(point_share=0.5).lesson(pupil("sam-med3d")), "sam-med3d takes no box"),
    ],
)
def test_what_cannot_be_taught_is_an_error(make: Callable[[], object], message: str) -> None:
    """One sentence each."""
    with pytest.raises(ConfigError, match=message):
        make()


@pytest.mark.parametrize("family", ["sam", "medsam", "sam-med2d", "sam-med3d"])
def test_a_family_is_prompted_with_what_it_takes(family: str) -> None:
    """Boxes where it knows no clicks, clicks where it has no boxes, a mask only if it reads one."""
    model = pupil(family, image_size=32 if family != "sam-med3d" else 16, window=2)
    lesson = SamDecoder(rounds=2).lesson(model)
    begun = set()
    for seed in range(8):
        with overheard(model) as heard:
            lesson(*drawn(model), 0, (), (seed,))
        begun.add("click" if heard[0][0].boxes is None else "box")
    wanted = {"medsam": {"box"}, "sam-med3d": {"click"}}.get(family, {"box", "click"})
    assert begun == wanted
    first, last = heard[0][0].previous, heard[1][0].previous
    assert (first is None) == (family != "sam-med3d")
    assert (last is None) == (family == "medsam")
    if family == "sam-med2d":
        assert last is not None
        assert (last >= 0).all()
        assert (last <= 1).all()
