"""The variant of SAM-Med3D whose files have embeddings for a box's corners."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.golden.weight_rule import value
from tests.goldens import arrays, record, sam_config
from vesal.errors import PromptError
from vesal.models.prompt_encoder import PromptEncoder
from vesal.models.promptable import PromptTensors
from vesal.models.segmenter import Segmenter

NO_POINTS = (torch.zeros(1, 0, 3), torch.zeros(1, 0, dtype=torch.int64))


def box_encoder() -> PromptEncoder:
    """The prompt encoder of the challenge branch with the golden weights."""
    encoder = PromptEncoder(replace(sam_config("sam-med3d"), point_embeddings=4))
    prefix = "prompt_encoder."
    weights = {
        key: torch.from_numpy(np.array(value(prefix + key, tuple(tensor.shape))))
        for key, tensor in encoder.state_dict().items()
    }
    encoder.load_state_dict(weights)
    return encoder.requires_grad_(False)


def test_a_box_is_two_tokens_and_takes_the_padding_point_away() -> None:
    """Alone, and behind a point."""
    case, golden = record("sam_med3d/box_variant"), arrays("sam_med3d/box_variant")
    boxes = torch.tensor([case["box_d_h_w_min_max"]], dtype=torch.float32).reshape(1, 2, 3)
    encoder = box_encoder()
    alone = PromptTensors(points=NO_POINTS[0], labels=NO_POINTS[1], boxes=boxes)
    np.testing.assert_allclose(encoder.sparse(alone), golden["box_only_sparse"], atol=1e-4)
    points = torch.tensor([[case["point"]]], dtype=torch.float32)
    both = PromptTensors(points=points, labels=torch.tensor([[1]]), boxes=boxes)
    np.testing.assert_allclose(encoder.sparse(both), golden["box_and_point_sparse"], atol=1e-4)
    assert record("sam_med3d/box_variant")["extra_keys"] == {
        f"prompt_encoder.point_embeddings.{i}.weight": [1, 384] for i in (2, 3)
    }


def test_weights_without_corner_embeddings_refuse_a_box() -> None:
    """One sentence that says what to do instead."""
    config = replace(sam_config("sam-med3d"), image_size=16, width=24, heads=2, global_blocks=())
    network = Segmenter(replace(config, depth=1, patch=8, window=3)).eval()
    with torch.inference_mode():
        embedding = network.encode(torch.zeros(1, 1, 16, 16, 16))
        prompts = PromptTensors(
            points=NO_POINTS[0], labels=NO_POINTS[1], boxes=torch.zeros(1, 2, 3)
        )
        with pytest.raises(PromptError, match="take no boxes"):
            network.decode(embedding, prompts)
