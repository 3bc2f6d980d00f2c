"""Prompts as tokens and as a map on the embedding's grid (Segment Anything, appendix A)."""

import math

import torch
from torch import Tensor, nn

from vesal.models import nd
from vesal.models.promptable import PADDING_LABEL, PromptTensors
from vesal.models.sam_config import SamConfig
from vesal.models.shapes import (
    AnyFeatures,
    ClickLabels,
    ClickPoints,
    Codes,
    Coordinates,
    GridCode,
    PreviousLogits,
    TokenRow,
)

_MASK_CHANNELS = 16
_BOX = 4  # point embeddings where two are for the corners of a box


class PositionCode(nn.Module):
    """Random Fourier features of a place (Tancik et al., 2020)."""

    def __init__(self, config: SamConfig) -> None:
        super().__init__()
        self.waves = config.code_waves
        width = config.prompt_width // len(self.waves)
        self.register_buffer("positional_encoding_gaussian_matrix", torch.randn(config.ndim, width))

    def forward(self, places: Coordinates) -> Codes:
        """The code of places in [0, 1], in float32 whatever the model's precision."""
        matrix = self.get_buffer("positional_encoding_gaussian_matrix").float()
        angles = 2 * math.pi * ((2 * places.float() - 1) @ matrix)
        waves = {"sin": angles.sin, "cos": angles.cos}
        return torch.cat([waves[name]() for name in self.waves], dim=-1)


class PromptEncoder(nn.Module):
    """Sparse tokens for points and boxes, a dense map for a mask."""

    def __init__(self, config: SamConfig) -> None:
        super().__init__()
        ndim, width = config.ndim, config.prompt_width
        self.config = config
        self.pe_layer = PositionCode(config)
        # Negative, positive, and maybe the lowest and the highest corner of a box.
        self.point_embeddings = nn.ModuleList(
            nn.Embedding(1, width) for _ in range(config.point_embeddings)
        )
        self.not_a_point_embed = nn.Embedding(1, width)
        self.no_mask_embed = nn.Embedding(1, width)
        self.mask_downscaling = nn.Sequential(
            nd.blocks(ndim, 1, _MASK_CHANNELS // 4, 2),
            nd.ChannelNorm(_MASK_CHANNELS // 4),
            nn.GELU(),
            nd.blocks(ndim, _MASK_CHANNELS // 4, _MASK_CHANNELS, 2),
            nd.ChannelNorm(_MASK_CHANNELS),
            nn.GELU(),
            nd.conv(ndim, _MASK_CHANNELS, width, 1),
        )

    @property
    def takes_boxes(self) -> bool:
        """Whether the weights have embeddings for a box's corners."""
        return len(self.point_embeddings) == _BOX

    def sparse(self, prompts: PromptTensors) -> TokenRow:
        """Tokens ``(batch, token, channel)``: points, then box corners; none without a prompt.

        Without a box a padding point follows the points, as the weights were trained with one.
        """
        batch = prompts.points.shape[0]
        tokens = prompts.points.new_empty(batch, 0, self.config.prompt_width)
        if prompts.points.shape[1]:
            points, labels = prompts.points, prompts.labels
            if prompts.boxes is None:
                points = torch.cat([points, torch.zeros_like(points[:, :1])], dim=1)
                padding = torch.full_like(labels[:, :1], PADDING_LABEL)
                labels = torch.cat([labels, padding], dim=1)
            tokens = self.tokens(points, labels)
        if prompts.boxes is not None:
            corners = torch.cat([self._learned(2), self._learned(3)])
            tokens = torch.cat([tokens, self._code(prompts.boxes) + corners], dim=1)
        return tokens

    def tokens(
        self, points: ClickPoints, labels: ClickLabels, *, with_corners: bool = False
    ) -> TokenRow:
        """The token of each point by its label: inside 1, outside 0, padding -1.

        With corners, as SAM's exported decoders have it, 2 and 3 are the lowest and the highest
        corner of a box, where the weights know boxes.
        """
        code = self._code(points)
        label = labels[..., None]
        code = torch.where(label == PADDING_LABEL, self.not_a_point_embed.weight, code)
        for kind in range(len(self.point_embeddings) if with_corners else 2):
            code = code + (label == kind) * self._learned(kind)
        return code

    def dense(self, previous: PreviousLogits | None) -> AnyFeatures:
        """What is added to the embedding, ``(batch, channel, *grid)``, or 1s that broadcast."""
        if previous is None:
            return self.no_mask_embed.weight[(..., *[None] * self.config.ndim)]
        out: Tensor = self.mask_downscaling(previous)
        return out

    def grid_code(self) -> GridCode:
        """The code of each token's middle, ``(1, channel, *grid)``."""
        n = self.config.grid
        middles = (torch.arange(n, device=self.no_mask_embed.weight.device) + 0.5) / n
        places = torch.stack(torch.meshgrid(*[middles] * self.config.ndim, indexing="ij"), dim=-1)
        code: Tensor = self.pe_layer(places[..., list(self.config.dense_axes)])
        return code.movedim(-1, 0)[None]

    def _learned(self, kind: int) -> Tensor:
        weight: Tensor = self.point_embeddings[kind].get_parameter("weight")
        return weight

    def _code(self, points: Tensor) -> Tensor:
        """The code of voxel indices; the middle of the first voxel is at half a voxel."""
        places = (points + 0.5) / self.config.image_size
        out: Tensor = self.pe_layer(places[..., list(self.config.point_axes)])
        return out
