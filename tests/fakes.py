"""Stand-ins for models, whose answers are known exactly."""

import torch

from vesal.models.promptable import Decoded, Embedding, PromptTensors
from vesal.models.sam_config import SamConfig
from vesal.models.shapes import Images
from vesal.models.unet_config import PromptableUNetConfig

_MIDDLE_GREY = (127.5 - 123.675) / 58.395  # of red, as SAM scales it


class BrightModel:
    """Takes all that is brighter than the middle of the window's range; counts what it is asked."""

    def __init__(self) -> None:
        self.config = PromptableUNetConfig()
        self.encoded = 0
        self.prompts: list[PromptTensors] = []

    def encode(self, image: Images) -> Embedding:
        """Keep the image."""
        self.encoded += 1
        return Embedding(levels=(image,))

    def decode(self, embedding: Embedding, prompts: PromptTensors) -> Decoded:
        """Eight times the linear channel."""
        self.prompts.append(prompts)
        return Decoded(logits=8 * embedding.levels[0][:, :1])


class BrightSegmenter:
    """A model like SAM that takes all pixels above the middle grey; counts what it is asked.

    Its masks are as fine as its images. Where the family has scores, mask 2 has the best one.
    """

    def __init__(self, config: SamConfig) -> None:
        self.config = config
        self.images: list[torch.Tensor] = []
        self.prompts: list[PromptTensors] = []

    def encode(self, image: Images) -> Embedding:
        """Keep the image."""
        self.images.append(image)
        return Embedding(levels=(image,))

    def decode(self, embedding: Embedding, prompts: PromptTensors) -> Decoded:
        """Eight times the distance to the middle between what is bright and what is not."""
        self.prompts.append(prompts)
        image = embedding.levels[0][:, :1]
        if self.config.ndim == 3:  # z-scores know no absolute grey
            logits = 8 * (image - (image.amin() + image.amax()) / 2)
        else:
            logits = 8 * (image - _MIDDLE_GREY)
        if self.config.family == "sam-unet":
            return Decoded(logits=logits)
        scores = torch.tensor([[0.1, 0.2, 0.9, 0.3]])
        return Decoded(logits=logits.repeat_interleave(4, dim=1), scores=scores)


def bright_segmenter(family: str, image_size: int = 96) -> BrightSegmenter:
    """The fake of a published family; with patches of four its masks are as fine as its images."""
    ndim = 3 if family == "sam-med3d" else 2
    axes = tuple(range(ndim))
    return BrightSegmenter(
        SamConfig(
            family=family,
            ndim=ndim,
            image_channels=1 if ndim == 3 else 3,
            image_size=image_size,
            patch=4,
            point_axes=axes,
            dense_axes=axes,
        )
    )
