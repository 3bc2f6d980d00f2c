"""Tests of vesal.geometry's public names."""

import vesal.geometry


def test_every_public_name_is_listed_and_there() -> None:
    """__all__ is sorted and holds what the package gives, nothing else."""
    names = vesal.geometry.__all__
    assert names == sorted(names)
    given = {
        name
        for name, value in vars(vesal.geometry).items()
        if getattr(value, "__module__", "").startswith("vesal.geometry")
    }
    assert given == set(names)
