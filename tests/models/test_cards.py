"""Tests of vesal.models.cards."""

from pathlib import Path

from vesal.models.cards import CARDS, Card
from vesal.models.zoo import ZOO
from vesal.training.scans import SCANS


def test_a_card_says_whether_a_data_set_was_trained_on() -> None:
    """Whatever the case and punctuation of its name; None where nothing can be said."""
    card = Card(training_sets=("AbdomenCT-1K", "AMOS22"))
    assert card.saw("abdomenct_1k") is True
    assert card.saw("amos 22") is True
    assert card.saw("AMOS") is False
    assert card.saw("") is None
    assert Card().saw("AMOS22") is None


def test_cards_are_of_models_of_the_zoo() -> None:
    """No card for a name that cannot be loaded."""
    assert set(CARDS) <= set(ZOO)


def test_the_card_of_our_own_model_is_what_it_was_trained_on() -> None:
    """Every scan of the recipe that is not kept out, and none that is; as SOURCES.md says."""
    card = CARDS["vesal-mini"]
    assert set(card.training_sets) == {scan.name for scan in SCANS if not scan.validation}
    sources = (Path(__file__).parents[2] / "SOURCES.md").read_text(encoding="utf-8")
    assert all(name in sources for name in card.training_sets)
    assert card.saw("TS-body") is False
    assert card.saw("TS-mr") is False
