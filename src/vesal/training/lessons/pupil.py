"""Which models a lesson is for."""

from torch import nn

from vesal.errors import ConfigError
from vesal.models.segmenter import Segmenter


def segmenter_of(model: nn.Module, lesson: str, families: tuple[str, ...]) -> Segmenter:
    """The model, if it is of one of the families.

    Raises:
        ConfigError: it is of another one.
    """
    if not isinstance(model, Segmenter):
        msg = f"the {lesson} lesson teaches SAM and its kin, got a {type(model).__name__}"
        raise ConfigError(msg)
    if model.config.family not in families:
        wanted = " or ".join(families)
        msg = f"the {lesson} lesson teaches models of {wanted}, got one of {model.config.family}"
        raise ConfigError(msg)
    return model
