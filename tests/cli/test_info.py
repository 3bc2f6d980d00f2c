"""What `vesal info` says."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pixels

from tests.dicom_series import change, write_localizer, write_series
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


def test_the_series_of_a_folder_are_listed(tmp_path: Path, capsys: Captured) -> None:
    """Number, description, modality, slices, size and UID; nobody's name."""
    write_series(tmp_path / "a", SeriesNumber=2, SeriesDescription="Lung", uid="1.2.77")
    write_series(tmp_path / "b", SeriesNumber=3, slices=5, uid="1.2.88", Modality="MR")
    write_localizer(tmp_path)
    assert main(["info", str(tmp_path)]) == 0
    page = capsys.readouterr().out
    rows = [line.split() for line in page.splitlines()]
    assert rows[0] == ["description", "modality", "slices", "size", "uid"]
    assert rows[1] == ["1", "Lung", "CT", "12", "9", "x", "7", "1.2.77"]
    assert rows[2] == ["2", "Phantom", "MR", "5", "9", "x", "7", "1.2.88"]
    assert rows[3][:4] == ["3", "Topogram", "CT", "localizer"]
    assert "--series NUMBER" in page
    assert "Doe" not in page


def test_a_series_is_chosen_and_its_notes_are_shown(tmp_path: Path, capsys: Captured) -> None:
    """The facts of one volume below the list of all."""
    write_series(tmp_path / "a", uid="1.2.77", tilt_degrees=12.0, SeriesDescription="Head")
    write_series(tmp_path / "b", uid="1.2.88", slices=5)
    assert main(["info", str(tmp_path), "--series", "head"]) == 0
    page = capsys.readouterr().out
    assert "\nshape        9 x 7 x 12\n" in page
    assert "\nseries       1.2.77\n" in page
    assert "gantry tilt of 12.00 degrees" in page
    assert "left out: Phantom, CT (5 slices)" in page


def test_json_has_the_series_with_and_without_a_choice(tmp_path: Path, capsys: Captured) -> None:
    """A script reads the list, then asks for one."""
    write_series(tmp_path / "a", uid="1.2.77", SeriesNumber=1)
    write_series(tmp_path / "b", uid="1.2.88", SeriesNumber=2, slices=5)
    assert main(["info", str(tmp_path), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert [one["uid"] for one in record["series"]] == ["1.2.77", "1.2.88"]
    assert "shape" not in record
    assert main(["info", str(tmp_path), "--json", "--series", "2"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["shape"], record["series_uid"]) == ([9, 7, 5], "1.2.88")
    assert len(record["series"]) == 2


def test_a_series_that_cannot_be_opened_says_why(tmp_path: Path, capsys: Captured) -> None:
    """Below the list, by its number; choosing it is an error in one line."""
    series = write_series(tmp_path / "a", uid="1.2.77", SeriesNumber=1)
    change(series.files[4], PatientID="Q-99")
    write_series(tmp_path / "b", uid="1.2.88", SeriesNumber=2)
    assert main(["info", str(tmp_path)]) == 0
    page = capsys.readouterr().out
    assert "1  cannot be opened: it mixes the slices of 2 patients" in page
    assert "Q-99" not in page
    assert main(["info", str(tmp_path), "--series", "1"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_series_of_one_file_is_not_listed(scans: Path, capsys: Captured) -> None:
    """There is nothing to choose; and only DICOM has series."""
    path = str(scans / "example_mr_sm.nii.gz")
    assert main(["info", path]) == 0
    assert "uid" not in capsys.readouterr().out
    assert main(["info", path, "--series", "1"]) == 2
    assert "only DICOM has series" in capsys.readouterr().err
