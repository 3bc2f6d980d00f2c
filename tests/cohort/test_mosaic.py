"""The picture of some results."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image as Pixels

from tests.cohort.many import small_cohort
from tests.fakes import BrightModel
from vesal.cohort.mosaic import write_mosaic
from vesal.cohort.prompt_file import read_cases
from vesal.cohort.run import run
from vesal.cohort.settings import Settings


@pytest.mark.parametrize(("each", "suffix"), [(False, ".nii.gz"), (True, ".nrrd")])
def test_results_are_drawn_in_columns(each: bool, suffix: str, tmp_path: Path) -> None:
    """Also those that keep no names; more than a few make the page longer, not wider."""
    cases = read_cases(small_cohort(tmp_path, 4))
    (tmp_path / "out").mkdir()
    settings = Settings(model=BrightModel(), identity="bright", each=each, suffix=suffix)
    entries = run(cases, tmp_path / "out", settings).entries
    sizes = []
    for count in (3, 4):
        assert write_mosaic(cases[:count], entries, tmp_path / "out")
        with Pixels.open(tmp_path / "out" / "mosaic.png") as sheet:
            sizes.append(sheet.size)
            colours = sheet.getcolors(sheet.width * sheet.height)
        assert colours is not None
        assert len(colours) > 50
    assert sizes[0][0] == sizes[1][0]
    assert sizes[0][1] < sizes[1][1]


def test_what_cannot_be_looked_at_is_left_out(tmp_path: Path) -> None:
    """A result that has gone, and cases in which nothing was found."""
    cases = read_cases(small_cohort(tmp_path, 1))
    (tmp_path / "out").mkdir()
    settings = Settings(model=BrightModel(), identity="bright")
    entries = run(cases, tmp_path / "out", settings).entries
    empty = {
        name: replace(one, rows=tuple(replace(row, voxels=0) for row in one.rows))
        for name, one in entries.items()
    }
    assert not write_mosaic(cases, empty, tmp_path / "out")
    (tmp_path / "out" / "scan000.nii.gz").unlink()
    assert not write_mosaic(cases, entries, tmp_path / "out")
    assert not (tmp_path / "out" / "mosaic.png").exists()
