"""What learns: the parts of a model by name, and which parameters belong to each."""

import re
from collections.abc import Sequence

from torch import nn

from vesal.errors import ConfigError
from vesal.models.promptable_unet import PromptableUNet

# Of each parameter the first pattern that its name begins with counts.
_SEGMENTER = (
    ("adapters", r"image_encoder\.blocks\.\d+\.Adapter\."),
    ("encoder", r"image_encoder\."),
    ("branch", r"resnet\."),
    ("bridges", r"(adapters_in|adapters_bridge|embedding_encoder)\."),
    ("corners", r"prompt_encoder\.point_embeddings\.[23]\."),
    ("clicks", r"prompt_encoder\.point_embeddings\.[01]\."),
    ("padding", r"prompt_encoder\.not_a_point_embed\."),
    ("no mask", r"prompt_encoder\.no_mask_embed\."),
    ("mask prompts", r"prompt_encoder\.mask_downscaling\."),
    ("scores", r"mask_decoder\.iou_prediction_head\."),
    ("first mask", r"mask_decoder\.output_hypernetworks_mlps\.0\."),
    ("other masks", r"mask_decoder\.output_hypernetworks_mlps\.[1-3]\."),
    # Also SAM's four mask tokens and its score token: they look at each other, so that what is
    # learnt of one mask reaches all of them.
    ("masks", r"mask_decoder\."),
)
_UNET = (
    ("encoder", r"image_"),
    ("clicks", r"(compare|alike|prompt_stem)\."),
    ("masks", r"(prompt_|up\.|up_blocks\.|head\.)"),
)
_WHOLES = {
    "prompt encoder": ("corners", "clicks", "padding", "no mask", "mask prompts"),
    "decoder": ("scores", "first mask", "other masks", "masks"),
}


def parts_of(model: nn.Module) -> dict[str, list[nn.Parameter]]:
    """The parameters of a model by the part that they belong to, each in one.

    "encoder", SAM-Med2D's "adapters", SAM-UNet's ResNet "branch" and its "bridges" to the tokens
    and the decoder; of the prompt encoder "corners", "clicks", "padding", "no mask" and "mask
    prompts"; of the decoder "masks" and what only "first mask", "other masks" and "scores" need.

    Raises:
        ConfigError: a parameter that belongs to none of them.
    """
    rules = _UNET if isinstance(model, PromptableUNet) else _SEGMENTER
    found: dict[str, list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        part = next((part for part, pattern in rules if re.match(pattern, name)), None)
        if part is None:
            msg = f"{name} belongs to no part of a model that vesal knows how to train"
            raise ConfigError(msg)
        found.setdefault(part, []).append(parameter)
    return found


def learn(model: nn.Module, names: Sequence[str], *, but: Sequence[str] = ()) -> None:
    """Let the named parts of a model learn, less those of ``but``, and freeze all others.

    Names are those of `parts_of`, "prompt encoder" or "decoder".

    Raises:
        ConfigError: a part that the model does not have; ``but`` may name such ones.
    """
    parts = parts_of(model)
    learning = {leaf for name in names for leaf in leaves(name)}
    for name in names:
        if not parts.keys() & set(leaves(name)):
            known = sorted(parts.keys() | _WHOLES.keys())
            msg = f"this model has no {name!r} to train; its parts are {', '.join(known)}"
            raise ConfigError(msg)
    learning -= {leaf for name in but for leaf in leaves(name)}
    for part, parameters in parts.items():
        for parameter in parameters:
            parameter.requires_grad_(part in learning)


def leaves(name: str) -> tuple[str, ...]:
    """The parts that a name stands for: several for "prompt encoder" and "decoder"."""
    return _WHOLES.get(name, (name,))
