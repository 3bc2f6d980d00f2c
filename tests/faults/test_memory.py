"""Commands and cohorts that lack memory: one sentence, and what can be done is done."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.cli.test_main import failing
from tests.cohort.many import results_in, small_cohort
from tests.fakes import BrightModel
from vesal.cli.main import main
from vesal.cohort.prompt_file import read_cases
from vesal.cohort.run import Hands, run
from vesal.cohort.settings import Settings
from vesal.errors import lacks_memory
from vesal.models.promptable import Embedding
from vesal.models.shapes import Images

MORE: dict[str, Callable[[int], object]] = {"python": bytearray, "torch": torch.empty}


class Hungry(BrightModel):
    """A model that wants more memory than there is, as long as it is told so."""

    def __init__(self, more: Callable[[int], object] | None) -> None:
        super().__init__()
        self.more = more

    def encode(self, image: Images) -> Embedding:
        """Encode, or not."""
        if self.more is not None:
            self.more(2**50)
        return super().encode(image)


@pytest.mark.parametrize("kind", MORE)
def test_a_case_that_lacks_memory_is_tried_once_more_and_then_left(
    kind: str, tmp_path: Path
) -> None:
    """In the words of a shortage, not of a bug; where there is memory, `again` does it."""
    cases = read_cases(small_cohort(tmp_path, 1))
    (tmp_path / "out").mkdir()
    hands = Hands(attempts=2)
    hungry = Settings(model=Hungry(MORE[kind]), identity="hungry")
    outcome = run(cases, tmp_path / "out", hungry, hands=hands)
    assert (outcome.done, outcome.quarantined) == (0, 1)
    (entry,) = outcome.entries.values()
    assert entry.attempts == 2
    assert entry.rows[0].message == "the memory of this machine is used up"
    assert results_in(tmp_path / "out") == {}
    fed = Settings(model=Hungry(None), identity="hungry")
    assert run(cases, tmp_path / "out", fed, hands=hands).quarantined == 1
    assert run(cases, tmp_path / "out", fed, hands=hands, again=True).done == 1


def test_a_lack_of_memory_in_torch_is_no_bug_of_a_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Torch says it by an error that could be anything."""
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**50)
    assert lacks_memory(caught.value)
    assert not lacks_memory(RuntimeError("shapes do not fit"))
    monkeypatch.setattr("vesal.images.open_image", failing(caught.value))
    assert main(["info", "scan.nii.gz"]) == 5
    assert capsys.readouterr().err.startswith("error: the memory of this machine is used up")
