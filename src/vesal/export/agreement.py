"""Whether an ONNX file computes what torch computes."""

from pathlib import Path

import onnxruntime
import torch
from onnxruntime.capi.onnxruntime_pybind11_state import (
    Fail,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
    RuntimeException,
)
from onnxruntime.capi.onnxruntime_pybind11_state import NotImplemented as Unsupported

from vesal.errors import ResourceError
from vesal.export.graph import Arguments, Asked, Graph

TOLERANCE = 1e-3
"""Of the largest value of an output, or of 1 where that is larger."""

_TRIED = (
    Asked(sets=1, points=1, image=(300, 200)),
    Asked(sets=1, points=2, image=(37, 53)),
    Asked(sets=3, points=5, image=(64, 1)),
)
_REFUSALS = (
    Fail,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
    RuntimeException,
    Unsupported,
)  # they have no base of their own
_ERRORS_ONLY = 3  # of onnxruntime's levels
_SEED = 1


def check(graph: Graph, path: Path) -> float:
    """The largest difference between the file in onnxruntime and torch, on random input.

    Decoders are asked for several numbers of points and of prompt sets.

    Raises:
        ResourceError: onnxruntime cannot run the file, or they differ by more than `TOLERANCE`.
    """
    session = opened(path)
    generator = torch.Generator().manual_seed(_SEED)
    tried = _TRIED if graph.varying else _TRIED[:1]
    return max(_difference(graph, session, graph.random(a, generator)) for a in tried)


def opened(path: Path) -> onnxruntime.InferenceSession:
    """The file in onnxruntime, on the CPU.

    Raises:
        ResourceError: onnxruntime refuses it.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    options.intra_op_num_threads = torch.get_num_threads()
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except _REFUSALS as error:
        msg = f"onnxruntime cannot open {path.name}: {error}; another opset may do"
        raise ResourceError(msg) from error


def _difference(graph: Graph, session: onnxruntime.InferenceSession, arguments: Arguments) -> float:
    """The largest difference over all outputs, relative to the output where it is above 1."""
    wanted = graph.run(arguments)
    given = {name: value.numpy() for name, value in graph.named(arguments).items()}
    try:
        found = session.run(list(graph.outputs), given)
    except _REFUSALS as error:
        msg = f"onnxruntime cannot run the {graph.role}: {error}; another opset may do"
        raise ResourceError(msg) from error
    largest = 0.0
    for name, ours, theirs in zip(graph.outputs, wanted, found, strict=True):
        if tuple(ours.shape) != theirs.shape:
            msg = (
                f"the {graph.role} gives {name} of {theirs.shape} in onnxruntime and "
                f"{tuple(ours.shape)} in torch; nothing was written"
            )
            raise ResourceError(msg)
        scale = max(1.0, float(ours.abs().max()))
        apart = float((torch.from_numpy(theirs) - ours).abs().max()) / scale
        if not apart <= TOLERANCE:  # also where it is NaN
            msg = (
                f"the {graph.role} gives other {name} in onnxruntime than in torch, by {apart:.2g} "
                f"where {TOLERANCE} is allowed; nothing was written, another opset may do"
            )
            raise ResourceError(msg)
        largest = max(largest, apart)
    return largest
