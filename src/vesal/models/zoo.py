"""The models that vesal knows by name."""

from vesal.models.unet_config import PromptableUNetConfig

ZOO: dict[str, PromptableUNetConfig] = {
    "vesal-mini": PromptableUNetConfig(),
}
