"""Tests of vesal.models.promptable_unet: what must hold whatever the weights are."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.networks import random_network, random_prompts, random_window, tiny_config
from vesal.models import nd
from vesal.models.promptable import PADDING_LABEL, PromptTensors
from vesal.models.promptable_unet import PromptableUNet
from vesal.models.unet_config import PromptableUNetConfig

VOLUME, SLICE = (16, 24, 8), (16, 24, 1)
WINDOWS = pytest.mark.parametrize("shape", [VOLUME, SLICE], ids=["volume", "slice"])
MOST_PARAMETERS = 8_000_000
GOLDEN = [-0.1091, 1.2751, -1.8670, -0.6473, -1.5477, 0.1571]
"""Mean, spread and four logits of the rule's network; new ones need new weights."""


@pytest.fixture(scope="module")
def network() -> PromptableUNet:
    """A tiny network with random weights."""
    return random_network(tiny_config())


def seen(
    network: PromptableUNet, name: str, shape: tuple[int, ...], prompts: PromptTensors
) -> Tensor:
    """What reaches a layer of the network in one answer."""
    caught: list[Tensor] = []
    layer = network.get_submodule(name)
    hook = layer.register_forward_pre_hook(lambda _, inputs: caught.append(inputs[0]))
    network.decode(network.encode(random_window(shape)), prompts)
    hook.remove()
    return caught[0].detach()


