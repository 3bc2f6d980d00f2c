"""Tests of vesal.terminal."""

from vesal.terminal import one_line


def test_a_terminal_obeys_nothing() -> None:
    """No line ends, no colours, no bells, no turned words; letters of any script stay."""
    assert one_line("CT\n12:00 fine\x1b[2J\x07") == "CT 12:00 fine\\x1b[2J\\x07"
    assert one_line("a\u202eb") == "a\\u202eb"
    assert one_line("Größe 頭部 é") == "Größe 頭部 é"
