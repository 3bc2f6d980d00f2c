"""The one place that knows which class a config stands for."""

from typing import overload

from vesal.models.automatic import Automatic
from vesal.models.automatic_config import AutomaticConfig
from vesal.models.config import AnyConfig, ModelConfig
from vesal.models.promptable_unet import PromptableUNet
from vesal.models.sam_config import SamConfig
from vesal.models.segmenter import Segmenter

Model = PromptableUNet | Segmenter
"""A network that is a `Promptable`."""


@overload
def build(config: ModelConfig) -> Model: ...


@overload
def build(config: AutomaticConfig) -> Automatic: ...


def build(config: AnyConfig) -> Model | Automatic:
    """The network of these sizes, its weights at their random start.

    Raises:
        ResourceError: a package that it needs is missing.
    """
    if isinstance(config, AutomaticConfig):
        return Automatic(config)
    return Segmenter(config) if isinstance(config, SamConfig) else PromptableUNet(config)
