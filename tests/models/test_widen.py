"""Tests of vesal.models.widen and of what begins with it."""

from pathlib import Path

import pytest
import torch

from vesal.checkpoints.load import save_model
from vesal.errors import CheckpointError
from vesal.models import nd
from vesal.models.promptable import PromptTensors
from vesal.models.promptable_unet import PromptableUNet
from vesal.models.unet_config import PromptableUNetConfig
from vesal.models.widen import widened
from vesal.training.begin import begun


def test_a_wider_network_answers_as_the_narrow_one() -> None:
    """Copies of channels change nothing."""
    torch.manual_seed(0)
    narrow = PromptableUNet(PromptableUNetConfig(widths=(8, 16), groups=8, window=16))
    wide = PromptableUNet(PromptableUNetConfig(widths=(16, 16), groups=8, window=16))
    wide.load_state_dict(widened(narrow.state_dict(), wide.state_dict(), seed=0))
    image = torch.rand(1, 2, 16, 16, 16)
    prompts = PromptTensors(points=torch.tensor([[[5.0, 8, 8]]]), labels=torch.tensor([[1]]))
    with torch.inference_mode():
        expected = narrow.decode(narrow.encode(image), prompts).logits
        found = wide.decode(wide.encode(image), prompts).logits
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_a_training_can_begin_with_a_narrower_network(tmp_path: Path) -> None:
    """Copies differ in what reads them; channels that do not divide are refused."""
    torch.manual_seed(0)
    config = PromptableUNetConfig(widths=(8, 16), window=16)
    save_model(PromptableUNet(config), tmp_path / "narrow.safetensors")
    wide = PromptableUNetConfig(widths=(16, 32), window=32)
    model, notes = begun(wide, 0, tmp_path / "narrow.safetensors")
    assert model.config == wide
    assert "begin as copies" in notes[0]
    kernels = model.get_parameter("image_down.0.weight")
    assert not torch.allclose(kernels[:, 0], kernels[:, 1])
    torch.testing.assert_close(kernels[0], kernels[1])
    uneven = PromptableUNetConfig(widths=(16, 24), window=16)
    with pytest.raises(CheckpointError, match="not of this recipe's network"):
        begun(uneven, 0, tmp_path / "narrow.safetensors")


@pytest.mark.parametrize("depth", [1, 2, 8])
def test_bfloat16_leaves_the_gradients_of_a_strided_convolution(depth: int) -> None:
    """In slices, too, where torch's own are wrong on some CPUs."""
    torch.manual_seed(0)
    layer = nd.conv(3, 32, 64, stride=2)
    layer.weight.data = nd.fast_layout(layer.weight.data)
    x = nd.fast_layout(torch.randn(2, 32, 16, 16, depth))
    found = []
    for single in (True, False):
        layer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=not single):
            out = nd.downsampled(layer, x)
        out.float().square().mean().backward()  # type: ignore[no-untyped-call]
        assert layer.weight.grad is not None
        found.append(layer.weight.grad.clone())
    assert (found[0] - found[1]).norm() < 0.02 * found[0].norm()
