"""Packages that come with extras, and what is said where one of them is missing."""

from collections.abc import Iterator
from contextlib import contextmanager

from vesal.errors import ResourceError


@contextmanager
def needing(extra: str, what: str) -> Iterator[None]:
    """Let an import that fails say which extra of vesal brings the package.

    Args:
        extra: of vesal, such as "train".
        what: needs the package, such as "training".

    Raises:
        ResourceError: a package is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        msg = f"{what} needs {error.name}: pip install 'vesal[{extra}]'"
        raise ResourceError(msg) from error
