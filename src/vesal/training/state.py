"""What a run is at a step, in a file: whole or the one before, read without running anything."""

import pickle
import warnings
from pathlib import Path
from typing import Any

import torch

from vesal.errors import CheckpointError
from vesal.images.write import replacing

# What torch.load and load_state_dict raise for a file that is no checkpoint of this network.
UNFIT = (
    OSError,
    EOFError,
    RuntimeError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    pickle.UnpicklingError,
)


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write the state; a kill leaves the one before or this one.

    Raises:
        ResourceError: the disk refuses.
    """
    # torch itself says nothing of a full disk that could be told from a mistake of ours.
    with replacing(path, ".part") as temporary, temporary.open("wb") as file:
        torch.save(state, file)


def load_state(path: Path) -> dict[str, Any]:
    """The state that `save_state` wrote, on the CPU.

    Raises:
        CheckpointError: the file is damaged, or something else.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of a file that is refused anyway
            state = torch.load(path, map_location="cpu", weights_only=True)
    except UNFIT as error:
        raise unfit(path, error) from error
    if not isinstance(state, dict):
        raise unfit(path, TypeError(f"it holds a {type(state).__name__}"))
    return state


def unfit(path: Path, error: Exception) -> CheckpointError:
    """The error for a state that this run cannot go on from."""
    reason = str(error).strip().split("\n", maxsplit=1)[0]
    msg = (
        f"{path} is damaged or of another recipe ({reason}); "
        "train in another folder, or delete it to start anew"
    )
    return CheckpointError(msg)
