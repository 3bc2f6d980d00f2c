"""Our own small model in two halves; the window's size is fixed, the number of clicks is not."""

import torch
from torch import Tensor, nn

from vesal.export.unet_maps import click_maps, guide, resemblance
from vesal.models.promptable_unet import PromptableUNet, folded_mask, scaled
from vesal.models.shapes import (
    AnyFeatures,
    AnyMaskLogits,
    ClickPoints,
    FloatLabels,
    ImageLevel,
    Images,
    MaskFlag,
)


class UNetEncoder(nn.Module):
    """A window to what the decoder needs of it."""

    def __init__(self, network: PromptableUNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, input_image: Images) -> tuple[AnyFeatures, ...]:
        """The guide, then the levels, finest first."""
        levels, shrunk = self.network.features(input_image)
        return (guide(shrunk), *levels)


class UNetDecoder(nn.Module):
    """Clicks in a window to its mask; points are array indices, in the order of the axes."""

    def __init__(self, network: PromptableUNet) -> None:
        super().__init__()
        self.network = network

    def forward(
        self,
        levels: tuple[ImageLevel, ...],
        point_coords: ClickPoints,
        point_labels: FloatLabels,
        mask_input: AnyMaskLogits,
        has_mask_input: MaskFlag,
    ) -> tuple[Tensor, ...]:
        """The logits of the window. ``levels`` is all that the encoder gave, the guide first."""
        labels = point_labels.long()
        window = tuple(mask_input.shape[2:])
        guided, *features = [x.expand(labels.shape[0], *x.shape[1:]) for x in levels]
        points = scaled(point_coords, window, tuple(guided.shape[2:]))
        # No mask prompt means one that is undecided everywhere.
        folded = folded_mask(mask_input * has_mask_input)
        maps = torch.cat([click_maps(guided, points, labels), folded], dim=1)
        alike = [
            resemblance(compare(x), scaled(point_coords, window, tuple(x.shape[2:])), labels)
            for compare, x in zip(self.network.compare, features, strict=True)
        ]
        return (self.network.answer(features, maps, alike, window),)
