"""Golden numbers of the reference models, and our models filled with the same weights."""

import json
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tests.golden.weight_rule import value
from vesal.checkpoints.tensors import empty
from vesal.models.sam_config import SamConfig
from vesal.models.segmenter import Segmenter
from vesal.models.zoo import ZOO

GOLDEN = Path(__file__).parent / "golden"
_WRAPPERS = ("sam_img_encoder.", "sam_prompt_encoder.", "sam_mask_decoder.")  # of SAM-UNet

MANIFESTS = {
    "sam-vit-b": "sam/manifest.json",
    "sam-vit-l": "sam/manifest_vit_l_1024.json",
    "sam-vit-h": "sam/manifest_vit_h_1024.json",
    "ft-sam": "sam_med2d/manifest_no_adapter.json",
    "sam-med2d": "sam_med2d/manifest.json",
    "sam-unet-34": "sam_unet/manifest_res34.json",
    "sam-unet-50": "sam_unet/manifest_res50.json",
    "sam-med3d": "sam_med3d/manifest.json",
}
"""Name in the zoo to the list of keys of its reference."""


@cache
def arrays(name: str) -> dict[str, NDArray[Any]]:
    """The arrays of ``<family>/<file>.npz``."""
    with np.load(GOLDEN / f"{name}.npz") as file:
        return {key: file[key] for key in file.files}


@cache
def record(name: str) -> Any:
    """What ``<family>/<file>.json`` holds."""
    return json.loads((GOLDEN / f"{name}.json").read_text())


def sam_config(name: str) -> SamConfig:
    """The config of a published model."""
    return cast("SamConfig", ZOO[name])


def manifest(name: str) -> dict[str, tuple[int, ...]]:
    """Key, as in the reference's files, to shape."""
    listed = json.loads((GOLDEN / MANIFESTS[name]).read_text())
    return {
        key: tuple(entry["shape"] if isinstance(entry, dict) else entry[0])
        for key, entry in listed.items()
    }


def canonical(key: str) -> str:
    """A key of a reference's file as our network has it."""
    for wrapper in _WRAPPERS:
        key = key.replace(wrapper, "")
    return key


def golden_network(name: str) -> Segmenter:
    """Our network with the weights that the goldens were made with."""
    network = empty(sam_config(name))
    assert isinstance(network, Segmenter)
    weights = {
        canonical(key): torch.from_numpy(np.array(value(key, shape)))
        for key, shape in manifest(name).items()
    }
    network.load_state_dict(weights, assign=True)
    return network.requires_grad_(False).eval()


def normal(seed: int, *shape: int) -> Tensor:
    """Standard normal numbers, float32, as every golden input is made."""
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


class Stages:
    """Outputs of a network's modules, caught by name (``name:i`` of several) while it runs."""

    def __init__(self, network: nn.Module, names: list[str]) -> None:
        self.caught: dict[str, Tensor] = {}
        self._hooks = [
            network.get_submodule(name).register_forward_hook(self._catch(name)) for name in names
        ]

    def __enter__(self) -> dict[str, Tensor]:
        return self.caught

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def _catch(self, name: str) -> Any:
        def hook(_module: nn.Module, _inputs: object, output: Tensor | tuple[Tensor, ...]) -> None:
            several = output if isinstance(output, tuple) else ()
            for i, part in enumerate(several):
                self.caught[f"{name}:{i}"] = part.detach().clone()
            if isinstance(output, Tensor):
                self.caught[name] = output.detach().clone()

        return hook


def assert_sampled(x: Tensor, idx: Any, val: Any, atol: float) -> None:
    """The array's values at flat indices are the golden ones."""
    found = x.contiguous().flatten().numpy()[np.asarray(idx)]
    np.testing.assert_allclose(found, np.asarray(val), rtol=0, atol=atol)


def assert_entry(x: Tensor, entry: dict[str, Any], atol: float | None = None) -> None:
    """Shape, statistics and samples of an array are those of a golden entry.

    Without a tolerance: 1e-3 of the largest value, as the README states for a block's output.
    """
    tolerance = 1e-3 * entry["absmax"] if atol is None else atol
    assert list(x.shape) == entry["shape"]
    values = x.double()
    assert abs(float(values.mean()) - entry["mean"]) < tolerance
    assert abs(float(values.std(unbiased=False)) - entry["std"]) < tolerance
    assert_sampled(x, entry["idx"], entry["val"], tolerance)
