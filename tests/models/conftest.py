"""Fixtures for the tests of models."""

from tests.threads import one_thread

__all__ = ["one_thread"]
