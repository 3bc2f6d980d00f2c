"""Tests of vesal.checkpoints.recognise: the file says what it is."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.checkpoints.files import small
from tests.checkpoints.manifests import MANIFESTS, manifest
from vesal.checkpoints.families import canonical
from vesal.checkpoints.recognise import as_family, recognised
from vesal.checkpoints.tensors import empty
from vesal.errors import CheckpointError
from vesal.models.sam_config import SamConfig
from vesal.models.zoo import PUBLISHED

Shapes = dict[str, tuple[int, ...]]


def shapes_of(name: str) -> Shapes:
    """The canonical names and shapes of a published model."""
    return canonical({key: shape for key, (shape, _) in manifest(name).items()})


def shapes_for(config: SamConfig) -> Shapes:
    """The names and shapes of a model of ours."""
    return {name: tuple(t.shape) for name, t in empty(config).state_dict().items()}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_published_model_is_recognised_by_names_and_shapes(name: str) -> None:
    """The config is the one of the zoo, every field of it."""
    assert recognised(shapes_of(name)) == PUBLISHED[name]


@pytest.mark.parametrize("name", MANIFESTS)
def test_our_model_has_the_tensors_of_the_published_one(name: str) -> None:
    """The same names, shapes and types, no more and no fewer."""
    state = empty(PUBLISHED[name]).state_dict()
    ours = {k: (tuple(t.shape), str(t.dtype).removeprefix("torch.")) for k, t in state.items()}
    assert ours == canonical(manifest(name))


@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_any_config_is_read_back_from_its_shapes(data: st.DataObject) -> None:
    """2D and 3D, any sizes, with adapters or without, where the window is not the whole grid."""
    ndim = data.draw(st.sampled_from((2, 3)))
    heads, head_width = data.draw(st.sampled_from(((2, 12), (3, 8), (1, 16))))
    grid = data.draw(st.integers(2, 9))
    depth = data.draw(st.integers(1, 5))
    config = small(
        {2: "sam", 3: "sam-med3d"}[ndim],
        image_channels=data.draw(st.integers(1, 4)),
        image_size=8 * grid,
        width=heads * head_width,
        depth=depth,
        heads=heads,
        window=data.draw(st.integers(1, 9).filter(lambda n: n != grid)),
        global_blocks=tuple(
            sorted(data.draw(st.sets(st.integers(0, depth - 1), max_size=depth - 1)))
        ),
        point_embeddings=data.draw(st.sampled_from((2, 4))),
    )
    assert recognised(shapes_for(config)) == config


def test_where_the_window_is_the_whole_grid_the_global_blocks_are_evenly_spaced() -> None:
    """Shapes do not tell the blocks apart then; those of SAM are every quarter."""
    config = small(image_size=24, window=3, depth=8, global_blocks=(1, 3, 5, 7))
    assert recognised(shapes_for(config)) == config


def test_only_the_caller_can_say_that_a_file_is_medsams() -> None:
    """Its files have the names and shapes of SAM's."""
    assert recognised(shapes_of("sam-vit-b"), "medsam") == PUBLISHED["medsam"]
    assert recognised(shapes_of("ft-sam"), "sam") == replace(
        recognised(shapes_of("ft-sam")), family="sam"
    )


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("sam-vit-b", "sam-med2d"),
        ("sam-med2d", "sam"),
        ("sam-unet-34", "sam"),
        ("sam-med3d", "medsam"),
        ("ft-sam", "sam-unet"),
    ],
)
def test_another_family_than_the_files_is_refused(name: str, family: str) -> None:
    """The sentence names both."""
    with pytest.raises(
        CheckpointError, match=f"family {recognised(shapes_of(name)).family}, not {family}"
    ):
        recognised(shapes_of(name), family)


def test_a_config_of_the_family_that_is_asked_for_stays_as_it_is() -> None:
    """Also where the caller says nothing."""
    config = small()
    assert as_family(config, "sam") is config
    assert as_family(config, None) is config


def _lose(name: str) -> Shapes:
    shapes = shapes_of("sam-vit-b")
    del shapes[name]
    return shapes


def _change(**changes: tuple[int, ...]) -> Shapes:
    return shapes_of("sam-vit-b") | {
        f"image_encoder.{name.replace('__', '.')}": shape for name, shape in changes.items()
    }


def _tables(shape: tuple[int, ...]) -> Shapes:
    shapes = shapes_of("sam-vit-b")
    return shapes | {name: shape for name in shapes if name.endswith("rel_pos_h")}


@pytest.mark.parametrize(
    ("shapes", "words"),
    [
        ({}, "no family"),
        ({"conv1.weight": (64, 3, 7, 7), "fc.bias": (1000,)}, "conv1.weight, fc.bias"),
        (_lose("image_encoder.pos_embed"), "image_encoder.pos_embed is missing"),
        (_lose("image_encoder.blocks.3.attn.rel_pos_h"), "do not agree"),
        (_change(pos_embed=(1, 64, 60, 768)), "equal sides"),
        (_change(pos_embed=(1, 64, 64)), "equal sides"),
        (_change(pos_embed=(1, 0, 0, 768)), "-1 for the grid"),
        (_change(patch_embed__proj__weight=(768, 3)), "2 or 3 equal ones"),
        (_change(patch_embed__proj__weight=(768,)), "2 or 3 equal ones"),
        (_change(patch_embed__proj__weight=(768, 3, 16, 8)), "2 or 3 equal ones"),
        (_change(patch_embed__proj__weight=(0, 0, 0, 0)), "do not fit together"),
        (_change(neck__0__weight=(250, 768, 1, 1)), "prompt_width"),
        (_change(blocks__0__attn__rel_pos_h=(29, 64)), r"\[27, 29, 127\] rows"),
        (_change(blocks__0__attn__rel_pos_h=(27, 32)), "do not agree"),
        (_change(blocks__0__attn__rel_pos_h=(27, 0)), "do not agree"),
        (_change(blocks__0__attn__rel_pos_h=()), "do not agree"),
        (_tables((27, 64, 1)), "two axes"),
        (_tables((27, 0)), "two axes"),
    ],
)
def test_shapes_that_make_no_model_are_refused_in_words(shapes: Shapes, words: str) -> None:
    """Whatever a file holds, the answer is one kind of error."""
    with pytest.raises(CheckpointError, match=words):
        recognised(shapes)
