"""Stand-ins for models, whose answers are known exactly."""

from vesal.models.promptable import Decoded, Embedding, PromptTensors
from vesal.models.shapes import Images
from vesal.models.unet_config import PromptableUNetConfig


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
