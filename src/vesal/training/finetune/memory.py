"""How much memory a step of training will take, before one is taken.

Weights, gradients and the optimiser's averages follow from the numbers of weights. What is kept for
the way back is counted while the network runs on tensors without memory (torch's "meta" device):
it costs milliseconds, and no byte, for a network of any size.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from vesal.errors import ResourceError
from vesal.models.build import Model
from vesal.models.promptable import PromptTensors
from vesal.models.sam_config import SamConfig

_FLOAT = 4  # bytes
_PROGRAM_BYTES = 600 * 2**20  # Python, torch and its buffers: measured, docs/finetune.md
_BACKWARD = 1.25  # gradients of activations on the way back, beside what is kept: measured
_AVERAGES = 2  # of Adam: of gradients and of their squares
_GIB = 2**30
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_USED = ("/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory/memory.usage_in_bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Bytes that a step takes at its peak."""

    weights: int
    """All of them, and the copies that are kept."""
    gradients: int
    optimiser: int
    activations: int
    """What the way back needs, and what it makes."""

    @property
    def total(self) -> int:
        """All of it, with the program itself."""
        return self.weights + self.gradients + self.optimiser + self.activations + _PROGRAM_BYTES


def needed(model: nn.Module, kept_bytes: int, *, copies: int = 2) -> Need:
    """What training takes of those weights of a model that need a gradient.

    Args:
        model: as it will be trained: frozen, wrapped, or whole.
        kept_bytes: for the way back (`kept_by`).
        copies: of all weights: the model, and the one it began as.
    """
    weights = sum(t.nbytes for t in model.state_dict().values())
    learning = sum(p.nbytes for p in model.parameters() if p.requires_grad)
    return Need(
        weights=copies * weights,
        gradients=learning,
        optimiser=_AVERAGES * learning,
        activations=int(_BACKWARD * kept_bytes),
    )


def kept_by(model: Model, *, windows: int, targets: int, clicks: int) -> int:
    """Bytes that the way back needs of a step: windows encoded, targets clicked on in each.

    Args:
        model: as it will be trained; it is not run, a copy without memory is.
        windows: images a step; for our own model volumes.
        targets: prompt sets of each.
        clicks: in a row; the loss has all answers.
    """
    config = model.config
    ghost = deepcopy(model).to("meta")  # wrapped and frozen as the model is
    sam = isinstance(config, SamConfig)
    side = config.image_size if isinstance(config, SamConfig) else config.window
    images = torch.zeros(windows, config.image_channels, *[side] * config.ndim, device="meta")
    masks = (side // 4 if sam else side,) * config.ndim
    prompts = PromptTensors(
        points=torch.zeros(windows * targets, 1, config.ndim, device="meta"),
        labels=torch.ones(windows * targets, 1, dtype=torch.int64, device="meta"),
        previous=torch.zeros(windows * targets, 1, *masks, device="meta"),
    )

    def encode() -> None:
        ghost.encode(images).expanded(targets)

    def answer() -> None:
        embedding = ghost.encode(images).expanded(targets)
        ghost.decode(embedding, prompts).logits.square().mean()

    weights = tuple(ghost.parameters())
    encoded = kept_while(encode, weights)
    # All answers of a row keep about as much as the first: one is enough, and quicker.
    return encoded + clicks * (kept_while(answer, weights) - encoded)


def kept_while(run: Callable[[], None], weights: Sequence[Tensor] = ()) -> int:
    """Bytes of the tensors that a run keeps for its way back, each storage once, no weights."""
    known = {_storage(weight) for weight in weights}
    seen: dict[int, int] = {}
    held: list[Tensor] = []  # so that no place is used twice

    def pack(tensor: Tensor) -> Tensor:
        place = _storage(tensor)
        if place not in known and place not in seen:
            seen[place] = tensor.untyped_storage().nbytes()
            held.append(tensor.detach())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, _same), torch.enable_grad():
        run()
    return sum(seen.values())


def _same(tensor: Tensor) -> Tensor:
    return tensor


def _storage(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)  # data_ptr is 0 for all that has no memory


def free_bytes() -> int | None:
    """Memory that this process may still take, its container's bound included; None if unknown."""
    found: list[int] = []
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        line = next(one for one in lines if one.startswith("MemAvailable"))
        found.append(int(line.split()[1]) * 1024)
    for limit, used in zip(_LIMITS, _USED, strict=True):
        with suppress(OSError, ValueError):  # "max" is no number: no bound
            bound = int(Path(limit).read_text(encoding="ascii"))
            found.append(bound - int(Path(used).read_text(encoding="ascii")))
    if not found and hasattr(os, "sysconf"):
        with suppress(OSError, ValueError):  # not free but all: better than no word
            found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(found) if found else None


def check_room(need: Need, free: int | None) -> None:
    """Refuse training that will not fit.

    Raises:
        ResourceError: more is needed than is free.
    """
    if free is None or need.total <= free:
        return
    msg = (
        f"training this needs about {need.total / _GIB:.1f} GiB of memory and "
        f"{max(free, 0) / _GIB:.1f} GiB are free; take --method decoder or lora, or close programs"
    )
    raise ResourceError(msg)
