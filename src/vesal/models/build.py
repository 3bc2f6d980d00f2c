"""The one place that knows which class a config stands for."""

from vesal.models.config import ModelConfig
from vesal.models.promptable_unet import PromptableUNet
from vesal.models.sam_config import SamConfig
from vesal.models.segmenter import Segmenter

Model = PromptableUNet | Segmenter
"""A network that is a `Promptable`."""


def build(config: ModelConfig) -> Model:
    """The network of these sizes, its weights at their random start."""
    return Segmenter(config) if isinstance(config, SamConfig) else PromptableUNet(config)
