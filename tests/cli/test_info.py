"""What `vesal info` says."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pixels

from tests.grids import RASTERS, UGLY
from vesal.cli.info import describe
from vesal.cli.main import main
from vesal.geometry import Grid
from vesal.images import Image, Source

Captured = pytest.CaptureFixture[str]


def test_json_holds_every_fact_of_the_ct(scans: Path, capsys: Captured) -> None:
    """The numbers of the header, unrounded, and the range of the values."""
    path = str(scans / "example_ct.nii.gz")
    assert main(["info", path, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["path"] == path
    assert facts["format"] == "NIfTI"
    assert facts["shape"] == [122, 101, 112]
    assert facts["orientation"] == "RAS"
    assert facts["spacing_known"] is True
    assert facts["spacing_mm"] == pytest.approx([3, 3, 3])
    assert facts["extent_mm"] == pytest.approx([366, 303, 336])
    assert [facts["minimum"], facts["maximum"]] == [-1207, 3382]
    assert facts["minimum"] < facts["percentile_0_5"] < facts["percentile_99_5"] < facts["maximum"]
    assert facts["size_bytes"] == 122 * 101 * 112 * 4
    half = np.array(facts["spacing_mm"]) / 2
    assert facts["bounds_low_mm"] == pytest.approx(list(facts["origin_mm"] - half))


def test_the_page_names_what_a_person_looks_for(scans: Path, capsys: Captured) -> None:
    """One fact a line, rounded."""
    assert main(["info", str(scans / "example_mr_sm.nii.gz")]) == 0
    lines = dict(line.split("  ", 1) for line in capsys.readouterr().out.splitlines())
    assert lines["format"].strip() == "NIfTI"
    assert lines["shape"].strip() == "117 x 91 x 20"
    assert lines["orientation"].strip() == "LPS"
    assert lines["spacing"].strip() == "3 x 3 x 3 mm"
    assert lines["intensity"].strip() == "-47 to 833"


def test_a_colour_picture_without_spacing_is_told_so(tmp_path: Path, capsys: Captured) -> None:
    """Pixels are not sold as millimetres."""
    array = np.random.default_rng(1).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    Pixels.fromarray(array).save(tmp_path / "tissue.png")
    assert main(["info", str(tmp_path / "tissue.png")]) == 0
    page = capsys.readouterr().out
    assert "PNG, colour" in page
    assert "not known: coordinates are pixels" in page
    assert "x -0.5 to 7.5, y -0.5 to 5.5 pixels" in page


@pytest.mark.parametrize("grid", [*UGLY.values(), *RASTERS.values()])
def test_the_facts_of_any_grid_are_its_own(grid: Grid) -> None:
    """Origin, bounds and orientation are passed on as the grid says."""
    image = Image(array=np.zeros(grid.shape, np.int8), grid=grid, source=Source(format="test"))
    facts = describe(Path("scan"), image)
    bounds = grid.bounds_mm()
    assert (facts.bounds_low_mm, facts.bounds_high_mm) == (bounds.low, bounds.high)
    assert facts.origin_mm == tuple(grid.affine[:-1, -1])
    assert (facts.orientation, facts.shape) == (grid.orientation, grid.shape)
    assert json.dumps(facts.extent_mm)
