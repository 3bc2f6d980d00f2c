"""A model that finds what it was taught, without prompts: a pre-trained encoder, a new decoder.

The decoder of a ViT is UNETR's. That of vesal-mini's encoder is as light as the encoder: it works
at half of the window's resolution, and its last layer unfolds the logits of each voxel.
"""

from itertools import pairwise

from torch import Tensor, nn

from vesal.extras import needing
from vesal.models import nd
from vesal.models.automatic_config import AutomaticConfig
from vesal.models.promptable_unet import PromptableUNet, Residual, image_levels
from vesal.models.rank import linear_and_rank
from vesal.models.sam_config import SamConfig
from vesal.models.shapes import AnyFeatures, Images, MasksLogits
from vesal.models.unet_config import PromptableUNetConfig
from vesal.models.vit import ImageEncoder


class Automatic(nn.Module):
    """An encoder with the names and shapes of a promptable model's, and a decoder of classes.

    Raises:
        ResourceError: a ViT needs MONAI, which is not installed.
    """

    def __init__(self, config: AutomaticConfig) -> None:
        super().__init__()
        self.config = config
        if isinstance(config.encoder, SamConfig):
            self.encoder: nn.Module = ImageEncoder(config.encoder)
            self.decoder = _unetr(config, config.encoder)
        else:
            self.encoder = UNetEncoder(config.encoder)
            self.decoder = UNetDecoder(config, config.encoder)

    def forward(self, image: Images) -> MasksLogits:
        """Logits ``(batch, 1 + class, *space)`` of windows of the config's size.

        Args:
            image: ``(batch, 1, *space)``, normalised as the config says.
        """
        encoder = self.config.encoder
        if isinstance(encoder, SamConfig):
            shown = image.expand(-1, encoder.image_channels, *image.shape[2:])
            embedding, tokens = self.encoder(shown)
            logits: Tensor = self.decoder(shown, embedding, tokens)
        else:
            logits = self.decoder(image, self.encoder(linear_and_rank(image)))
        return logits


class UNetEncoder(nn.Module):
    """The part of vesal-mini that sees the image; its layers have the names that they have there.

    Args:
        config: of the promptable model.
    """

    def __init__(self, config: PromptableUNetConfig) -> None:
        super().__init__()
        whole = PromptableUNet(config)
        self.image_stem = whole.image_stem
        self.image_blocks = whole.image_blocks
        self.image_down = whole.image_down

    def forward(self, image: AnyFeatures) -> tuple[AnyFeatures, ...]:
        """Features at 1/2, 1/4, ... of the window's resolution."""
        return image_levels(image, self.image_stem, self.image_blocks, self.image_down)


class UNetDecoder(nn.Module):
    """A light way up from vesal-mini's features.

    The image comes in a second time with its normalised intensities: the encoder sees them only in
    relation to the window, and a Hounsfield number says more than that.

    Args:
        config: of the model.
        encoder: of its encoder.
    """

    def __init__(self, config: AutomaticConfig, encoder: PromptableUNetConfig) -> None:
        super().__init__()
        ndim, widths, groups = encoder.ndim, encoder.widths, encoder.groups
        folded = 2**ndim
        steps = list(pairwise(widths))
        self.image = nd.conv(ndim, folded, widths[0])
        # They let a frozen encoder be read in another way than it was written for. And torch's
        # GroupNorm ends the process where its input has channels innermost and needs no gradient.
        self.joins = nn.ModuleList(nd.conv(ndim, w, w, kernel=1) for w in widths)
        self.bottom = Residual(ndim, widths[-1], groups, 2)
        self.up = nn.ModuleList(nd.conv(ndim, b, a, kernel=1) for a, b in steps)
        self.blocks = nn.ModuleList(Residual(ndim, a, groups, 2) for a, _ in steps)
        self.head = nn.Sequential(
            nn.GroupNorm(groups, widths[0]),
            nn.ReLU(),
            nd.conv(ndim, widths[0], folded * config.outputs),
        )

    def forward(self, image: Images, levels: tuple[AnyFeatures, ...]) -> MasksLogits:
        """``(batch, 1 + class, *space)`` of the image and its features, finest first."""
        seen = nd.fast_layout(nd.fold(image))
        skips = [join(level) for join, level in zip(self.joins, levels, strict=True)]
        skips[0] = skips[0] + self.image(seen)
        x = self.bottom(skips[-1])
        for step in reversed(range(len(skips) - 1)):
            skip = skips[step]
            x = self.blocks[step](skip + nd.resized(self.up[step](x), tuple(skip.shape[2:])))
        return nd.unfold(self.head(x))


def _unetr(config: AutomaticConfig, encoder: SamConfig) -> nn.Module:
    with needing("train", "a ViT that segments automatically"):
        from vesal.models.unetr import UnetrDecoder
    return UnetrDecoder(config, encoder)
