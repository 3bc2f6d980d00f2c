"""Masks from an embedding and prompt tokens: SAM's head, and that of SAM-UNet."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from vesal.models import nd
from vesal.models.promptable import Decoded
from vesal.models.sam_config import SamConfig
from vesal.models.shapes import AnyFeatures, GridCode, TokenRow
from vesal.models.two_way import TwoWayTransformer

_MASKS = 4  # one for a clear prompt, three readings of an unclear one
_SCORE_HIDDEN = 256


class TokenMlp(nn.Module):
    """Three linear layers with ReLUs between."""

    def __init__(self, width: int, hidden: int, outputs: int) -> None:
        super().__init__()
        sizes = (width, hidden, hidden, outputs)
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))

    def forward(self, x: AnyFeatures) -> AnyFeatures:
        """The outputs of each token."""
        for layer in list(self.layers)[:-1]:
            x = nn.functional.relu(layer(x))
        out: Tensor = self.layers[-1](x)
        return out


class MaskDecoder(nn.Module):
    """A two-way transformer, upscaling by four, and a dot product for each mask token."""

    def __init__(self, config: SamConfig) -> None:
        super().__init__()
        ndim, width = config.ndim, config.prompt_width
        self.transformer = TwoWayTransformer(width)
        self.output_upscaling = nn.Sequential(
            *upscaling(ndim, width, width // 4, width // 8), nn.GELU()
        )
        if config.branch_depth:
            self.med_token = nn.Embedding(1, width)
            self.hf_mlp = TokenMlp(width, width, width // 8)
            self.embedding_maskfeature = nn.Sequential(
                nd.conv(ndim, width // 8, width // 4),
                nd.ChannelNorm(width // 4),
                nn.GELU(),
                nd.conv(ndim, width // 4, width // 8),
            )
            return
        self.iou_token = nn.Embedding(1, width)
        self.mask_tokens = nn.Embedding(_MASKS, width)
        self.output_hypernetworks_mlps = nn.ModuleList(
            TokenMlp(width, width, width // 8) for _ in range(_MASKS)
        )
        self.iou_prediction_head = TokenMlp(width, _SCORE_HIDDEN, _MASKS)

    def forward(
        self,
        embedding: AnyFeatures,
        code: GridCode,
        sparse: TokenRow,
        detail: AnyFeatures | None = None,
    ) -> Decoded:
        """Every mask that the head has, at four times the grid's resolution.

        Args:
            embedding: of the image and the mask prompt, ``(batch, channel, *grid)``.
            code: of the grid's places, batch 1.
            sparse: prompt tokens, ``(batch, token, channel)``.
            detail: SAM-UNet's features from several depths, at the masks' resolution.
        """
        own = [self.med_token] if detail is not None else [self.iou_token, self.mask_tokens]
        learned = torch.cat([part.weight for part in own])
        tokens = torch.cat([learned.expand(sparse.shape[0], -1, -1), sparse], dim=1)
        row = embedding.flatten(2).transpose(1, 2)  # (batch, place, channel)
        tokens, row = self.transformer(tokens, row, code.flatten(2).transpose(1, 2))
        image = row.transpose(1, 2).reshape(embedding.shape)
        fine = self.output_upscaling(image)
        if detail is not None:
            fine = self.embedding_maskfeature(fine) + detail
            return Decoded(logits=_products(self.hf_mlp(tokens[:, :1]), fine))
        filters = [mlp(tokens[:, 1 + i]) for i, mlp in enumerate(self.output_hypernetworks_mlps)]
        logits = _products(torch.stack(filters, dim=1), fine)
        # As trained: no sigmoid, so that a score may lie outside 0 to 1.
        return Decoded(logits=logits, scores=self.iou_prediction_head(tokens[:, 0]))


def upscaling(ndim: int, inputs: int, middle: int, outputs: int) -> list[nn.Module]:
    """Twice to double the resolution; no activation at the end."""
    return [
        nd.doubling(ndim, inputs, middle),
        nd.ChannelNorm(middle),
        nn.GELU(),
        nd.doubling(ndim, middle, outputs),
    ]


def _products(filters: TokenRow, features: AnyFeatures) -> AnyFeatures:
    """For each filter ``(batch, mask, channel)`` its product with the features at every voxel."""
    products = torch.bmm(filters, features.flatten(2))
    return products.reshape(*filters.shape[:2], *features.shape[2:])
