"""Tests of vesal.training.lora: nothing changes at the start, and merging changes nothing."""

from copy import deepcopy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from tests.networks import random_network, random_prompts, random_window, tiny_config, tiny_sam
from vesal.errors import ConfigError
from vesal.models.promptable_unet import PromptableUNet
from vesal.training.lora import LowRank, is_wrapped, merge, plain_state, wrap

LAYERS = {
    "linear": (nn.Linear(6, 4), (2, 6)),
    "2D": (nn.Conv2d(6, 4, 3, padding=1), (2, 6, 5, 5)),
    "3D": (nn.Conv3d(6, 4, 3, stride=2), (2, 6, 5, 5, 5)),
    "transposed": (nn.ConvTranspose2d(6, 4, 2, stride=2), (2, 6, 5, 5)),
    "transposed 3D": (nn.ConvTranspose3d(6, 4, 2, stride=2, bias=False), (2, 6, 3, 3, 3)),
}


def answer(model: PromptableUNet) -> Tensor:
    """Logits for two clicks and a previous mask."""
    window = random_window((16, 16, 16))
    prompts = random_prompts((16, 16, 16), 2, previous=True)
    with torch.no_grad():
        return model.decode(model.encode(window), prompts).logits


def disturb(parameters: list[nn.Parameter], seed: int = 0) -> None:
    """As if something had been learnt."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in parameters:
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))


@pytest.mark.parametrize("ndim", [2, 3])
def test_a_wrapped_model_begins_as_it_was_to_the_bit(ndim: int) -> None:
    """Each layer, in 2D and 3D."""
    model = random_network(tiny_config(ndim))
    shape = (16,) * ndim
    window, prompts = random_window(shape), random_prompts(shape, 2)
    with torch.no_grad():
        before = model.decode(model.encode(window), prompts).logits
        wrap(model, LowRank(rank=3))
        assert torch.equal(model.decode(model.encode(window), prompts).logits, before)


def test_a_merged_model_answers_as_the_wrapped_one_did() -> None:
    """And has the tensors of the architecture, no more, so that it loads everywhere."""
    plain = random_network(tiny_config())
    model = deepcopy(plain)
    disturb(wrap(model, LowRank(rank=3)))
    wrapped = answer(model)
    assert (wrapped - answer(plain)).abs().max() > 1e-3
    state = plain_state(model)
    merge(model)
    assert not is_wrapped(model)
    for name, tensor in model.state_dict().items():
        assert torch.equal(state.pop(name), tensor)
    assert not state
    assert model.state_dict().keys() == plain.state_dict().keys()
    torch.testing.assert_close(answer(model), wrapped, atol=1e-5, rtol=1e-5)
    PromptableUNet(tiny_config()).load_state_dict(model.state_dict())


@pytest.mark.parametrize("kind", LAYERS)
@given(rank=st.integers(1, 9), scale=st.floats(0.1, 4), seed=st.integers(0, 99))
def test_the_correction_is_of_the_rank_that_was_asked_for(
    kind: str, rank: int, scale: float, seed: int
) -> None:
    """By the singular values of the change, as a matrix with a row an output channel."""
    layer, shape = LAYERS[kind]
    model = nn.Sequential(deepcopy(layer))
    before = layer.get_parameter("weight").detach()
    disturb(wrap(model, LowRank(rank=rank, scale=scale)), seed)
    x = torch.rand(*shape, generator=torch.Generator().manual_seed(seed))
    wrapped = model(x).detach()
    merge(model)
    torch.testing.assert_close(model(x).detach(), wrapped, atol=1e-5, rtol=1e-4)
    change = model[0].get_parameter("weight").detach() - before
    matrix = (change.transpose(0, 1) if "transposed" in kind else change).flatten(1)
    assert torch.linalg.matrix_rank(matrix, rtol=1e-4) == min(rank, *matrix.shape)


def test_only_corrections_learn() -> None:
    """Weights, biases and norms get no gradient; every correction gets one."""
    model = random_network(tiny_config())
    learnt = wrap(model, LowRank(rank=2))
    disturb(learnt)  # with B zero, A has no gradient in the first step
    window, prompts = random_window((16, 16, 16)), random_prompts((16, 16, 16), 2)
    model.decode(model.encode(window), prompts).logits.square().mean().backward()  # type: ignore[no-untyped-call]
    held = {id(parameter) for parameter in learnt}
    for name, parameter in model.named_parameters():
        assert (parameter.grad is not None) == (id(parameter) in held), name
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in learnt)


def test_layers_are_picked_by_name() -> None:
    """Attention of a transformer's blocks, and nothing else."""
    model = tiny_sam()
    wrap(model, LowRank(rank=2, layers=("image_encoder.*.qkv",)))
    wrapped = {name for name, p in model.named_parameters() if p.requires_grad}
    assert len(wrapped) == 2 * model.config.depth
    assert all(".qkv." in name for name in wrapped)
    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        before = model.encode(image).levels[0]
        merge(model)
        assert torch.equal(model.encode(image).levels[0], before)


def test_a_pattern_that_names_no_layer_is_refused() -> None:
    """A typo would leave nothing to learn."""
    with pytest.raises(ConfigError, match="named attention"):
        wrap(random_network(tiny_config()), LowRank(layers=("attention",)))


@pytest.mark.parametrize("wrong", [{"rank": 0}, {"scale": 0.0}, {"scale": float("nan")}])
def test_numbers_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    """One sentence."""
    with pytest.raises(ConfigError, match="rank must be at least 1"):
        LowRank(**wrong)  # type: ignore[arg-type]
