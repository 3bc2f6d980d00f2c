"""Fixtures for the tests of checkpoints."""

from tests.threads import one_thread

__all__ = ["one_thread"]
