"""Tests of vesal.images's public names."""

import vesal.images


def test_every_public_name_is_listed_and_there() -> None:
    """__all__ is sorted and each name can be had."""
    names = vesal.images.__all__
    assert names == sorted(names)
    assert all(hasattr(vesal.images, name) for name in names)
