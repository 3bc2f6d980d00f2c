"""Every error a caller of vesal can meet.

    VesalError
    +-- InputError (also a ValueError)   what was given cannot be used
    |   +-- PromptError                  a click, box, scribble or mask prompt
    |   +-- GeometryError                a grid, an affine, a box, a point
    |   +-- ImageError                   a file or folder that should hold an image
    |   +-- ConfigError                  a setting, a name, an unknown key
    +-- CheckpointError                  weights that do not fit or cannot be trusted
    +-- SessionError                     a step the session cannot take now
    +-- ResourceError                    disk, memory or device refused
    +-- StoppedError                     the user, or the system, ended long work that can go on

A message is one sentence: what was wrong, what was given, what would be right.
"""

from typing import ClassVar


class VesalError(Exception):
    """An error with a message for people, an exit code and an HTTP status."""

    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500


class InputError(VesalError, ValueError):
    """What the caller gave cannot be used; a different input would work."""

    exit_code = 2  # as every usage error of a shell command
    http_status = 422


class PromptError(InputError):
    """A prompt is malformed, contradicts another one or lies outside the image."""


class GeometryError(InputError):
    """A grid, affine, box or point makes no sense, or two of them do not fit together."""


class ImageError(InputError):
    """A file or folder is not an image that vesal can read, or cannot hold this mask."""

    http_status = 415


class ConfigError(InputError):
    """A setting is unknown or out of range."""

    http_status = 400


class CheckpointError(VesalError):
    """Weights are missing, damaged, of another model, or not safe to load."""

    exit_code = 3


class SessionError(VesalError):
    """The session cannot take this step in its present state."""

    exit_code = 4
    http_status = 409


class ResourceError(VesalError):
    """The disk, the memory or the device refused; the same input may work elsewhere."""

    exit_code = 5
    http_status = 507


class StoppedError(VesalError):
    """Work was stopped in order; what is done is kept, and the same command goes on."""

    exit_code = 7  # 6 is a run in which cases failed


def lacks_memory(error: BaseException) -> bool:
    """Whether an error says that the memory of the machine or of a GPU is used up, torch's too."""
    words = str(error) if isinstance(error, RuntimeError) else ""
    told = "can't allocate memory" in words or "out of memory" in words
    return told or isinstance(error, MemoryError)
