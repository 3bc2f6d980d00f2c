"""Where a run computes: one processor, one GPU, or many processes on many machines."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy

from vesal.errors import ResourceError


def launched(
    precision: str, *, accelerator: str = "auto", devices: int = 1, nodes: int = 1
) -> Fabric:
    """The processes of a run, started; each of them goes on from here.

    torchrun and Slurm, which start processes themselves, are recognised. Other processes are made
    by running this program's command again.

    Args:
        precision: "32-true", "bf16-mixed" or "16-mixed".
        accelerator: "cpu", "gpu", or "auto" for a GPU where there is one.
        devices: processes on each machine.
        nodes: machines.

    Raises:
        ResourceError: no such device, or a number format that it has not.
    """
    gpu = torch.cuda.is_available()
    if accelerator == "gpu" and not gpu:
        raise ResourceError("there is no GPU that torch can use: leave the accelerator out")
    kind = "cuda" if gpu and accelerator != "cpu" else "cpu"
    if precision == "16-mixed" and kind == "cpu":
        raise ResourceError("16-mixed needs a GPU: take bf16-mixed or 32-true on a CPU")
    if kind == "cuda" and devices > torch.cuda.device_count():
        msg = f"{devices} GPUs were asked for, there are {torch.cuda.device_count()}"
        raise ResourceError(msg)
    several = devices * nodes > 1
    # Lessons leave parts of a model out at times: a step without a box has no use for its layers.
    strategy = DDPStrategy(find_unused_parameters=True) if several else "auto"
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it greets from each process
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its advice on hardware that is there and not asked for
        fabric = Fabric(
            accelerator=kind,
            devices=devices,
            num_nodes=nodes,
            strategy=strategy,
            precision=precision,  # type: ignore[arg-type]  # one of `settings.PRECISIONS`
        )
        fabric.launch()
    return fabric


@contextmanager
def together(fabric: Fabric) -> Iterator[None]:
    """Says in words what it means when another process of the run is gone.

    Raises:
        ResourceError: the others cannot be reached any more.
    """
    try:
        yield
    except RuntimeError as error:
        lost = any(word in str(error).lower() for word in ("gloo", "nccl", "connection"))
        if fabric.world_size == 1 or not lost:
            raise
        msg = (
            "another process of this training has ended, and took its part of the gradient with "
            "it; start again, which goes on from the last checkpoint"
        )
        raise ResourceError(msg) from error
