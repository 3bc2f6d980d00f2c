"""Tests of vesal.evaluation.user."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.grids import UGLY
from vesal.evaluation.user import clicked, generator_for, said_click
from vesal.prompts import Click


@given(name=st.sampled_from(sorted(UGLY)), positive=st.booleans(), data=st.data())
def test_a_click_is_in_the_middle_of_its_voxel_and_the_table_says_which(
    name: str, positive: bool, data: st.DataObject
) -> None:
    """World mm and back, and words and back."""
    grid = UGLY[name]
    voxel = tuple(data.draw(st.integers(0, n - 1)) for n in grid.shape)
    said = said_click((voxel, positive), grid)
    (click,) = said.prompts
    assert isinstance(click, Click)
    assert click.positive == positive
    np.testing.assert_allclose(grid.to_index(np.array([click.point_mm]))[0], voxel, atol=1e-6)
    assert clicked(said.words) == (voxel, positive)


def test_what_is_no_click_has_no_voxel() -> None:
    """A box, or nothing."""
    assert clicked("box") is None
    assert clicked("") is None
    assert clicked("+") is None


def test_draws_follow_from_names_alone() -> None:
    """The same on every run, whatever was drawn before; other names, other draws."""
    first = generator_for("clicks", "case", "liver").integers(0, 2**32, 4).tolist()
    assert first == [1451236690, 1084488193, 660370477, 3842140742]
    generator_for("something else").random(100)
    assert generator_for("clicks", "case", "liver").integers(0, 2**32, 4).tolist() == first
    assert generator_for("clicks", "casel", "iver").integers(0, 2**32, 4).tolist() != first
