"""How each published family names its tensors and wraps them in its files.

vesal's own names are SAM's. Only SAM-UNet differs: it keeps SAM's parts inside modules of its own,
which puts another word into their names. Each rule below is one to one, so that a file can be
written again as it was.
"""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from vesal.checkpoints.torch_file import BARE
from vesal.errors import CheckpointError

_MODEL = "model"
CONTAINERS: dict[str, str] = {
    "sam": BARE,
    "medsam": BARE,
    "sam-med2d": _MODEL,
    "ft-sam": _MODEL,  # of the same training script as SAM-Med2D
    "sam-unet": _MODEL,
    "sam-med3d": "model_state_dict",
}
"""The key under which a family's files hold the tensors."""

_SAM_UNET = "sam-unet"
_SAM_UNET_PREFIXES = (  # ours, theirs
    ("image_encoder.", "image_encoder.sam_img_encoder."),
    ("prompt_encoder.", "prompt_encoder.sam_prompt_encoder."),
    ("mask_decoder.transformer.", "mask_decoder.sam_mask_decoder.transformer."),
    ("mask_decoder.output_upscaling.", "mask_decoder.sam_mask_decoder.output_upscaling."),
)

Value = TypeVar("Value")


def canonical(tensors: Mapping[str, Value]) -> dict[str, Value]:
    """The tensors under vesal's names, whatever family they are of.

    Raises:
        CheckpointError: two of them have the same name then.
    """
    return _renamed(tensors, [(theirs, ours) for ours, theirs in _SAM_UNET_PREFIXES])


def foreign(family: str, tensors: Mapping[str, Value]) -> dict[str, Value]:
    """The tensors under the family's own names; undoes `canonical`."""
    return _renamed(tensors, _SAM_UNET_PREFIXES if family == _SAM_UNET else ())


def _renamed(tensors: Mapping[str, Value], prefixes: Iterable[tuple[str, str]]) -> dict[str, Value]:
    rules = tuple(prefixes)
    renamed: dict[str, Value] = {}
    for name, value in tensors.items():
        rule = next((rule for rule in rules if name.startswith(rule[0])), ("", ""))
        target = rule[1] + name.removeprefix(rule[0])
        if target in renamed:
            msg = f"two tensors would be named {target}; one of them has to go"
            raise CheckpointError(msg)
        renamed[target] = value
    return renamed
