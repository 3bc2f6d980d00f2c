"""Tests of vesal.models.sam_config and of the zoo's entries."""

import json
from dataclasses import replace

import pytest

from tests.goldens import sam_config
from vesal.errors import ConfigError
from vesal.models.config import from_json, to_json
from vesal.models.sam_config import FAMILIES, SamConfig
from vesal.models.zoo import ZOO

SAM = sam_config("sam-vit-b")
SOLID = sam_config("sam-med3d")


@pytest.mark.parametrize("name", ZOO)
def test_every_config_of_the_zoo_comes_back_from_json(name: str) -> None:
    """What is saved beside weights is what is read."""
    assert from_json(to_json(ZOO[name])) == ZOO[name]


def test_a_new_model_in_3d_has_the_textbook_rules() -> None:
    """The quirks of the published weights must be asked for."""
    config = SamConfig(
        family="sam-med3d",
        ndim=3,
        image_channels=1,
        image_size=64,
        prompt_width=384,
        point_axes=(0, 1, 2),
        dense_axes=(0, 1, 2),
    )
    assert config.relative_positions == "decomposed"
    assert config.code_waves == ("sin", "cos")
    assert config.grid == 4
    assert config.mask_size == 16


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"family": "sam-med4d"}, "family must be one of sam"),
        ({"ndim": 4}, "ndim must be 2 or 3"),
        ({"point_axes": (0, 0)}, "point_axes must name each of 2 axes"),
        ({"dense_axes": (0, 1, 2)}, "dense_axes must name each of 2 axes"),
        ({"relative_positions": "wrong"}, "'decomposed' or 'sam-med3d'"),
        ({"relative_positions": "sam-med3d"}, "needs ndim 3"),
        ({"code_waves": ()}, "code_waves"),
        ({"code_waves": ("sin", "tan")}, "code_waves"),
        ({"image_size": 0}, "image_size must be 1"),
        ({"width": 10**9}, "width must be 1"),
        ({"depth": 65}, "depth must be"),
        ({"point_embeddings": 3}, "point_embeddings 2 or 4"),
        ({"global_blocks": (2, 12)}, "below depth 12"),
        ({"image_size": 1000}, "multiple of patch"),
        ({"heads": 11}, "of heads 11"),
        ({"prompt_width": 250}, "prompt_width must be a multiple of 16"),
        ({"branch_depth": 18}, "branch_depth"),
        ({"branch_depth": 34, "global_blocks": (2, 5)}, "needs 4 global blocks"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(change: dict[str, object], words: str) -> None:
    """One sentence that names the field and what would be right."""
    with pytest.raises(ConfigError, match=words):
        replace(SAM, **change)  # type: ignore[arg-type]


def test_an_unknown_key_is_refused() -> None:
    """A config of a newer version is not half understood."""
    text = json.loads(to_json(SOLID)) | {"flavour": 3}
    with pytest.raises(ConfigError, match="unknown keys"):
        from_json(json.dumps(text))


def test_what_no_loss_touched_is_not_called_trained() -> None:
    """Scores of SAM-Med3D, MedSAM and SAM-UNet, and boxes of SAM-Med3D."""
    untrained = {name for name, known in FAMILIES.items() if not known.trained_score}
    assert untrained == {"medsam", "sam-unet", "sam-med3d"}
    assert "box" not in SOLID.capabilities.prompts
    assert sam_config("sam-unet-34").capabilities.prompts == ("box",)
