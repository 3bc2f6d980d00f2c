"""A place that may only be read is told in one sentence, by whoever was to write there."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.curation.sets import settings, toy
from tests.evaluation.test_results import RESULT
from tests.fakes import BrightModel
from tests.faults.disks import all_of, make_read_only, small_disk
from tests.grids import UGLY, speckle
from tests.session.small import new_session
from vesal.cohort.run import run
from vesal.cohort.settings import Settings
from vesal.curation.curate import curate
from vesal.errors import ResourceError
from vesal.evaluation.results import Results
from vesal.export.write import prepare
from vesal.images import Mask
from vesal.lock import alone
from vesal.server.limits import Limits
from vesal.server.monai.label_store import FINAL, LabelStore
from vesal.server.scans import Scans

MASK = Mask(array=speckle(UGLY["LPS"].shape), grid=UGLY["LPS"])


def _alone(folder: Path) -> None:
    with alone(folder):
        pass


def _label(folder: Path) -> None:
    (folder.parent / "label.nrrd").write_bytes(b"x")
    LabelStore(folder).save("scan", FINAL, ".nrrd", folder.parent / "label.nrrd")


WRITERS: dict[str, Callable[[Path], object]] = {
    "a mask": lambda folder: MASK.save(folder / "m.nrrd"),
    "a session": lambda folder: new_session().save(folder / "x.vesal"),
    "a kept session": lambda folder: new_session().keep(folder / "x"),
    "a cohort": lambda folder: run([], folder, Settings(model=BrightModel(), identity="bright")),
    "a training": _alone,
    "an evaluation": lambda folder: Results(folder, "clicks").keep("m", "c", RESULT),
    "an export": prepare,
    "a label of a server": _label,
    "an upload": lambda folder: Scans(None, folder / "uploads", Limits()).new_folder(),
    "a curated set": lambda folder: curate(
        toy(folder.parent / "raw", 1), folder, settings(), workers=0
    ),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_disk_that_may_only_be_read_is_told(name: str, tmp_path: Path) -> None:
    """To root too: one sentence, and nothing changed."""
    (tmp_path / "out").mkdir()
    with small_disk(tmp_path / "out", 2**20) as out:
        make_read_only(out)
        with pytest.raises(ResourceError, match="Read-only file system") as caught:
            WRITERS[name](out)
        assert "\n" not in str(caught.value)
        assert all_of(out) == {}


@pytest.mark.parametrize("name", [name for name in WRITERS if name != "a training"])
def test_a_file_where_a_folder_should_be_is_told(name: str, tmp_path: Path) -> None:
    """Where nothing can be mounted this is what can be tried."""
    (tmp_path / "out").write_bytes(b"old")
    with pytest.raises(
        ResourceError, match=r"Not a directory|File exists|is a file|does not exist"
    ):
        WRITERS[name](tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"old"