@pytest.mark.parametrize(
    "shape",
    [
        (32, 32, 32),
        (48, 48, 48),
        (64, 64, 64),
        (64, 64, 1),
        (128, 128, 1),
        (32, 48, 64),
        (1, 64, 32),
    ],
    ids=str,
)
def test_logits_lie_on_the_grid_of_the_window(shape: tuple[int, ...]) -> None:
    """For the windows of training and of use, slices too, the batch first."""
    config = replace(tiny_config(), widths=(8, 8, 8, 8), slice_window=32)
    network = random_network(config)
    with torch.inference_mode():
        embedding = network.encode(random_window(shape))
        logits = network.decode(embedding, random_prompts(shape, 2)).logits
    assert tuple(logits.shape) == (1, 1, *shape)
    assert torch.isfinite(logits).all()
    for level, features in enumerate(embedding.levels, start=1):
        assert tuple(features.shape[2:]) == tuple(max(1, n // 2**level) for n in shape)


def test_a_network_for_rasters_works_in_two_axes() -> None:
    """The same class with ndim 2; no layer is written for one dimension only."""
    network = random_network(tiny_config(ndim=2))
    logits = network.decode(
        network.encode(random_window((24, 16), batch=2)),
        random_prompts((24, 16), 3, batch=2, previous=True),
    ).logits
    assert tuple(logits.shape) == (2, 1, 24, 16)


def test_the_shipped_size_is_small_and_works_on_its_window() -> None:
    """At most eight million weights; one click on a window of 64 voxels an axis."""
    config = PromptableUNetConfig()
    network = PromptableUNet(config).eval()
    assert sum(p.numel() for p in network.parameters()) <= MOST_PARAMETERS
    shape = (config.window,) * 3
    with torch.inference_mode():
        logits = network.decode(
            network.encode(random_window(shape)), random_prompts(shape, 1)
        ).logits
    assert tuple(logits.shape) == (1, 1, *shape)


def test_a_slice_is_encoded_as_a_slab_of_two_equal_slices(network: PromptableUNet) -> None:
    """The same weights serve 2D and 3D, to the bit."""
    image = random_window(SLICE)
    one = network.encode(image).levels
    two = network.encode(torch.cat([image, image], dim=-1)).levels
    for a, b in zip(one, two, strict=True):
        assert torch.equal(a, b)


@WINDOWS
def test_many_prompts_at_once_give_what_each_gives_alone(
    network: PromptableUNet, shape: tuple[int, ...]
) -> None:
    """One encoded window, expanded: no prompt sees its neighbour in the batch (float tolerance)."""
    together = random_prompts(shape, 3, batch=4, previous=True)
    embedding = network.encode(random_window(shape))
    batch = network.decode(embedding.expanded(4), together).logits
    assert together.previous is not None
    for i in range(4):
        alone = PromptTensors(
            points=together.points[i : i + 1],
            labels=together.labels[i : i + 1],
            previous=together.previous[i : i + 1],
        )
        torch.testing.assert_close(
            network.decode(embedding, alone).logits[0], batch[i], rtol=1e-4, atol=1e-4
        )


def test_windows_of_a_batch_do_not_see_each_other(network: PromptableUNet) -> None:
    """Two windows encoded together give what each gives alone (float tolerance)."""
    images = random_window(VOLUME, batch=2)
    together = network.encode(images).levels
    for i in range(2):
        for alone, both in zip(network.encode(images[i : i + 1]).levels, together, strict=True):
            torch.testing.assert_close(alone[0], both[i], rtol=1e-4, atol=1e-4)


def test_decoding_leaves_the_embedding_as_it_was(network: PromptableUNet) -> None:
    """It is kept and used for every click that follows."""
    embedding = network.encode(random_window(VOLUME))
    before = [level.clone() for level in embedding.levels]
    prompts = random_prompts(VOLUME, 3, previous=True)
    first = network.decode(embedding, prompts).logits
    second = network.decode(embedding, prompts).logits
    assert torch.equal(first, second)
    for level, old in zip(embedding.levels, before, strict=True):
        assert torch.equal(level, old)


@WINDOWS
@settings(deadline=None, max_examples=10)
@given(data=st.data())
def test_the_order_of_the_clicks_does_not_matter(
    network: PromptableUNet, shape: tuple[int, ...], data: st.DataObject
) -> None:
    """To the bit: only the nearest click counts, and the most alike."""
    prompts = random_prompts(shape, 4, seed=data.draw(st.integers(0, 99)), previous=True)
    order = list(data.draw(st.permutations(range(4))))
    shuffled = replace(prompts, points=prompts.points[:, order], labels=prompts.labels[:, order])
    embedding = network.encode(random_window(shape))
    assert torch.equal(
        network.decode(embedding, shuffled).logits, network.decode(embedding, prompts).logits
    )


@WINDOWS
@settings(deadline=None, max_examples=10)
@given(data=st.data())
def test_a_click_that_is_padding_changes_nothing(
    network: PromptableUNet, shape: tuple[int, ...], data: st.DataObject
) -> None:
    """Wherever it lies, before or after the others, with or without clicks on both sides."""
    prompts = random_prompts(
        shape, data.draw(st.integers(1, 3)), seed=data.draw(st.integers(0, 99))
    )
    voxel = data.draw(st.tuples(*[st.integers(0, n - 1) for n in shape]))
    padding = (torch.tensor([[voxel]], dtype=torch.float32), torch.tensor([[PADDING_LABEL]]))
    first = data.draw(st.booleans())
    parts = [
        torch.cat([extra, given] if first else [given, extra], dim=1)
        for given, extra in zip((prompts.points, prompts.labels), padding, strict=True)
    ]
    padded = PromptTensors(points=parts[0], labels=parts[1])
    embedding = network.encode(random_window(shape))
    torch.testing.assert_close(
        network.decode(embedding, padded).logits,
        network.decode(embedding, prompts).logits,
        rtol=1e-5,
        atol=1e-5,  # a side without clicks is far away, not infinitely far
    )


def test_the_same_click_twice_is_one_click(network: PromptableUNet) -> None:
    """Repeating oneself adds nothing."""
    prompts = random_prompts(VOLUME, 2)
    points = torch.cat([prompts.points, prompts.points], dim=1)
    labels = torch.cat([prompts.labels, prompts.labels], dim=1)
    embedding = network.encode(random_window(VOLUME))
    twice = network.decode(embedding, PromptTensors(points=points, labels=labels)).logits
    assert torch.equal(twice, network.decode(embedding, prompts).logits)


@WINDOWS
def test_what_a_click_says_matters(network: PromptableUNet, shape: tuple[int, ...]) -> None:
    """Its side, its place, and the mask to start from all change the answer."""
    prompts = random_prompts(shape, 2, previous=True)
    embedding = network.encode(random_window(shape))
    answer = network.decode(embedding, prompts).logits
    moved = prompts.points.clone()
    moved[0, 1] = (moved[0, 1] + 5) % torch.tensor(shape)
    other = replace(
        prompts, labels=torch.cat([prompts.labels[:, :1], 1 - prompts.labels[:, 1:]], 1)
    )
    for changed in (replace(prompts, points=moved), other, replace(prompts, previous=None)):
        assert not torch.allclose(network.decode(embedding, changed).logits, answer, atol=1e-3)


def test_no_previous_mask_is_an_undecided_one(network: PromptableUNet) -> None:
    """Logits of 0 everywhere say neither inside nor outside."""
    prompts = random_prompts(VOLUME, 2)
    undecided = replace(prompts, previous=torch.zeros(1, 1, *VOLUME))
    embedding = network.encode(random_window(VOLUME))
    assert torch.equal(
        network.decode(embedding, prompts).logits, network.decode(embedding, undecided).logits
    )


@WINDOWS
def test_the_previous_mask_reaches_the_network_bounded_and_in_full_resolution(
    network: PromptableUNet, shape: tuple[int, ...]
) -> None:
    """Folded, not shrunk, behind the maps of the clicks: within -1 and 1 however sure it is."""
    prompts = random_prompts(shape, 2, previous=True)
    assert prompts.previous is not None
    seen_mask = nd.unfold(seen(network, "prompt_stem", shape, prompts)[:, -8:])
    expected = torch.tanh(prompts.previous / 4)
    for n in range(seen_mask.shape[-1]):  # both halves of a slab hold the slice
        torch.testing.assert_close(seen_mask[..., n], expected[..., n % shape[-1]])


@WINDOWS
@pytest.mark.parametrize("voxel", [(0, 0, 0), (3, 5, 0), (14, 23, 0), (7, 8, 0)], ids=str)
def test_a_click_lies_between_the_voxels_of_the_coarser_grid(
    network: PromptableUNet, shape: tuple[int, ...], voxel: tuple[int, ...]
) -> None:
    """Faces stay in place: voxel 3 of the window is at 1.25 where voxels are twice as wide."""
    points = torch.tensor([[voxel]], dtype=torch.float32)
    prompts = PromptTensors(points=points, labels=torch.tensor([[1]]))
    near = seen(network, "prompt_stem", shape, prompts)[0, 0]
    at = [v if n == 1 else (v + 0.5) / 2 - 0.5 for v, n in zip(voxel, shape, strict=True)]
    index = torch.stack(torch.meshgrid(*map(torch.arange, near.shape), indexing="ij"), dim=-1)
    squared = (index - torch.tensor(at)).square().sum(dim=-1)
    torch.testing.assert_close(near, torch.exp(-squared / 2), rtol=1e-5, atol=1e-6)


@WINDOWS
@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_clicked_voxel_resembles_itself_at_every_level(
    network: PromptableUNet, shape: tuple[int, ...], level: int
) -> None:
    """1 where it was clicked, in its own channel; nothing resembles a side without clicks."""
    for label, channel in ((1, 0), (0, 1)):
        prompts = replace(random_prompts(shape, 1), labels=torch.tensor([[label]]))
        alike = seen(network, f"alike.{level}", shape, prompts)[0]
        voxel = [
            min(int(p / 2 ** (level + 1)), n - 1)
            for p, n in zip(prompts.points[0, 0].tolist(), alike.shape[1:], strict=True)
        ]
        assert alike[(channel, *voxel)].item() == 1
        assert (alike[channel] < 1).sum() == alike[channel].numel() - 1
        assert not alike[1 - channel].any()


def test_every_parameter_learns_from_two_clicks_and_a_previous_mask() -> None:
    """Nothing is cut off; only the offset of a comparison cancels out, and has a gradient of 0."""
    network = random_network(tiny_config()).train()
    prompts = replace(random_prompts(VOLUME, 2, previous=True), labels=torch.tensor([[1, 0]]))
    logits = network.decode(network.encode(random_window(VOLUME)), prompts).logits
    target = (random_window(VOLUME)[:, :1] > 0).float()
    torch.nn.functional.binary_cross_entropy_with_logits(logits, target).backward()  # type: ignore[no-untyped-call]
    gradients = {name: p.grad for name, p in network.named_parameters()}
    assert [name for name, gradient in gradients.items() if gradient is None] == []
    silent = {name for name, g in gradients.items() if g is not None and g.abs().max() < 1e-7}
    assert silent == {f"compare.{level}.bias" for level in range(3)}


def test_an_embedding_of_another_model_is_refused(network: PromptableUNet) -> None:
    """One without the guide that this network places clicks by."""
    foreign = replace(network.encode(random_window(VOLUME)), guide=None)
    with pytest.raises(ValueError, match="another model"):
        network.decode(foreign, random_prompts(VOLUME, 1))


def test_the_network_is_the_function_that_it_was() -> None:
    """By a rule for weights and inputs: shipped weights mean nothing to any other function."""
    network = PromptableUNet(tiny_config()).eval()
    with torch.no_grad():
        for number, parameter in enumerate(network.parameters()):
            steps = torch.arange(parameter.numel(), dtype=torch.float64)
            wave = torch.sin(1.7 * steps + number) * (3 / parameter[0].numel()) ** 0.5
            parameter.copy_(wave.view_as(parameter))
    voxels = torch.arange(2 * 16 * 8 * 16, dtype=torch.float64)
    image = torch.sin(0.013 * voxels + torch.sin(0.4 * voxels)).float().view(1, 2, 16, 8, 16)
    prompts = PromptTensors(
        points=torch.tensor([[[5.0, 3.0, 9.0], [12.0, 6.0, 2.0]]]),
        labels=torch.tensor([[1, 0]]),
        previous=2 * image[:, :1],
    )
    logits = network.decode(network.encode(image), prompts).logits
    found = [
        logits.mean(),
        logits.std(),
        *logits[0, 0, [5, 12, 0, 15], [3, 6, 7, 0], [9, 2, 15, 0]],
    ]
    assert [v.item() for v in found] == pytest.approx(GOLDEN, abs=2e-3)


def test_the_names_of_the_weights_are_kept() -> None:
    """They are public: shipped files and training checkpoints are read by them."""
    names = PromptableUNet(PromptableUNetConfig()).state_dict().keys()
    assert {name.split(".")[0] for name in names} == {
        "image_stem",
        "image_blocks",
        "image_down",
        "compare",
        "prompt_stem",
        "alike",
        "prompt_down",
        "prompt_blocks",
        "up",
        "up_blocks",
        "head",
    }
    assert {"image_blocks.3.layers.5.weight", "prompt_blocks.3.layers.2.bias", "head.2.bias"} < set(
        names
    )
