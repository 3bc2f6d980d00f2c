"""vesal's own small model: an image U-Net run once, and a light prompt U-Net run at each click.

Both work at half of the window's resolution (blocks of 2 voxels an axis are folded into channels), which on a
CPU costs an eighth of a full-resolution network and loses nothing: the last layer unfolds one logit a voxel.
The prompt network sees, for each voxel, how far the clicks are and how much it resembles the clicked voxels,
in intensity and in learned features; it therefore starts out as a region grower and learns shapes on top.
A 2D image is a slab of two equal slices, so the same weights serve 2D and 3D.
"""

import torch
from torch import Tensor, nn

from vesal.models import nd
from vesal.models.config import PromptableUNetConfig
from vesal.models.promptable import Embedding, PromptTensors
from vesal.models.shapes import ClickLabels, Features, Images, MaskLogits

_NEAR_VOXELS = 1.5  # the click itself
_FAR_VOXELS = 12.0  # its neighbourhood: the usual half-width of an object in a window
_NO_CLICK = 1e6  # a distance at which nothing is felt
_INTENSITY_SOFTNESS = 8.0  # a difference of 1/8 of the window's range halves the resemblance or so


class Residual(nn.Module):
    """Pre-activated 3x3(x3) convolutions around a shortcut."""

    def __init__(self, ndim: int, width: int, groups: int, depth: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(depth):
            layers += [nn.GroupNorm(groups, width), nn.ReLU(), nd.conv(ndim, width, width)]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Features) -> Features:
        """``x`` plus what the layers make of it."""
        out: Tensor = x + self.layers(x)
        return out


class PromptableUNet(nn.Module):
    """A promptable segmentation network of a few million parameters."""

    def __init__(self, config: PromptableUNetConfig) -> None:
        super().__init__()
        self.config = config
        ndim, widths, groups = config.ndim, config.widths, config.groups
        folded = 2**ndim
        down = list(zip(widths, widths[1:], strict=False))
        maps = 4 + 2 * config.image_channels + 1  # distances, intensity resemblance, previous mask

        self.image_stem = nd.conv(ndim, folded * config.image_channels, widths[0])
        self.image_blocks = nn.ModuleList(Residual(ndim, w, groups, 2) for w in widths)
        self.image_down = nn.ModuleList(nd.conv(ndim, a, b, stride=2) for a, b in down)
        self.compare = nn.ModuleList(nd.conv(ndim, w, config.similarity, kernel=1) for w in widths)

        self.prompt_stem = nd.conv(ndim, folded * maps, widths[0], kernel=1)
        self.alike = nn.ModuleList(nd.conv(ndim, 2, w, kernel=1) for w in widths)
        self.prompt_down = nn.ModuleList(nd.conv(ndim, a, b, stride=2) for a, b in down)
        self.prompt_blocks = nn.ModuleList(
            Residual(ndim, w, groups, 2 if w == widths[-1] else 1) for w in widths
        )
        self.up = nn.ModuleList(nd.conv(ndim, b, a, kernel=1) for a, b in down)
        self.up_blocks = nn.ModuleList(Residual(ndim, a, groups, 1) for a, _ in down)
        self.head = nn.Sequential(
            nn.GroupNorm(groups, widths[0]), nn.ReLU(), nd.conv(ndim, widths[0], folded)
        )

    def encode(self, image: Images) -> Embedding:
        """Features of a window ``(batch, 2, *space)``, each axis a multiple of 16, or 1 for a slice."""
        x = self.image_stem(nd.fast_layout(nd.fold(_slab(image))))
        levels = []
        for level, block in enumerate(self.image_blocks):
            x = block(x if level == 0 else self.image_down[level - 1](x))
            levels.append(x)
        return Embedding(image=image, levels=tuple(levels))

    def decode(self, embedding: Embedding, prompts: PromptTensors) -> MaskLogits:
        """Logits ``(batch, 1, *space)`` of the window for as many prompt sets as embeddings."""
        maps = _slab(_prompt_maps(embedding.image, prompts))
        x = self.prompt_stem(nd.fast_layout(nd.fold(maps)))
        skips = []
        for level, features in enumerate(embedding.levels):
            if level > 0:
                x = self.prompt_down[level - 1](x)
            alike = self._resemblance(level, features, prompts, embedding.image.shape[2:])
            x = self.prompt_blocks[level](x + features + self.alike[level](alike))
            skips.append(x)
        for level in reversed(range(len(skips) - 1)):
            skip = skips[level]
            x = self.up_blocks[level](skip + nd.resized(self.up[level](x), tuple(skip.shape[2:])))
        return _unslab(nd.unfold(self.head(x)), tuple(embedding.image.shape[2:]))

    def _resemblance(
        self, level: int, features: Features, prompts: PromptTensors, window: torch.Size
    ) -> Features:
        """Closeness to the clicked features, for positive and negative clicks ``(batch, 2, *space)``."""
        code = self.compare[level](features)
        scale = prompts.points.new_tensor(
            [n / w for n, w in zip(features.shape[2:], window, strict=True)]
        )
        clicked = _values_at(code, (prompts.points + 0.5) * scale - 0.5)
        extra = (..., *[None] * (code.ndim - 2))
        difference = [
            (code - clicked[:, click][extra]).square().mean(dim=1, keepdim=True)
            for click in range(clicked.shape[1])
        ]
        return torch.exp(-_nearest(difference, prompts.labels))


