"""A widened network says what the narrow one says."""

import torch

from vesal.models.promptable import PromptTensors
from vesal.models.promptable_unet import PromptableUNet
from vesal.models.unet_config import PromptableUNetConfig
from vesal.models.widen import widened


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
