"""Stand-ins for models, whose answers are known exactly."""

from vesal.models.config import PromptableUNetConfig
from vesal.models.promptable import Embedding, PromptTensors
from vesal.models.shapes import Images, MaskLogits


class BrightModel:
    """Takes all that is brighter than the middle of the window's range; counts what it is asked."""

    def __init__(self) -> None:
        self.config = PromptableUNetConfig()
        self.encoded = 0
        self.prompts: list[PromptTensors] = []

    def encode(self, image: Images) -> Embedding:
        """Keep the image."""
        self.encoded += 1
        return Embedding(image=image, levels=())

    def decode(self, embedding: Embedding, prompts: PromptTensors) -> MaskLogits:
        """Eight times the linear channel."""
        self.prompts.append(prompts)
        return 8 * embedding.image[:, :1]
