"""Nothing is encoded twice: not by a further click in sight, nor by a later session.

For every family, with networks of its architecture.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.checkpoints.files import small
from tests.fakes import BrightModel
from tests.inference.balls import said
from tests.networks import random_network, tiny_config
from tests.phantoms import ball_image
from vesal.checkpoints.identity import identity
from vesal.geometry import Grid
from vesal.images import Image
from vesal.inference.answer import Answer, Predictor
from vesal.inference.predictor import predictor_for
from vesal.inference.request import Request
from vesal.inference.store import Store
from vesal.models.build import Model, build
from vesal.models.promptable import Embedding
from vesal.models.shapes import Images

SAMS = ("sam", "medsam", "sam-med2d", "ft-sam", "sam-unet", "sam-med3d")
FAMILIES = ("promptable-unet", *SAMS)
GRID = Grid(shape=(32, 28, 8), affine=np.diag([-1.0, 1.0, 3.0, 1.0]))
"""Of few slices: networks of random weights go through all of them."""
CENTRE = (-16.0, 14.0, 12.0)
BALL = ball_image(GRID, CENTRE, 8.0)
BESIDE = ((-17.0, 13.0, 12.0), True)
REQUEST = Request(clicks=said((CENTRE, True)))
MORE = Request(clicks=said((CENTRE, True), BESIDE))


def network_of(family: str) -> Model:
    """A small network of a family, always with the same random weights."""
    if family == "promptable-unet":
        return random_network(tiny_config())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build(small(family)).requires_grad_(False).eval()


@dataclass
class Looking:
    """A new predictor that looks at an image, as a new session has it; counts what it encodes."""

    family: str
    store: Store | None = None
    image: Image = BALL
    change: Callable[[Model], None] = lambda model: None
    encoded: int = 0
    predictor: Predictor = field(init=False)

    def __post_init__(self) -> None:
        model = network_of(self.family)
        self.change(model)
        encode = model.encode

        def counted(image: Images) -> Embedding:
            self.encoded += 1
            return encode(image)

        model.encode = counted  # type: ignore[method-assign]
        self.predictor = predictor_for(self.image, model, store=self.store)

    def answers(self) -> list[Answer]:
        """What it says to a click and to another one beside it."""
        first = self.predictor.predict(REQUEST)
        return [first, self.predictor.predict(MORE, previous=first)]


def same(one: Answer, other: Answer) -> bool:
    """Whether all that was found is equal, bit for bit."""
    pairs = zip(one.evidence, other.evidence, strict=True)
    return (
        one.mask == other.mask
        and one.score == other.score
        and one.notes == other.notes
        and all(np.array_equal(a.logits, b.logits) for a, b in pairs)
    )


@pytest.mark.parametrize("family", SAMS)
def test_a_second_click_in_sight_encodes_nothing(family: str) -> None:
    """Every slice or window that it shows has been seen."""
    looking = Looking(family)
    first = looking.predictor.predict(REQUEST)
    before = looking.encoded
    again = looking.predictor.predict(REQUEST, previous=first)
    looking.predictor.predict(REQUEST)
    assert looking.encoded == before > 0
    # Slices that are looked at for the first time, because the mask grew, may be new.
    if family == "sam-med3d":
        looking.predictor.predict(MORE, previous=again)
        assert looking.encoded == before


def test_a_second_click_in_the_small_models_window_encodes_nothing() -> None:
    """Whatever windows the first one chose, the ones that the next one chooses were seen."""
    model = BrightModel()
    predictor = predictor_for(BALL, model)
    first = predictor.predict(REQUEST)
    before = model.encoded
    predictor.predict(MORE, previous=first)
    assert model.encoded == before


@pytest.mark.parametrize("family", FAMILIES)
def test_a_later_session_encodes_nothing_and_says_the_same_bits(
    family: str, tmp_path: Path
) -> None:
    """Masks, scores, notes and logits: from the disk as from the network."""
    bare = Looking(family).answers()
    first = Looking(family, Store(tmp_path))
    told = first.answers()
    second = Looking(family, Store(tmp_path))
    again = second.answers()
    assert first.encoded == len(list(tmp_path.iterdir())) > 0
    assert second.encoded == 0
    for one, other, without in zip(told, again, bare, strict=True):
        assert same(one, other)
        assert same(one, without)


def test_what_reading_a_window_shows_is_said_by_a_later_session_too(tmp_path: Path) -> None:
    """SAM-Med3D's scale needs values above 0; that there are none is noted each time."""
    below = Image(array=BALL.array - 2000, grid=GRID)
    notes = [
        Looking("sam-med3d", Store(tmp_path), below).predictor.predict(REQUEST).notes
        for _ in range(2)
    ]
    assert notes[0] == notes[1]
    assert any("nothing in the window is above 0" in note for note in notes[1])


