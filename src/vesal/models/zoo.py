"""The models that vesal knows by name."""

from vesal.models.config import PromptableUNetConfig

ZOO: dict[str, PromptableUNetConfig] = {
    "vesal-mini": PromptableUNetConfig(),
}
