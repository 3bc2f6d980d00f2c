"""Windows laid over one another, and how steady their answers are."""

import numpy as np
import pytest

from tests.grids import UGLY
from tests.phantoms import enlarged
from vesal.geometry import Grid
from vesal.inference.clicks import Clicks
from vesal.inference.looks import Look, found_in, steadiness
from vesal.inference.windows import View

IMAGE = enlarged(UGLY["oblique"], 24)
MIDDLE = tuple(n // 2 for n in IMAGE.shape)


def look(value: float, centre: tuple[int, ...] = MIDDLE, spacing: float = 2.2) -> Look:
    """A window of eight voxels that says the same everywhere."""
    point = IMAGE.to_world(np.array([centre], np.float64))[0]
    view = View(centre_mm=tuple(point.tolist()), spacing_mm=spacing, side=8)
    return Look(logits=np.full((8, 8, 8), value, np.float32), view=view)


def clicks_at(*voxels: tuple[int, ...], positive: bool = True) -> Clicks:
    """Clicks on voxels of the image."""
    points = IMAGE.to_world(np.array(voxels, np.float64))
    return Clicks(points_mm=points, positive=np.full(len(voxels), positive))


def test_what_is_found_is_on_the_images_own_grid() -> None:
    """A negative window laid over a positive one cuts a hole."""
    whole = found_in([look(5.0, spacing=4.0)], IMAGE)
    holed = found_in([look(5.0, spacing=4.0), look(-5.0)], IMAGE)
    assert MIDDLE in whole
    assert MIDDLE not in holed
    assert 0 < holed.count < whole.count
    assert found_in([look(-5.0)], IMAGE).is_empty


@pytest.mark.parametrize(("logit", "steady"), [(3.0, 1.0), (0.2, 0.0), (-3.0, 0.0)])
def test_what_the_threshold_does_not_change_is_steady(logit: float, steady: float) -> None:
    """All of it, or nothing."""
    assert steadiness([look(logit)], clicks_at(MIDDLE), IMAGE) == steady


def test_pieces_without_a_click_do_not_count() -> None:
    """An unsure piece elsewhere says nothing of the object."""
    one = look(-9.0)
    one.logits[:3] = 5.0
    one.logits[5:] = 0.2
    window: Grid = one.view.grid(IMAGE)
    point = window.to_world(np.array([[1.0, 4, 4]]))
    clicks = Clicks(points_mm=point, positive=np.ones(1, np.bool_))
    assert steadiness([one], clicks, IMAGE) == 1.0
    elsewhere = clicks_at((0, 0, 0))
    assert steadiness([one], elsewhere, IMAGE) == pytest.approx(0.5)