def changed_weight(model: Model) -> None:
    """One weight differs a little."""
    with torch.no_grad():
        parameter = next(model.parameters())
        parameter.view(-1)[0] += 1e-3


@pytest.mark.parametrize("family", ["promptable-unet", "sam", "sam-med3d"])
def test_another_voxel_grid_or_weight_is_encoded_anew(family: str, tmp_path: Path) -> None:
    """Nothing of the one is taken for the other, and the one is still there afterwards."""
    one = Looking(family, Store(tmp_path))
    one.predictor.predict(REQUEST)
    array = BALL.array.copy()
    array[0, 0, 0] += 1
    affine = GRID.affine.copy()
    affine[2, 3] += 1e-6
    moved = Grid(shape=GRID.shape, affine=affine)
    others = (
        Looking(family, Store(tmp_path), Image(array=array, grid=GRID)),
        Looking(family, Store(tmp_path), Image(array=BALL.array, grid=moved)),
        Looking(family, Store(tmp_path), change=changed_weight),
    )
    for other in others:
        other.predictor.predict(REQUEST)
        assert other.encoded > 0
    again = Looking(family, Store(tmp_path))
    again.predictor.predict(REQUEST)
    assert again.encoded == 0


def test_a_model_that_is_taken_for_another_family_is_another(tmp_path: Path) -> None:
    """MedSAM may have SAM's very weights, but its slices are fitted in another way."""
    sam, medsam = network_of("sam").state_dict(), network_of("medsam").state_dict()
    assert all(torch.equal(sam[name], medsam[name]) for name in sam)
    Looking("sam", Store(tmp_path)).predictor.predict(REQUEST)
    other = Looking("medsam", Store(tmp_path))
    other.predictor.predict(REQUEST)
    assert other.encoded > 0


def test_damage_is_healed_and_the_answer_is_the_same(tmp_path: Path) -> None:
    """A cut file, a flipped bit, an empty file: made anew, and there for the next session."""
    told = Looking("sam", Store(tmp_path)).answers()
    files = sorted(tmp_path.iterdir())
    for path, size in zip(files[:2], (0, 1000), strict=True):
        path.write_bytes(path.read_bytes()[:size])
    data = bytearray(files[2].read_bytes())
    data[-1] ^= 1
    files[2].write_bytes(data)
    healing = Looking("sam", Store(tmp_path))
    assert all(same(a, b) for a, b in zip(told, healing.answers(), strict=True))
    assert healing.encoded == 3
    healed = Looking("sam", Store(tmp_path))
    healed.answers()
    assert healed.encoded == 0


def test_a_disk_that_refuses_costs_no_answer(tmp_path: Path) -> None:
    """The folder is a file."""
    blocked = tmp_path / "cache"
    blocked.write_text("no folder")
    answers = Looking("sam", Store(blocked)).answers()
    assert all(same(a, b) for a, b in zip(answers, Looking("sam").answers(), strict=True))


def test_what_is_no_network_is_never_kept(tmp_path: Path) -> None:
    """Nothing tells one such model from another."""
    model = BrightModel()
    assert identity(model) == ""
    predictor_for(BALL, model, store=Store(tmp_path)).predict(REQUEST)
    assert model.encoded > 0
    assert list(tmp_path.iterdir()) == []
