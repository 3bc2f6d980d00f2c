"""What one user has done so far."""

from vesal.session.session import Session

__all__ = ["Session"]
