"""A start for training SAM-UNet, whose authors published no weights, from SAM and ImageNet.

SAM gives the image encoder, the prompt encoder and the layers of the decoder that stay;
torchvision's ResNet gives the branch beside it. What joins them begins at random.
"""

from dataclasses import replace
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from vesal.checkpoints.archive import Archive, open_archive
from vesal.checkpoints.convert import Conversion
from vesal.checkpoints.report import compared
from vesal.checkpoints.resize import resized
from vesal.checkpoints.tensors import check_fit, read_tensors, wanted_by
from vesal.checkpoints.weights import WeightsFile, open_weights
from vesal.checkpoints.write import write_safetensors
from vesal.errors import CheckpointError, ConfigError
from vesal.models.build import build
from vesal.models.sam_config import SamConfig

_DROPPED = (  # SAM's answers, in whose place SAM-UNet has one token and one head of its own
    "mask_decoder.iou_token.",
    "mask_decoder.mask_tokens.",
    "mask_decoder.output_hypernetworks_mlps.",
    "mask_decoder.iou_prediction_head.",
)
_IMAGE_SIZE = 256
_PREFIXES = {"conv1.": "resnet.stage0.0.", "bn1.": "resnet.stage0.1."} | {
    f"layer{stage}.": f"resnet.stage{stage}." for stage in (1, 2, 3, 4)
}
_BRANCH = "resnet."
_CLASSIFIER = "fc."
_BOTTLENECK = "layer1.0.conv3.weight"
_COUNTER = ".num_batches_tracked"
_RESHAPERS = "adapters_in."


def assemble(sam: Path, resnet: Path, target: Path, *, seed: int = 0) -> Conversion:
    """Write a SAM-UNet made of a SAM file and a ResNet-34 or -50 file of torchvision.

    Args:
        sam: the authors took ViT-B; its positions are resized to 256 pixels.
        resnet: as torchvision saves it.
        target: the safetensors file to write.
        seed: of the layers that neither file has.

    Raises:
        ConfigError: a target that is not to be safetensors, a SAM with other than four global
            blocks.
        CheckpointError: a file is damaged or not what it should be.
        ResourceError: the disk refuses.
    """
    if target.suffix != ".safetensors":
        msg = f"a start for training is written as .safetensors, got {target.name!r}"
        raise ConfigError(msg)
    vit = open_weights(sam, "sam")
    vit_config = cast("SamConfig", vit.config)  # as the family says
    archive = open_archive(resnet)
    depth = 50 if _BOTTLENECK in archive.tensors else 34
    config = replace(vit_config, family="sam-unet", image_size=_IMAGE_SIZE, branch_depth=depth)
    branch = _branch(archive, config)
    check_fit(vit)
    _, tensors, notes = resized(vit_config, dict(read_tensors(vit)), config.image_size)
    kept = {key: tensor for key, tensor in tensors.items() if not key.startswith(_DROPPED)}
    found = kept | dict(read_tensors(branch))
    start = _start(config, seed)
    new = sorted(set(start) - set(found))
    notes += (
        f"{len(tensors) - len(kept)} tensors of SAM's own answers left out",
        f"{len(new)} tensors at random with seed {seed}, in {', '.join(_parts(new))}",
    )
    write_safetensors(target, config, start | found, notes)
    return Conversion(config=config, tensors=len(start), notes=notes)


def _branch(archive: Archive, config: SamConfig) -> WeightsFile:
    """The ResNet's tensors under the names that they have in SAM-UNet."""
    tensors = {
        _renamed(name): tensor
        for name, tensor in archive.tensors.items()
        if not name.startswith(_CLASSIFIER)
    }
    wanted = {n: w for n, w in wanted_by(config).items() if n.startswith(_BRANCH)}
    report = compared(wanted, tensors)
    # Files of 2018 lack the counters of the normalisation, which nothing reads.
    counters = {name for name in report.missing if name.endswith(_COUNTER)}
    report = replace(report, missing=tuple(n for n in report.missing if n not in counters))
    if not report.fits:
        msg = f"{archive.path} is no ResNet-34 or -50 of torchvision: {report.sentence()}"
        raise CheckpointError(msg)
    return WeightsFile(archive=replace(archive, tensors=tensors), config=config)


def _renamed(name: str) -> str:
    for theirs, ours in _PREFIXES.items():
        if name.startswith(theirs):
            return ours + name.removeprefix(theirs)
    return name


def _start(config: SamConfig, seed: int) -> dict[str, Tensor]:
    """All tensors as training from nothing would begin with them."""
    with torch.random.fork_rng(devices=[]):  # the caller's random numbers stay as they are
        torch.manual_seed(seed)
        model = build(config)
        for name, parameter in model.named_parameters():
            if not name.startswith(_RESHAPERS):
                continue
            if parameter.ndim > 1:  # SAM-UNet's reshapers: Kaiming, fan out, for ReLU; no bias
                nn.init.kaiming_normal_(parameter, mode="fan_out", nonlinearity="relu")
            elif name.endswith(".bias"):
                nn.init.zeros_(parameter)
    return dict(model.state_dict())


def _parts(names: list[str]) -> list[str]:
    """The modules that the tensors belong to: the first word, the second too inside the decoder."""
    return sorted({".".join(n.split(".")[: 1 + n.startswith("mask_decoder.")]) for n in names})
