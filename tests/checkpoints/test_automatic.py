"""Tests of vesal.checkpoints.automatic."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.automatics import automatic_config, tiny_automatic, tiny_sam
from tests.networks import random_network, tiny_config
from vesal.checkpoints.automatic import load_automatic, new_automatic, save_automatic
from vesal.checkpoints.load import load_model, save_model
from vesal.checkpoints.summary import summarised
from vesal.checkpoints.write import write_safetensors
from vesal.errors import CheckpointError, ConfigError
from vesal.models.automatic import Automatic
from vesal.models.segmenter import Segmenter


def encoder_differs(one: Automatic, other: Automatic) -> bool:
    """Whether any tensor of the encoders does."""
    pairs = zip(one.encoder.state_dict().items(), other.encoder.state_dict().items(), strict=True)
    return any(not torch.equal(a, b) for (_, a), (_, b) in pairs)


@pytest.mark.parametrize("kind", ["unet", "sam"])
def test_a_model_comes_back_to_the_bit(kind: str, tmp_path: Path) -> None:
    """Config, weights, answer; and the notes can be read."""
    model = tiny_automatic(kind)
    save_automatic(model, tmp_path / "auto.safetensors", notes=("trained on nothing",))
    again = load_automatic(tmp_path / "auto.safetensors")
    assert again.config == model.config
    for (name, before), (_, after) in zip(
        model.state_dict().items(), again.state_dict().items(), strict=True
    ):
        assert torch.equal(before, after), name
    image = torch.randn(1, 1, 32, 32, 32)
    with torch.inference_mode():
        assert torch.equal(model(image), again(image))
    assert not again.training
    summary = summarised(tmp_path / "auto.safetensors")
    assert summary.config.family == "automatic"
    assert summary.notes == ("trained on nothing",)


def test_the_same_model_is_the_same_file(tmp_path: Path) -> None:
    """Byte for byte: hashes of files can be compared."""
    model = tiny_automatic()
    hashes = {save_automatic(model, tmp_path / f"{i}.safetensors") for i in (1, 2)}
    assert len(hashes) == 1


def test_a_vit_begins_with_the_weights_of_the_promptable_model(tmp_path: Path) -> None:
    """Every tensor of SAM-Med3D's encoder, as its file has it; without a start none is."""
    torch.manual_seed(5)
    whole = Segmenter(tiny_sam())
    with torch.no_grad():
        whole.image_encoder.pos_embed.normal_()
    write_safetensors(tmp_path / "sam.safetensors", whole.config, whole.state_dict())
    config = automatic_config("sam")
    model = new_automatic(config, start=tmp_path / "sam.safetensors")
    for name, tensor in whole.image_encoder.state_dict().items():
        assert torch.equal(model.encoder.state_dict()[name], tensor), name
    fresh = new_automatic(config)
    assert encoder_differs(model, fresh)
    for name, tensor in fresh.decoder.state_dict().items():  # the start draws no random numbers
        assert torch.equal(model.decoder.state_dict()[name], tensor), name


def test_another_window_resizes_the_positions_of_the_vit(tmp_path: Path) -> None:
    """All else is as in the file."""
    whole = Segmenter(tiny_sam(size=32))
    write_safetensors(tmp_path / "sam.safetensors", whole.config, whole.state_dict())
    model = new_automatic(automatic_config("sam", side=48), start=tmp_path / "sam.safetensors")
    known = whole.image_encoder.state_dict()
    for name, tensor in model.encoder.state_dict().items():
        tied = "pos" in name
        assert tied == (tensor.shape != known[name].shape), name
        assert tied or torch.equal(tensor, known[name]), name


def test_the_shipped_model_gives_its_encoder() -> None:
    """By its name in the zoo; the parts that look at prompts stay behind."""
    whole = load_model("vesal-mini")
    config = replace(automatic_config(), encoder=whole.config)
    model = new_automatic(config, start="vesal-mini")
    state = whole.state_dict()
    for name, tensor in model.encoder.state_dict().items():
        assert torch.equal(tensor, state[name]), name
    assert encoder_differs(model, new_automatic(config))


def test_a_start_with_another_encoder_is_refused(tmp_path: Path) -> None:
    """Of another kind, or of other sizes."""
    save_model(random_network(tiny_config()), tmp_path / "tiny.safetensors")
    other = replace(tiny_config(), widths=(8, 16, 32))
    for config in (automatic_config("sam"), replace(automatic_config(), encoder=other)):
        with pytest.raises(CheckpointError, match="has another encoder than the config"):
            new_automatic(config, start=tmp_path / "tiny.safetensors")


def test_random_starts_follow_from_their_seed_and_touch_no_others() -> None:
    """Two seeds differ, one seed does not, and the caller's next random number is its own."""
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    one, same, other = (new_automatic(automatic_config(), seed=seed) for seed in (1, 1, 2))
    assert torch.rand(1) == expected
    assert not encoder_differs(one, same)
    assert encoder_differs(one, other)


def test_each_kind_of_model_is_refused_where_the_other_is_wanted(tmp_path: Path) -> None:
    """With what to do instead."""
    save_automatic(tiny_automatic(), tmp_path / "auto.safetensors")
    with pytest.raises(ConfigError, match="takes no prompts: use vesal segment --auto"):
        load_model(tmp_path / "auto.safetensors")
    save_model(random_network(tiny_config()), tmp_path / "mini.safetensors")
    for name in (tmp_path / "mini.safetensors", "sam-med3d"):
        with pytest.raises(ConfigError, match="needs prompts: leave --auto out"):
            load_automatic(name)
    with pytest.raises(ConfigError, match="is no file"):
        load_automatic(tmp_path / "none.safetensors")


def test_tensors_that_do_not_fit_the_config_are_refused(tmp_path: Path) -> None:
    """Nothing is loaded in part."""
    model = tiny_automatic()
    config = replace(model.config, classes=("liver",))
    write_safetensors(tmp_path / "auto.safetensors", config, model.state_dict())
    with pytest.raises(CheckpointError, match="does not fit its config"):
        load_automatic(tmp_path / "auto.safetensors")


def test_what_cannot_be_kept_is_not_written(tmp_path: Path) -> None:
    """Broken weights, or a name that other programs would take for a pickle."""
    model = tiny_automatic()
    with pytest.raises(ConfigError, match=r"written as \.safetensors"):
        save_automatic(model, tmp_path / "auto.pth")
    with torch.no_grad():
        next(model.parameters()).fill_(float("nan"))
    with pytest.raises(CheckpointError, match="NaN or infinite"):
        save_automatic(model, tmp_path / "auto.safetensors")
    assert list(tmp_path.iterdir()) == []
