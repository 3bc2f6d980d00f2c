"""SAM and what came from it, as one model: the config says which.

SAM-UNet has a ResNet beside the ViT: its four stages are brought to the token grid and added before
the global blocks, and tokens from four depths reach the decoder at the masks' resolution.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from vesal.errors import ConfigError, PromptError
from vesal.models import nd
from vesal.models.mask_decoder import MaskDecoder, upscaling
from vesal.models.prompt_encoder import PromptEncoder
from vesal.models.promptable import Decoded, Embedding, PromptTensors
from vesal.models.resnet import ResNet, stage_channels
from vesal.models.sam_config import SamConfig
from vesal.models.shapes import AnyFeatures, Images, Tokens
from vesal.models.vit import ImageEncoder

_FIRST_STRIDE = 4  # voxels an axis that become one in the first stage of the ResNet
_BRIDGES = 3  # the last global block reaches the decoder through the neck


class Segmenter(nn.Module):
    """An image encoder run once an image, and a light decoder run at each prompt."""

    def __init__(self, config: SamConfig) -> None:
        super().__init__()
        self.config = config
        self.encoding_type = torch.float32
        """Of the encoder's products (`vesal.models.precision`); no part of the state."""
        ndim, width, out = config.ndim, config.width, config.prompt_width
        self.image_encoder = ImageEncoder(config)
        self.prompt_encoder = PromptEncoder(config)
        self.mask_decoder = MaskDecoder(config)
        if not config.branch_depth:
            return
        self.resnet = ResNet(ndim, config.branch_depth, config.image_channels)
        self.adapters_in = nn.ModuleList(
            Reshaper(ndim, channels, width, config.patch // (_FIRST_STRIDE * 2**stage))
            if config.patch >= _FIRST_STRIDE * 2**stage
            else Reshaper(ndim, channels, width, -(_FIRST_STRIDE * 2**stage // config.patch))
            for stage, channels in enumerate(stage_channels(config.branch_depth))
        )
        # Bridge 2 takes the tokens after the first global block, bridge 0 those after the third.
        self.adapters_bridge = nn.ModuleList(
            nn.Sequential(*upscaling(ndim, width, out, out // 8)) for _ in range(_BRIDGES)
        )
        # The layers of the decoder's upscaling, with weights of their own and no GELU at the end.
        self.embedding_encoder = nn.Sequential(*upscaling(ndim, out, out // 4, out // 8))

    def encode(self, image: Images) -> Embedding:
        """The embedding of an image of the config's size, normalised as the weights expect.

        Levels: the embedding, and for SAM-UNet the detail that its decoder adds.

        Raises:
            ConfigError: an image of another size.
        """
        wanted = (self.config.image_channels, *[self.config.image_size] * self.config.ndim)
        if tuple(image.shape[1:]) != wanted:
            msg = f"this model encodes images of {wanted}, got {tuple(image.shape[1:])}"
            raise ConfigError(msg)
        if self.encoding_type is torch.float32:
            return Embedding(levels=self._levels(image))
        with torch.autocast(image.device.type, self.encoding_type):
            levels = self._levels(image)
        return Embedding(levels=tuple(level.float() for level in levels))

    def decode(self, embedding: Embedding, prompts: PromptTensors) -> Decoded:
        """Masks at a quarter of the image's resolution for each prompt set.

        Four masks and their scores (the first for a clear prompt, three readings of an unclear
        one), or SAM-UNet's only one without a score. An embedding of batch 1 serves any number of
        prompt sets.

        Raises:
            ConfigError: an embedding made by another model.
            PromptError: boxes, where the weights have no embeddings for their corners.
        """
        made = (self.config.prompt_width, *[self.config.grid] * self.config.ndim)
        if tuple(embedding.levels[0].shape[1:]) != made:
            raise ConfigError("this embedding was made by another model: encode the image again")
        if prompts.boxes is not None and not self.prompt_encoder.takes_boxes:
            raise PromptError("these weights take no boxes: use points, or crop to the box")
        batch = prompts.points.shape[0]
        # The same for every image: found anew in a tenth of the decoder's time, not kept with each
        # embedding, of which it would be half of the bytes.
        code = self.prompt_encoder.grid_code()
        levels = [level.expand(batch, *level.shape[1:]) for level in embedding.levels]
        dense = self.prompt_encoder.dense(prompts.previous)
        sparse = self.prompt_encoder.sparse(prompts)
        detail = levels[1] if len(levels) > 1 else None
        decoded: Decoded = self.mask_decoder(levels[0] + dense, code, sparse, detail)
        return decoded

    def _levels(self, image: Images) -> tuple[AnyFeatures, ...]:
        """The embedding, and for SAM-UNet the detail."""
        if not self.config.branch_depth:
            return (self.image_encoder(image)[0],)
        embedding, seen = self.image_encoder(image, self._added(image))
        detail: Tensor = self.embedding_encoder(embedding)
        for bridge, tokens in zip(self.adapters_bridge, reversed(seen[:_BRIDGES]), strict=True):
            detail = detail + bridge(tokens.movedim(-1, 1))
        return embedding, detail

    def _added(self, image: Images) -> tuple[Tokens, ...]:
        features = self.resnet(image)
        return tuple(
            reshaper(x).movedim(1, -1)
            for reshaper, x in zip(self.adapters_in, features, strict=True)
        )


class Reshaper(nn.Module):
    """Brings a stage of the ResNet to the size and width of the token grid.

    Args:
        ndim: space axes.
        channels: of the stage.
        width: of the tokens.
        ratio: how many times larger the stage is than the grid; negative: smaller.
    """

    def __init__(self, ndim: int, channels: int, width: int, ratio: int) -> None:
        super().__init__()
        steps = round(math.log2(abs(ratio)))
        sizes = [int(channels * (2**i if ratio > 0 else 2**-i)) for i in range(steps + 1)]
        layers: list[nn.Module] = []
        for a, b in pairwise(sizes):
            step = nd.conv(ndim, a, b, stride=2) if ratio > 0 else nd.doubling(ndim, a, b)
            layers += [step, nd.ChannelNorm(b), nn.GELU()]
        self.reshaper = nn.Sequential(*layers, nd.conv(ndim, sizes[-1], width, 1))

    def forward(self, x: AnyFeatures) -> AnyFeatures:
        """The stage at the grid's size."""
        out: Tensor = self.reshaper(x)
        return out
