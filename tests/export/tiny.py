"""Tiny networks of each family, and their halves in onnxruntime."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import nn

from tests.golden.weight_rule import value
from tests.goldens import manifest, sam_config
from tests.networks import random_network, tiny_config
from vesal.export.agreement import TOLERANCE, opened
from vesal.export.description import Origin
from vesal.export.graph import Arguments, Graph
from vesal.export.write import Exported
from vesal.models.build import Model
from vesal.models.sam_config import SamConfig
from vesal.models.segmenter import Segmenter

ORIGIN = Origin(licence="CC0-1.0", sha256="0" * 64)

# One local and one global block; windows of 3 on grids of 4 and 5, the last one partly filled.
_SAM = SamConfig(
    family="sam",
    ndim=2,
    image_channels=3,
    image_size=80,
    width=32,
    depth=2,
    heads=2,
    window=3,
    global_blocks=(1,),
    prompt_width=32,
)
_SMALL = replace(_SAM, image_size=64)
_CONFIGS: dict[str, SamConfig] = {
    "sam": _SAM,
    "medsam": replace(_SMALL, family="medsam"),
    # All but the image encoder as published, so that one decoder serves the goldens too. Its only
    # block is local: global ones are in SAM-UNet.
    "sam-med2d": replace(
        sam_config("sam-med2d"), width=32, depth=1, heads=2, window=3, global_blocks=()
    ),
    "ft-sam": replace(_SMALL, family="ft-sam"),
    "sam-unet": replace(
        _SMALL, family="sam-unet", branch_depth=34, depth=4, global_blocks=(0, 1, 2, 3)
    ),
    "sam-med3d": replace(
        _SMALL,
        family="sam-med3d",
        ndim=3,
        image_channels=1,
        window=6,
        prompt_width=48,
        point_embeddings=2,
        code_waves=("sin", "cos", "sin"),
        point_axes=(0, 1, 2),
        dense_axes=(1, 0, 2),
        relative_positions="sam-med3d",
    ),
}
FAMILIES = (*_CONFIGS, "vesal-mini")


@cache
def tiny(family: str) -> Model:
    """A network with random weights, biases and norms included."""
    if family == "vesal-mini":
        return random_network(tiny_config()).requires_grad_(False)
    network = Segmenter(_CONFIGS[family])
    if family != "sam-med2d":
        _shorten(network)
    network.eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(0)
    for parameter in network.parameters():
        parameter.copy_(0.2 * torch.randn(parameter.shape, generator=generator))
    if family == "sam-med2d":
        _as_golden(network)
    return network


def _shorten(network: Segmenter) -> None:
    """Leave out layers that repeat others: each step of an export takes its time.

    The goldens of SAM-Med2D need all of its decoder.
    """
    transformer = network.mask_decoder.transformer
    transformer.layers = transformer.layers[:1]
    if network.config.branch_depth:
        for stage in (1, 2, 3, 4):
            blocks = network.resnet.get_submodule(f"stage{stage}")
            setattr(network.resnet, f"stage{stage}", nn.Sequential(next(blocks.children())))


def _as_golden(network: Segmenter) -> None:
    """Give SAM-Med2D the weights of its goldens, but for its small image encoder."""
    weights = {
        key: torch.from_numpy(np.array(value(key, shape)))
        for key, shape in manifest("sam-med2d").items()
        if not key.startswith("image_encoder.")
    }
    missing, unknown = network.load_state_dict(weights, strict=False)
    assert all(key.startswith("image_encoder.") for key in missing)
    assert not unknown


def check_written(halves: tuple[Exported, Exported], family: str) -> None:
    """Two files that say what they are and agree with torch, and nothing beside them."""
    for half, role in zip(halves, ("encoder", "decoder"), strict=True):
        assert half.path.name == f"{family}-{role}.onnx"
        assert half.size_bytes == half.path.stat().st_size
        assert half.difference < TOLERANCE / 50  # rounding, far from what is allowed
        metadata = {p.key: p.value for p in onnx.load(half.path).metadata_props}
        assert metadata["vesal.family"] == tiny(family).config.family
        assert all(path.suffix == ".onnx" for path in half.path.parent.iterdir())


def in_onnxruntime(
    graph: Graph, path: Path, arguments: Arguments
) -> dict[str, NDArray[np.float32]]:
    """What the file gives for the arguments, by name."""
    given = {name: value.numpy() for name, value in graph.named(arguments).items()}
    return dict(zip(graph.outputs, opened(path).run(list(graph.outputs), given), strict=True))
