"""Low-rank adaptation: a layer learns a small correction, which is then added to its weights.

Hu et al., LoRA (2022): ``W + scale * B A``, A and B of a low rank, B zero at the start. It rests on
`torch.nn.utils.parametrize`, so it serves linear layers and convolutions of any dimension alike (a
kernel is taken as a matrix of its output channels), and the result has the architecture of before.
"""

import math
from dataclasses import dataclass
from fnmatch import fnmatchcase

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from vesal.checkpoints.tensors import empty
from vesal.errors import ConfigError
from vesal.models.build import Model
from vesal.models.shapes import AnyKernel

_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, *_TRANSPOSED)
_WEIGHT = "weight"
_OWN = ".parametrizations."  # in names of tensors that only a wrapped model has


@dataclass(frozen=True, slots=True, kw_only=True)
class LowRank:
    """Which layers get a correction, and how large it may be.

    Raises:
        ConfigError: a rank below 1, or a scale that is not above 0.
    """

    rank: int = 8
    """At most; a layer with fewer channels gets what it can use."""
    scale: float = 2.0
    """Times ``B A``: alpha over rank of the paper."""
    layers: tuple[str, ...] = ("*",)
    """Patterns of the names of modules, such as "*.attn.qkv"; linear layers and convolutions."""

    def __post_init__(self) -> None:
        if self.rank < 1 or not self.scale > 0:
            msg = f"rank must be at least 1 and scale above 0, got {self.rank} and {self.scale}"
            raise ConfigError(msg)


class Correction(nn.Module):
    """A weight plus what was learnt: the parametrization of one layer."""

    def __init__(self, weight: AnyKernel, rank: int, scale: float, *, transposed: bool) -> None:
        super().__init__()
        self.transposed = transposed
        self.scale = scale
        rows, columns = _matrix(weight, transposed=transposed).shape
        rank = min(rank, rows, columns)
        self.down = nn.Parameter(weight.new_empty(rank, columns))
        self.up = nn.Parameter(weight.new_zeros(rows, rank))
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))  # as nn.Linear begins

    def forward(self, weight: AnyKernel) -> AnyKernel:
        """The corrected weight."""
        change = self.scale * (self.up @ self.down)
        if self.transposed:  # its kernels have the output channels second
            shape = (weight.shape[1], weight.shape[0], *weight.shape[2:])
            return weight + change.reshape(shape).transpose(0, 1)
        return weight + change.reshape(weight.shape)


def wrap(model: nn.Module, settings: LowRank) -> list[nn.Parameter]:
    """Freeze a model and give its layers corrections; returns what learns.

    The model computes what it did before, to the bit. The corrections' start is drawn from torch's
    generator.

    Raises:
        ConfigError: no layer's name fits.
    """
    model.requires_grad_(False)
    learnt: list[nn.Parameter] = []
    for name, layer in list(model.named_modules()):
        if not isinstance(layer, _LAYERS) or not _named(name, settings.layers):
            continue
        correction = Correction(
            layer.weight.detach(),
            settings.rank,
            settings.scale,
            transposed=isinstance(layer, _TRANSPOSED),
        )
        # unsafe: no trial call, which would change nothing but the time it takes
        parametrize.register_parametrization(layer, _WEIGHT, correction, unsafe=True)
        learnt += [correction.down, correction.up]
    if not learnt:
        msg = f"no linear layer or convolution is named {' or '.join(settings.layers)}"
        raise ConfigError(msg)
    return learnt


@torch.no_grad()
def merge(model: nn.Module) -> None:
    """Add the corrections to the weights and forget them: a model of the same tensors as before."""
    for layer in list(model.modules()):
        if parametrize.is_parametrized(layer, _WEIGHT):
            parametrize.remove_parametrizations(layer, _WEIGHT, leave_parametrized=True)


@torch.no_grad()
def plain_state(model: nn.Module) -> dict[str, Tensor]:
    """The tensors that the model would have after `merge`, while it goes on learning.

    A copy cannot be merged in its place: layers and their copies share a class, from which
    merging takes the correction.
    """
    state = {key: t for key, t in model.state_dict().items() if _OWN not in f".{key}"}
    for name, layer in model.named_modules():
        if parametrize.is_parametrized(layer, _WEIGHT):
            state[f"{name}.{_WEIGHT}" if name else _WEIGHT] = torch.clone(layer.weight)
    return state


def plain(model: Model) -> Model:
    """The model itself, or, where it is wrapped, one of its config with the corrected weights."""
    if not is_wrapped(model):
        return model
    made = empty(model.config)
    made.load_state_dict(plain_state(model), assign=True)
    return made.requires_grad_(False).eval()


def is_wrapped(model: nn.Module) -> bool:
    """Whether any layer has a correction."""
    return any(parametrize.is_parametrized(layer, _WEIGHT) for layer in model.modules())


def _named(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _matrix(weight: AnyKernel, *, transposed: bool) -> AnyKernel:
    """A kernel as a matrix: a row for each output channel."""
    turned = weight.transpose(0, 1) if transposed else weight
    return turned.flatten(1)
