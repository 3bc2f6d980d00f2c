"""One half of a model as an ONNX file will have it: what goes in, what comes out, what may vary."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

Arguments = tuple[Tensor | tuple[Tensor, ...], ...]
"""What a half takes; the levels of an embedding are one argument."""

SETS = torch.export.Dim("prompt_sets", min=1)
POINTS = torch.export.Dim("num_points", min=1)
"""The names that axes which may vary have in the files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How much is asked of a decoder at once."""

    sets: int
    """Prompt sets of one image."""
    points: int
    """Points in each."""
    image: tuple[int, int] = (300, 200)
    """Rows and columns of the picture, where the decoder makes its masks of that size."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Graph:
    """Half of a model."""

    role: Literal["encoder", "decoder"]
    module: nn.Module
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    random: Callable[[Asked, torch.Generator], Arguments]
    """Arguments of the right shapes."""
    varying: tuple[object, ...] | None = None
    """For each argument the axes that may vary, as `torch.export` takes them."""

    def run(self, arguments: Arguments) -> tuple[Tensor, ...]:
        """What torch makes of the arguments, in the order of `outputs`."""
        with torch.inference_mode():
            made: tuple[Tensor, ...] = self.module(*arguments)
        return made

    def named(self, arguments: Arguments) -> dict[str, Tensor]:
        """The arguments under the names that they have in the file."""
        flat = [t for part in arguments for t in (part if isinstance(part, tuple) else (part,))]
        return dict(zip(self.inputs, flat, strict=True))


def random_prompts(
    asked: Asked, ndim: int, mask: tuple[int, ...], size: int, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Points, labels, a mask prompt and its flag, as every decoder takes them.

    Args:
        asked: how many.
        ndim: axes of a point.
        mask: size of the mask prompt.
        size: the points lie between 0 and this, in pixels or voxels of the model's input.
        generator: of the numbers.
    """
    points = torch.rand(asked.sets, asked.points, ndim, generator=generator) * size
    labels = torch.randint(-1, 2, (asked.sets, asked.points), generator=generator).float()
    previous = 3 * torch.randn(asked.sets, 1, *mask, generator=generator)
    flag = torch.full((1,), float(asked.points % 2))  # half of what is tried has a mask prompt
    return points, labels, previous, flag
