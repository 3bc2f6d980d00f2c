"""What is kept to save time is never believed when it is damaged: made anew, or refused."""

import re
from pathlib import Path

import numpy as np
import pytest

from tests.datasets.archives import zipped
from tests.evaluation.test_results import RESULT
from tests.grids import UGLY
from tests.inference.test_store import embedding_of, key_of
from tests.training.test_case import case_of
from tests.volumes import ball_volume
from vesal.datasets import archive_index
from vesal.datasets.archive_records import read_directory
from vesal.errors import ResourceError
from vesal.evaluation.results import Results
from vesal.inference.store import Store
from vesal.seal import sealed, unsealed
from vesal.training.case import load_case
from vesal.training.volume import LabelledVolume

FLIPS = 40


def damaged(content: bytes, seed: int = 0) -> list[bytes]:
    """A file with one byte turned over, at places all over it, and one that was cut."""
    places = np.random.default_rng(seed).choice(len(content), FLIPS, replace=False)
    found = [content[: len(content) // 2], content[:-1], b""]
    for place in places:
        turned = bytearray(content)
        turned[place] ^= 0xFF
        found.append(bytes(turned))
    return found


def test_a_damaged_case_is_none(tmp_path: Path) -> None:
    """`prepare` makes it anew then; where a header of JSON may have blanks, nothing has changed."""
    path = tmp_path / "x.safetensors"
    case, image, _ = case_of(path, UGLY["LPS"])
    whole = path.read_bytes()
    assert load_case(path) is not None
    for content in damaged(whole):
        path.write_bytes(content)
        assert load_case(path) is None
    assert case.grid.shape == image.shape


def test_a_damaged_volume_is_refused(tmp_path: Path) -> None:
    """With the file to delete; a byte that nothing follows from may be another."""
    path = tmp_path / "x.npz"
    volume = ball_volume()
    volume.save(path)
    refused = 0
    for content in damaged(path.read_bytes()):
        path.write_bytes(content)
        try:
            read = LabelledVolume.load(path)
        except ResourceError as error:
            refused += str(error) == f"{path} is damaged; delete it, and it is made anew"
        else:
            assert read.image is not None
            assert volume.image is not None
            np.testing.assert_array_equal(read.image, volume.image)
            np.testing.assert_array_equal(read.partitions[0].labels, volume.partitions[0].labels)
    assert refused > FLIPS // 2


def test_a_damaged_result_of_an_evaluation_is_made_anew(tmp_path: Path) -> None:
    """A digit that turned into another would be a wrong number in the report."""
    results = Results(tmp_path, "clicks")
    results.keep("m", "c", RESULT)
    (path,) = results.folder.glob("*.json")
    whole = path.read_text()
    assert results.of("m", "c", "k") == RESULT
    for digit in re.finditer(r"[1-8]", whole):
        place = digit.start()
        path.write_text(whole[:place] + str(int(digit[0]) + 1) + whole[place + 1 :])
        assert results.of("m", "c", "k") is None


def test_a_damaged_index_of_an_archive_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would say of a member that it is not there."""
    monkeypatch.setattr(archive_index, "_LEAST_KEPT", 1)
    path = zipped(tmp_path / "x.zip", {f"{n}.txt": b"x" for n in range(9)})
    directory = read_directory(path)
    kept = tmp_path / "x.zip.index.npy"
    first = archive_index.index_of(path, directory, (1, 2)).tolist()
    for content in damaged(kept.read_bytes()):
        kept.write_bytes(content)
        assert archive_index.index_of(path, directory, (1, 2)).tolist() == first


def test_a_record_is_believed_only_as_it_was_written() -> None:
    """What JSON cannot tell apart comes back alike."""
    text = sealed({"a": 0.1, "b": [1, None, "ä"]})
    assert unsealed(text) == {"a": 0.1, "b": [1, None, "ä"]}
    for wrong in (text.replace("0.1", "0.2"), "[]", "{}", text[:-1]):
        with pytest.raises(ValueError, match=r"checksum|Expecting"):
            unsealed(wrong)


def test_a_kept_embedding_is_deleted_whatever_byte_has_changed(tmp_path: Path) -> None:
    """An answer from it would be wrong without a word."""
    store = Store(tmp_path)
    store.write(key_of(1), embedding_of(1))
    path = tmp_path / f"{key_of(1)}.safetensors"
    for content in damaged(path.read_bytes()):
        path.write_bytes(content)
        assert store.read(key_of(1)) is None
        assert not path.exists()
