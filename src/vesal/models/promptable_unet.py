"""vesal's own small model: an image U-Net run once, and a light prompt U-Net run at each click.

Both work at half of the window's resolution (blocks of 2 voxels an axis are folded into channels),
which on a CPU costs an eighth of a full-resolution network and loses nothing: the last layer
unfolds one logit a voxel. The prompt network sees the clicks as maps (`vesal.models.prompt_maps`)
and how much each voxel resembles the clicked ones in learned features; it therefore starts out as a
region grower and learns shapes on top. A 2D image is a slab of two equal slices, so the same
weights serve 2D and 3D.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from vesal.errors import ConfigError
from vesal.models import nd
from vesal.models.prompt_maps import MAPS, click_maps, guide, nearest, values_at
from vesal.models.promptable import Decoded, Embedding, PromptTensors
from vesal.models.shapes import (
    AnyFeatures,
    AnyMaskLogits,
    ClickPoints,
    Features,
    Images,
)
from vesal.models.unet_config import PromptableUNetConfig

_UNSURE_LOGIT = 4.0  # of a previous mask: up to about this its strength is told apart


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
        down = list(pairwise(widths))
        maps = MAPS + folded  # and the previous mask

        self.image_stem = nd.conv(ndim, folded * config.image_channels, widths[0])
        self.image_blocks = nn.ModuleList(Residual(ndim, w, groups, 2) for w in widths)
        self.image_down = nn.ModuleList(nd.conv(ndim, a, b, stride=2) for a, b in down)
        self.compare = nn.ModuleList(nd.conv(ndim, w, config.similarity, kernel=1) for w in widths)

        self.prompt_stem = nd.conv(ndim, maps, widths[0], kernel=1)
        self.alike = nn.ModuleList(nd.conv(ndim, 2, w, kernel=1) for w in widths)
        self.prompt_down = nn.ModuleList(nd.conv(ndim, a, b, stride=2) for a, b in down)
        self.prompt_blocks = nn.ModuleList(
            Residual(ndim, w, groups, min(level, 2)) for level, w in enumerate(widths)
        )  # none at the finest level, where it would cost most: its shortcut doubles x
        self.up = nn.ModuleList(nd.conv(ndim, b, a, kernel=1) for a, b in down)
        self.up_blocks = nn.ModuleList(Residual(ndim, a, groups, 1) for a, _ in down)
        self.head = nn.Sequential(
            nn.GroupNorm(groups, widths[0]), nn.ReLU(), nd.conv(ndim, widths[0], folded)
        )

    def encode(self, image: Images) -> Embedding:
        """Features of a window; each axis a multiple of the config's `step`, or 1 for a slice."""
        levels, shrunk = self.features(image)
        return Embedding(image=image, levels=levels, guide=guide(shrunk))

    def features(self, image: Images) -> tuple[tuple[AnyFeatures, ...], AnyFeatures]:
        """The levels of the embedding, and the window's intensities on the finest one's grid."""
        slab = _slab(image)
        levels = image_levels(slab, self.image_stem, self.image_blocks, self.image_down)
        return levels, nd.halved(slab)

    def decode(self, embedding: Embedding, prompts: PromptTensors) -> Decoded:
        """One mask of the window for each of as many prompt sets as embeddings."""
        window, maps = _maps(embedding, prompts)
        alike = [
            self._resemblance(level, features, prompts, window)
            for level, features in enumerate(embedding.levels)
        ]
        return Decoded(logits=self.answer(embedding.levels, maps, alike, window))

    def answer(
        self,
        levels: Sequence[AnyFeatures],
        maps: AnyFeatures,
        alike: Sequence[AnyFeatures],
        window: tuple[int, ...],
    ) -> AnyMaskLogits:
        """The window's logits, of what the clicks look like.

        Args:
            levels: of the embedding.
            maps: of the clicks and the previous mask, at half of the window's resolution.
            alike: for each level how much each voxel resembles the clicked ones, a channel a side.
            window: voxels an axis.
        """
        x = self.prompt_stem(nd.fast_layout(maps))
        skips = []
        for level, features in enumerate(levels):
            if level > 0:
                x = nd.downsampled(self.prompt_down[level - 1], x)
            x = self.prompt_blocks[level](x + features + self.alike[level](alike[level]))
            skips.append(x)
        for level in reversed(range(len(skips) - 1)):
            skip = skips[level]
            x = self.up_blocks[level](skip + nd.resized(self.up[level](x), tuple(skip.shape[2:])))
        return _unslab(nd.unfold(self.head(x)), window)

    def _resemblance(
        self, level: int, features: AnyFeatures, prompts: PromptTensors, window: tuple[int, ...]
    ) -> AnyFeatures:
        """Closeness to the clicked features, 1 at the click: a channel a side, positive first."""
        code = self.compare[level](features)
        clicked = values_at(code, scaled(prompts.points, window, tuple(features.shape[2:])))
        extra = (..., *[None] * (code.ndim - 2))
        difference = [
            (code - clicked[:, click][extra]).square().mean(dim=1, keepdim=True)
            for click in range(clicked.shape[1])
        ]
        return torch.exp(-nearest(difference, prompts.labels))


def image_levels(
    image: AnyFeatures, stem: nn.Module, blocks: nn.ModuleList, down: nn.ModuleList
) -> tuple[AnyFeatures, ...]:
    """What these layers see in a window at 1/2, 1/4, ... of its resolution."""
    x = stem(nd.fast_layout(nd.fold(image)))
    levels = []
    for level, block in enumerate(blocks):
        x = block(x if level == 0 else nd.downsampled(down[level - 1], x))
        levels.append(x)
    return tuple(levels)


def _maps(embedding: Embedding, prompts: PromptTensors) -> tuple[tuple[int, ...], AnyFeatures]:
    """The window's size; the click maps and the previous mask, at half of its resolution."""
    if embedding.guide is None or embedding.image is None:
        raise ConfigError("this embedding was made by another model: encode the window again")
    window = tuple(embedding.image.shape[2:])
    points = scaled(prompts.points, window, tuple(embedding.guide.shape[2:]))
    maps = click_maps(embedding.guide, points, prompts.labels)
    previous = prompts.previous
    if previous is None:
        previous = torch.zeros_like(embedding.image[:, :1])
    return window, torch.cat([maps, folded_mask(previous)], dim=1)


def folded_mask(previous: AnyMaskLogits) -> AnyFeatures:
    """The last logits as the network sees them, behind the maps of the clicks."""
    bounded = torch.tanh(previous / _UNSURE_LOGIT)  # so that an over-sure mask can be undone
    return nd.fold(_slab(bounded))


def scaled(points: ClickPoints, window: tuple[int, ...], size: tuple[int, ...]) -> ClickPoints:
    """Indices of the window as indices of a coarser grid with the same faces."""
    scale = points.new_tensor([n / w for n, w in zip(size, window, strict=True)])
    return (points + 0.5) * scale - 0.5


def _slab(x: AnyFeatures) -> AnyFeatures:
    """``x`` with axes of one voxel doubled, so that every axis folds."""
    for axis in range(2, x.ndim):
        if x.shape[axis] == 1:
            x = torch.cat([x, x], dim=axis)
    return x


def _unslab(x: AnyMaskLogits, size: tuple[int, ...]) -> AnyMaskLogits:
    """``x`` with doubled axes averaged back to one voxel."""
    for axis, n in enumerate(size, start=2):
        if n == 1:
            x = x.mean(dim=axis, keepdim=True)
    return x
