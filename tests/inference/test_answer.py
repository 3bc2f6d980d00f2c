"""What a predictor remembers from its last answer."""

from vesal.geometry import Patch
from vesal.inference.answer import Answer, memory_of


def test_a_memory_of_another_kind_is_nothing_to_go_on_from() -> None:
    """A predictor reads its own memories only."""
    answer = Answer(mask=Patch.empty((2, 2)), memory="seen")
    assert memory_of(answer, str) == "seen"
    assert memory_of(answer, int) is None
    assert memory_of(None, str) is None
