"""Half of a model to an ONNX file.

Two things that onnxscript 0.7.2 does are undone or kept out here, both found by comparing numbers:
its rule that drops a reshape before a matrix product (`one_reshape_matmul_reshape_rule`) also drops
one that merges axes, which moved SAM's embedding by 0.03; and a Conv3d without bias gets one of the
wrong shape. So its rewriting is left out, constants are folded, and biases of zeros removed. What
remains is left to the optimiser of whatever runs the file.
"""

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import torch
from onnx_ir.passes.common import ClearMetadataAndDocStringPass
from onnxscript import ir, optimizer, rewriter
from onnxscript.rewriter.rules import common

from vesal.errors import ConfigError
from vesal.export.graph import Asked, Graph

OPSETS = range(18, 24)
"""Versions of ONNX's operators that the exporter can write."""

_ASKED = Asked(sets=2, points=3)  # not 1: an axis of one would be taken as fixed
_MOST_BYTES = 2_000_000_000  # of weights inside a file, which may have 2 GiB
_SEED = 0


def check_opset(opset: int) -> None:
    """Refuse a version that cannot be written.

    Raises:
        ConfigError: with those that can.
    """
    if opset not in OPSETS:
        msg = f"the opset must be {OPSETS.start} to {OPSETS.stop - 1}, got {opset}"
        raise ConfigError(msg)


def converted(graph: Graph, opset: int) -> ir.Model:
    """The half as an ONNX model, without the paths and code of this machine in it.

    Raises:
        ConfigError: an operator that this model needs is not in that version.
    """
    example = graph.random(_ASKED, torch.Generator().manual_seed(_SEED))
    with torch.no_grad(), _quiet():
        written = torch.onnx.export(
            graph.module,
            example,
            dynamo=True,
            optimize=False,
            verbose=False,
            opset_version=opset,
            input_names=graph.inputs,
            output_names=graph.outputs,
            dynamic_shapes=graph.varying,
        )
    model = cast("torch.onnx.ONNXProgram", written).model
    possible = model.opset_imports[""]
    if possible != opset:
        msg = f"this model cannot be written with opset {opset}: take {possible}"
        raise ConfigError(msg)
    optimizer.fold_constants(model)
    rewriter.rewrite(model, [common.remove_optional_bias_from_conv_rule])
    optimizer.remove_unused_nodes(model)
    ClearMetadataAndDocStringPass()(model)
    return model


def save(model: ir.Model, path: Path, metadata: Mapping[str, str]) -> None:
    """Write the model; weights of more than 2 GB go into ``<path>.data`` beside it."""
    model.producer_name = "vesal"
    model.metadata_props.update(metadata)
    weights = sum(v.const_value.nbytes for v in model.graph.initializers.values() if v.const_value)
    outside = f"{path.name}.data" if weights > _MOST_BYTES else None
    ir.save(model, path, external_data=outside)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back the exporter's remarks on itself: deprecations, and that torchvision is missing."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
