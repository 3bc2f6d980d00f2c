"""UNETR's decoder for tokens of a ViT (Hatamizadeh et al., 2021), of MONAI's blocks.

The only file of this floor that needs MONAI; import it where a ViT is to segment automatically.
"""

from monai.networks.blocks.dynunet_block import UnetOutBlock
from monai.networks.blocks.unetr_block import UnetrBasicBlock, UnetrPrUpBlock, UnetrUpBlock
from torch import Tensor, nn

from vesal.models.automatic_config import AutomaticConfig
from vesal.models.sam_config import SamConfig
from vesal.models.shapes import AnyFeatures, Images, MasksLogits, Tokens

_STEPS = 3  # up-sampling steps that are joined to tokens; the last is joined to the image itself


class UnetrDecoder(nn.Module):
    """From the embedding, and tokens of three depths before it, to logits at full resolution.

    SAM-Med3D's encoder is used whole, its neck included: the embedding is what UNETR takes from
    its last block, normalised as there. The other depths are its global blocks.

    Args:
        config: of the model.
        encoder: of its ViT.
    """

    def __init__(self, config: AutomaticConfig, encoder: SamConfig) -> None:
        super().__init__()
        ndim, width, features = encoder.ndim, encoder.width, config.features
        widths = [features * 2**step for step in range(_STEPS + 1)]  # full to 1/8 of resolution
        self.image = UnetrBasicBlock(
            spatial_dims=ndim,
            in_channels=encoder.image_channels,
            out_channels=features,
            kernel_size=3,
            stride=1,
            norm_name="instance",
            res_block=True,
        )
        self.joins = nn.ModuleList(
            UnetrPrUpBlock(
                spatial_dims=ndim,
                in_channels=width,
                out_channels=widths[step],
                num_layer=_STEPS - step,
                kernel_size=3,
                stride=1,
                upsample_kernel_size=2,
                norm_name="instance",
                conv_block=True,
                res_block=True,
            )
            for step in range(1, _STEPS + 1)
        )  # the shallowest first, which has the longest way up
        inputs = [*widths[1:], encoder.prompt_width]
        self.ups = nn.ModuleList(
            UnetrUpBlock(
                spatial_dims=ndim,
                in_channels=inputs[step],
                out_channels=widths[step],
                kernel_size=3,
                upsample_kernel_size=2,
                norm_name="instance",
                res_block=True,
            )
            for step in range(_STEPS + 1)
        )
        self.head = UnetOutBlock(ndim, features, config.outputs)

    def forward(
        self, image: Images, embedding: AnyFeatures, tokens: tuple[Tokens, ...]
    ) -> MasksLogits:
        """``(batch, 1 + class, *space)``.

        Args:
            image: what the encoder was shown.
            embedding: of the encoder's neck.
            tokens: after each global block; the last are in the embedding already.
        """
        skips: list[Tensor] = [self.image(image)]
        for join, depth in zip(self.joins, tokens[:_STEPS], strict=True):
            skips.append(join(depth.movedim(-1, 1).contiguous()))
        x = embedding
        for up, skip in zip(reversed(self.ups), reversed(skips), strict=True):
            x = up(x, skip)
        logits: Tensor = self.head(x)
        return logits