def _prompt_maps(image: Images, prompts: PromptTensors) -> Features:
    """Distances to the clicks, resemblance of intensity, and the previous mask, on the window's grid."""
    extra = (..., *[None] * (image.ndim - 2))
    axes = [torch.arange(n, device=image.device, dtype=image.dtype) for n in image.shape[2:]]
    clicked = _values_at(image, prompts.points)
    squared, unlike = [], []
    for click in range(prompts.points.shape[1]):
        offsets = [
            (axis - prompts.points[:, click, i, None]).square()
            for i, axis in enumerate(axes)
        ]
        squared.append(_outer_sum(offsets))
        unlike.append((image - clicked[:, click][extra]).abs())
    nearest = _nearest(squared, prompts.labels)
    unlikeness = _nearest(unlike, prompts.labels)
    maps = [
        torch.exp(-nearest / (2 * _NEAR_VOXELS**2)),
        torch.exp(-nearest.sqrt() / _FAR_VOXELS),
        torch.exp(-_INTENSITY_SOFTNESS * unlikeness),
    ]
    previous = prompts.previous
    if previous is None:
        maps.append(torch.zeros_like(image[:, :1]))
    else:
        maps.append(torch.tanh(previous / 4))  # bounded, so that an over-sure mask can still be undone
    return torch.cat(maps, dim=1)


def _outer_sum(terms: list[Tensor]) -> Features:
    """``(batch, 1, *space)`` from one ``(batch, n)`` term for each axis."""
    total = terms[0]
    for term in terms[1:]:
        total = total[..., None] + term[(slice(None), *[None] * (total.ndim - 1))]
    return total[:, None]


def _values_at(x: Features, points: Tensor) -> Tensor:
    """Channels at the nearest voxel of each point: ``(batch, click, channel)``."""
    size = points.new_tensor(x.shape[2:])
    index = torch.minimum(points.round().clamp(min=0), size - 1).long()
    flat = index[..., 0]
    for axis in range(1, index.shape[-1]):
        flat = flat * x.shape[2 + axis] + index[..., axis]
    values = x.flatten(2)  # (batch, channel, voxel)
    return values.gather(2, flat[:, None].expand(-1, x.shape[1], -1)).transpose(1, 2)


def _nearest(distances: list[Tensor], labels: ClickLabels) -> Features:
    """The smallest distance to a positive click, then to a negative one, channel by channel; far without one."""
    extra = (..., *[None] * (distances[0].ndim - 1))
    sides = []
    for side in (1, 0):
        penalty = torch.where(labels == side, 0.0, _NO_CLICK)
        nearest = distances[0] + penalty[:, 0][extra]
        for click, distance in enumerate(distances[1:], start=1):
            nearest = torch.minimum(nearest, distance + penalty[:, click][extra])
        sides.append(nearest)
    return torch.cat(sides, dim=1)


def _slab(x: Features) -> Features:
    """``x`` with axes of one voxel doubled, so that every axis folds."""
    for axis in range(2, x.ndim):
        if x.shape[axis] == 1:
            x = torch.cat([x, x], dim=axis)
    return x


def _unslab(x: MaskLogits, size: tuple[int, ...]) -> MaskLogits:
    """``x`` with doubled axes averaged back to one voxel."""
    for axis, n in enumerate(size, start=2):
        if n == 1:
            x = x.mean(dim=axis, keepdim=True)
    return x
