"""What a file says of itself, so that whoever finds it can use it: metadata of the ONNX model."""

from dataclasses import dataclass
from importlib.metadata import version

from vesal.export.graph import Graph
from vesal.inference.habits import HABITS
from vesal.models.config import ModelConfig, to_json
from vesal.models.sam_config import SamConfig
from vesal.models.unet_config import PromptableUNetConfig

_MEAN = "less (123.675, 116.28, 103.53), over (58.395, 57.12, 57.375)"
_IMAGES = {
    "longest": "red, green, blue of 0 to 255; longest side to {size} by a bilinear filter that "
    f"averages where it reduces; {_MEAN}; zeros below and to the right",
    "padded": f"red, green, blue of 0 to 255, {_MEAN}; nearest pixel to {{size}} x {{size}}, "
    "sides stretched",
    "stretched": "red, green, blue; bicubic to {size} x {size}, sides stretched; less the slice's "
    "minimum, over its range",
}
_CUBE = (
    "cubic voxels of 1.5 mm, axes to right, front, head; {size} an axis around the click, 0 "
    "outside; less the mean, over the deviation of voxels above 0"
)
_WINDOW = (
    "cubic voxels, {size} an axis; first channel: intensity scaled from percentile 0.5 to 99.5 to "
    "-1 to 1; second: its rank in the window, -1 to 1"
)
_PLANE_POINTS = (
    "(x, y) in pixels of the model's square; labels 1 inside, 0 outside, 2 and 3 the corners of a "
    "box; without a box add (0, 0) labelled -1"
)
_SPACE_POINTS = (
    "voxel indices in the order of the axes; labels 1 inside, 0 outside, -1 padding; nothing to add"
)
_PREVIOUS = {
    "logits": "low_res_masks of the last answer",
    "probabilities": "the sigmoid of low_res_masks of the last answer",
    "none": "not trained: leave has_mask_input 0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the weights come from."""

    licence: str
    sha256: str
    """Of the tensors, as `vesal weights info` shows it."""


def described(graph: Graph, config: ModelConfig, origin: Origin) -> dict[str, str]:
    """The metadata of one half."""
    facts = {
        "version": version("vesal"),
        "role": graph.role,
        "family": config.family,
        "config": to_json(config),
        "image": _image(config),
        "licence": f"of the weights: {origin.licence}",
        "weights_sha256": origin.sha256,
    }
    if graph.role == "decoder":
        facts |= {
            "points": _PLANE_POINTS
            if isinstance(config, SamConfig) and config.ndim == 2
            else _SPACE_POINTS,
            "mask_input": _mask_input(config),
            "masks": "logits; above 0 is inside",
        }
    return {f"vesal.{key}": value for key, value in facts.items()}


def _image(config: ModelConfig) -> str:
    if isinstance(config, PromptableUNetConfig):
        return _WINDOW.format(size=config.window)
    if config.ndim == 3:
        return _CUBE.format(size=config.image_size)
    return _IMAGES[HABITS[config.family].fit].format(size=config.image_size)


def _mask_input(config: ModelConfig) -> str:
    if isinstance(config, PromptableUNetConfig):
        return "masks of the last answer, with has_mask_input 1"
    if config.ndim == 3:
        return f"{_PREVIOUS['logits']}, with has_mask_input 1; give it the newest point alone"
    return _PREVIOUS[HABITS[config.family].previous]
