"""Tests of vesal.models.automatic and vesal.models.unetr."""

import sys
from dataclasses import replace

import pytest
import torch

from tests.automatics import automatic_config, tiny_automatic
from vesal.checkpoints.tensors import empty
from vesal.errors import ResourceError
from vesal.models.automatic import Automatic
from vesal.models.build import build
from vesal.models.sam_config import SamConfig
from vesal.models.segmenter import Segmenter
from vesal.models.zoo import ZOO


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("kind", ["unet", "sam"])
def test_a_window_gets_a_logit_for_each_class_and_voxel(kind: str, ndim: int) -> None:
    """Both encoders, both numbers of axes, one shape of answer."""
    model = tiny_automatic(kind, ndim=ndim)
    assert model(torch.randn(2, 1, *[32] * ndim)).shape == (2, 3, *[32] * ndim)


@pytest.mark.parametrize("kind", ["unet", "sam"])
def test_every_weight_has_a_say_in_the_answer(kind: str) -> None:
    """None is carried along for nothing: training over several processes would stop at one."""
    model = build(automatic_config(kind)).train()
    model(torch.randn(1, 1, 32, 32, 32)).square().mean().backward()
    idle = [
        name
        for name, weight in model.named_parameters()
        if weight.grad is None or not weight.grad.abs().sum() > 0
    ]
    assert idle == []


def test_the_encoder_sees_what_it_saw_in_the_promptable_model() -> None:
    """UNETR gets the very tokens and embedding of the segmenter with these weights."""
    config = automatic_config("sam")
    assert isinstance(config.encoder, SamConfig)
    whole, model = Segmenter(config.encoder).eval(), Automatic(config).eval()
    model.encoder.load_state_dict(whole.image_encoder.state_dict())
    image = torch.randn(1, 1, 32, 32, 32)
    seen: list[torch.Tensor] = []
    model.decoder.register_forward_pre_hook(lambda _module, given: seen.append(given[1]))
    with torch.inference_mode():
        model(image)
        assert torch.equal(seen[0], whole.encode(image).levels[0])


def test_the_intensity_itself_counts_beside_its_rank() -> None:
    """Two windows that differ in scale alone are the same to vesal-mini's encoder, not to this."""
    model = tiny_automatic()
    image = torch.randn(1, 1, 32, 32, 32)
    with torch.inference_mode():
        assert not torch.allclose(model(image), model(2 * image + 1), atol=1e-3)


@pytest.mark.parametrize("window", [(8, 24, 16), (16, 16, 1)])
def test_windows_need_not_be_cubes_for_a_network_of_convolutions(window: tuple[int, ...]) -> None:
    """Thick slices want flat windows; the middle axis may be the long one."""
    window = tuple(8 if side == 1 else side for side in window)
    model = build(replace(automatic_config(), window=window))
    assert model(torch.randn(1, 1, *window)).shape == (1, 3, *window)


def test_a_sam_med3d_of_full_size_is_built_without_memory() -> None:
    """UNETR as in MONAI: 16 channels at full resolution, 4 million weights beside the encoder."""
    config = replace(
        automatic_config("sam", side=128), encoder=ZOO["sam-med3d"], window=(128,) * 3, features=16
    )
    model = empty(config)
    weights = sum(p.numel() for p in model.decoder.parameters())
    assert 3e6 < weights < 6e6
    assert all(p.is_meta for p in model.parameters())


def test_without_monai_a_vit_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """And vesal-mini's encoder works without it."""
    for name in [n for n in sys.modules if n == "monai" or n.startswith("monai.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "vesal.models.unetr", raising=False)
    monkeypatch.setitem(sys.modules, "monai", None)
    with pytest.raises(ResourceError, match=r"needs monai.*pip install 'vesal\[train\]'"):
        build(automatic_config("sam"))
    build(automatic_config())
