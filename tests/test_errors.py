"""Tests of vesal.errors."""

import inspect

import pytest

from vesal import errors

ALL = [
    value
    for value in vars(errors).values()
    if inspect.isclass(value) and value.__module__ == errors.__name__
]
every_error = pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)


@every_error
def test_each_error_is_in_the_tree_at_the_top_of_the_file(kind: type[errors.VesalError]) -> None:
    """The drawing names every class, so it stays true."""
    assert issubclass(kind, errors.VesalError)
    assert kind.__name__ in (errors.__doc__ or "")


@every_error
def test_each_error_has_an_exit_code_and_an_http_status(kind: type[errors.VesalError]) -> None:
    """Never 0, never a success."""
    assert 0 < kind.exit_code < 128
    assert 400 <= kind.http_status < 600


@every_error
def test_a_message_comes_through_unchanged(kind: type[errors.VesalError]) -> None:
    """What is raised is what is printed."""
    assert str(kind("a box needs two corners")) == "a box needs two corners"


def test_input_errors_are_value_errors_too() -> None:
    """Callers that know only Python's errors can catch them."""
    inputs = [errors.PromptError, errors.GeometryError, errors.ImageError, errors.ConfigError]
    assert all(issubclass(kind, ValueError) for kind in inputs)
    assert not issubclass(errors.ResourceError, ValueError)
