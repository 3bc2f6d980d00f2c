"""An embedding comes back from its file with every bit, or not at all."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.networks import random_network, random_prompts, random_window, tiny_config
from vesal.inference.stored_embedding import packed, unpacked
from vesal.models.promptable import Embedding

KEY = "0" * 64
LEVELS = (torch.arange(24.0).reshape(1, 2, 3, 4), torch.arange(12.0).reshape(1, 3, 2, 2).half())
SMALL = Embedding(levels=LEVELS, image=torch.ones(1, 2, 3, 4), guide=-torch.ones(1, 1, 3))
DATA = packed(SMALL, KEY)


def same(one: Embedding, other: Embedding | None) -> bool:
    """Whether all tensors have the same type, values and places in memory."""
    if other is None or len(one.levels) != len(other.levels):
        return False
    pairs = zip(
        (*one.levels, one.image, one.guide), (*other.levels, other.image, other.guide), strict=True
    )
    return all(
        a is b
        if a is None or b is None
        else a.dtype == b.dtype and torch.equal(a, b) and a.stride() == b.stride()
        for a, b in pairs
    )


@pytest.mark.parametrize(
    "embedding",
    [
        SMALL,
        Embedding(levels=(LEVELS[0].to(memory_format=torch.channels_last),)),
        Embedding(levels=tuple(torch.full((1, 1, 2), float(i)) for i in range(12))),
        Embedding(levels=(LEVELS[0],), image=LEVELS[0], guide=LEVELS[0]),
        Embedding(levels=(torch.randn(1, 5, 1, 4, 6).permute(0, 1, 4, 2, 3).bfloat16(),)),
    ],
    ids=["all parts", "channels last", "a dozen levels", "one tensor thrice", "turned"],
)
def test_an_embedding_comes_back_as_it_was(embedding: Embedding) -> None:
    """Types, values, layout; tensors that share memory; more than ten levels in their order."""
    assert same(embedding, unpacked(packed(embedding, KEY), KEY))


def test_a_part_of_a_larger_tensor_comes_back_with_its_values() -> None:
    """Without what lies between."""
    part = LEVELS[0][..., ::2]
    found = unpacked(packed(Embedding(levels=(part,)), KEY), KEY)
    assert found is not None
    assert torch.equal(found.levels[0], part)


def test_a_network_answers_the_same_bits_from_the_disk() -> None:
    """Also where its features lie in memory in the layout that its convolutions want."""
    network = random_network(tiny_config())
    with torch.inference_mode():
        embedding = network.encode(random_window((16, 16, 16)))
        stored = unpacked(packed(embedding, KEY), KEY)
        assert stored is not None
        assert same(embedding, stored)
        prompts = random_prompts((16, 16, 16), 3)
        answers = [network.decode(one, prompts).logits for one in (embedding, stored)]
    assert torch.equal(*answers)


@given(place=st.integers(0, len(DATA) - 1), flip=st.integers(1, 255))
def test_no_flipped_byte_changes_an_embedding(place: int, flip: int) -> None:
    """Nearly all are refused; what a reader of the format passes over changes nothing."""
    damaged = bytearray(DATA)
    damaged[place] ^= flip
    found = unpacked(bytes(damaged), KEY)
    assert found is None or same(SMALL, found)


@given(place=st.integers(8 + int.from_bytes(DATA[:8], "little"), len(DATA) - 1))
def test_a_flipped_bit_of_a_value_is_noticed(place: int) -> None:
    """The digest is of all of them."""
    damaged = bytearray(DATA)
    damaged[place] ^= 1
    assert unpacked(bytes(damaged), KEY) is None


@given(size=st.integers(0, len(DATA) - 1), more=st.binary(max_size=3))
def test_a_file_that_was_cut_short_is_refused(size: int, more: bytes) -> None:
    """At any byte, whatever else follows."""
    assert unpacked(DATA[:size] + more, KEY) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff" * 100,
        (2).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"[]",
        (20000).to_bytes(8, "little") + b"[" * 20000,
        DATA.replace(b'"vesal.sha256"', b'"vesal.sha257"'),
    ],
    ids=["nothing", "noise", "no facts", "a list", "nested", "no digest"],
)
def test_what_is_no_embedding_of_ours_is_refused(data: bytes) -> None:
    """Without an error."""
    assert unpacked(data, KEY) is None


def test_a_file_under_another_name_is_refused() -> None:
    """Else the embedding of one slice could be taken for that of another."""
    assert unpacked(DATA, "1" * 64) is None
