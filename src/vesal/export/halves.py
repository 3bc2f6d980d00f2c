"""The two halves of a model of any family, with the names of their inputs and outputs."""

import torch
from torch import Tensor

from vesal.errors import ConfigError
from vesal.export.graph import POINTS, SETS, Arguments, Asked, Graph, random_prompts
from vesal.export.sam_graphs import PlaneDecoder, SamEncoder, VolumeDecoder
from vesal.export.unet_graphs import UNetDecoder, UNetEncoder
from vesal.models.build import Model
from vesal.models.promptable_unet import PromptableUNet
from vesal.models.segmenter import Segmenter

IMAGE = "input_image"
_PROMPTS = ("point_coords", "point_labels", "mask_input", "has_mask_input")
_SIZE = "orig_im_size"


def halves(model: Model, *, single_mask: bool = False) -> tuple[Graph, Graph]:
    """The encoder and the decoder.

    Args:
        model: of any family.
        single_mask: whether the decoder chooses one mask of four by SAM's rule.

    Raises:
        ConfigError: ``single_mask`` for a model with a single mask.
    """
    if single_mask and not scored(model):
        msg = (
            f"{model.config.family} gives one mask anyway; leave the choice of a single mask out, "
            "which is for models that give four"
        )
        raise ConfigError(msg)
    if isinstance(model, PromptableUNet):
        return _unet_encoder(model), _unet_decoder(model)
    return _sam_encoder(model), _sam_decoder(model, single_mask=single_mask)


def scored(model: Model) -> bool:
    """Whether the decoder gives four masks and their scores."""
    if isinstance(model, PromptableUNet) or model.config.branch_depth:
        return False
    return model.config.ndim == 2 and model.config.capabilities.trained_score


def _sam_encoder(network: Segmenter) -> Graph:
    config = network.config
    shape = (config.image_channels, *[config.image_size] * config.ndim)
    return Graph(
        role="encoder",
        module=SamEncoder(network).eval(),
        inputs=(IMAGE,),
        outputs=_levels(network),
        random=lambda _, generator: (torch.randn(1, *shape, generator=generator),),
    )


def _sam_decoder(network: Segmenter, *, single_mask: bool) -> Graph:
    config = network.config
    volume = config.ndim == 3
    module = VolumeDecoder(network) if volume else PlaneDecoder(network, single_mask=single_mask)
    sizes = () if volume else (_SIZE,)
    scores = ("iou_predictions",) if scored(network) else ()
    return Graph(
        role="decoder",
        module=module.eval(),
        inputs=(*_levels(network), *_PROMPTS, *sizes),
        outputs=("masks", *scores, "low_res_masks"),
        random=lambda asked, generator: _sam_arguments(network, asked, generator),
        varying=_varying(len(_levels(network)), sizes=len(sizes)),
    )


def _sam_arguments(network: Segmenter, asked: Asked, generator: torch.Generator) -> Arguments:
    config = network.config
    levels = _noise(network, generator)
    mask = (config.mask_size,) * config.ndim
    prompts = random_prompts(asked, config.ndim, mask, config.image_size, generator)
    if config.ndim == 3:
        return (levels, *prompts)
    return (levels, *prompts, torch.tensor(asked.image, dtype=torch.float32))


def _noise(network: Segmenter, generator: torch.Generator) -> tuple[Tensor, ...]:
    config = network.config
    shapes = [(config.prompt_width, config.grid)]
    if config.branch_depth:
        shapes.append((config.prompt_width // 8, config.mask_size))
    return tuple(
        torch.randn(1, width, *[side] * config.ndim, generator=generator) for width, side in shapes
    )


def _levels(network: Segmenter) -> tuple[str, ...]:
    return ("image_embeddings", *(("image_detail",) if network.config.branch_depth else ()))


def _unet_encoder(network: PromptableUNet) -> Graph:
    config = network.config
    shape = (config.image_channels, *[config.window] * config.ndim)
    return Graph(
        role="encoder",
        module=UNetEncoder(network).eval(),
        inputs=(IMAGE,),
        outputs=_unet_levels(network),
        random=lambda _, generator: (2 * torch.rand(1, *shape, generator=generator) - 1,),
    )


def _unet_decoder(network: PromptableUNet) -> Graph:
    config = network.config
    encoder = _unet_encoder(network)

    def random(asked: Asked, generator: torch.Generator) -> Arguments:
        levels = encoder.run(encoder.random(asked, generator))  # a guide is not noise
        window = (config.window,) * config.ndim
        prompts = random_prompts(asked, config.ndim, window, config.window, generator)
        return (levels, *prompts)

    return Graph(
        role="decoder",
        module=UNetDecoder(network).eval(),
        inputs=(*_unet_levels(network), *_PROMPTS),
        outputs=("masks",),
        random=random,
        varying=_varying(len(_unet_levels(network))),
    )


def _unet_levels(network: PromptableUNet) -> tuple[str, ...]:
    return ("guide", *(f"level_{i}" for i in range(len(network.config.widths))))


def _varying(levels: int, sizes: int = 0) -> tuple[object, ...]:
    """The axes that vary of each argument of a decoder."""
    points: tuple[object, ...] = ({0: SETS, 1: POINTS}, {0: SETS, 1: POINTS}, {0: SETS}, {})
    return ((({},) * levels), *points, *[{}] * sizes)
