"""No result ever takes the place of what is read."""

from pathlib import Path

import pytest

from vesal.cohort.case import Case, MaskFile, Wanted
from vesal.cohort.results import check_results, remove_leftovers, results_of
from vesal.errors import ConfigError
from vesal.images.write import replacing


def case(image: Path, mask: Path, name: str = "ct") -> Case:
    """A case of two objects that begin with a mask."""
    start = MaskFile(where="here", kind="start", path=mask)
    wanted = tuple(Wanted(name=name, prompts=(start,)) for name in ("liver", "a b"))
    return Case(name=name, image=image, wanted=wanted)


def test_a_case_has_one_file_or_one_for_each_object(tmp_path: Path) -> None:
    """In a folder of its name."""
    one = case(tmp_path / "ct.nii", tmp_path / "mask.nii")
    assert results_of(one, ".nrrd", each=False) == ("ct.nrrd",)
    each = results_of(one, ".nrrd", each=True)
    assert each == ("ct/liver.nrrd", "ct/a_b.nrrd")


@pytest.mark.parametrize(
    ("image", "mask", "each"),
    [
        ("out/ct.nii", "mask.nii", False),
        ("ct.nii", "out/../out/ct.nii", False),
        ("ct.nii", "out/ct/liver.nii", True),
        ("ct.nii", "out/report.csv", False),
    ],
)
def test_what_is_read_is_never_replaced(image: str, mask: str, each: bool, tmp_path: Path) -> None:
    """Not the scan, and not the masks that prompts begin with."""
    one = case(tmp_path / image, tmp_path / mask)
    with pytest.raises(ConfigError, match="is read for this run and would be replaced"):
        check_results([one], tmp_path / "out", ".nii", each=each)


@pytest.mark.parametrize(("name", "suffix"), [("mosaic", ".png"), ("report", ".csv")])
def test_no_result_is_called_as_a_file_of_the_run(name: str, suffix: str, tmp_path: Path) -> None:
    """The sheet of pictures would take the place of the mask."""
    one = case(tmp_path / f"{name}.png", tmp_path / "mask.png", name)
    check_results([one], tmp_path / "out", ".nii", each=False)
    with pytest.raises(ConfigError, match=rf"{name}\{suffix} is a file of the run itself"):
        check_results([one], tmp_path / "out", suffix, each=False)


def test_the_prompt_file_is_never_replaced(tmp_path: Path) -> None:
    """Though it may be called as the report is."""
    one = case(tmp_path / "ct.nii", tmp_path / "mask.nii")
    check_results([one], tmp_path, ".nrrd", each=False)
    with pytest.raises(ConfigError, match=r"report\.csv is read for this run"):
        check_results([one], tmp_path, ".nrrd", each=False, keep=(tmp_path / "report.csv",))


def test_nothing_is_put_between_the_slices_of_a_series(tmp_path: Path) -> None:
    """A folder that is read stays as it is."""
    series = tmp_path / "ct"
    series.mkdir()
    check_results([case(series, tmp_path / "mask.nii")], tmp_path, ".nrrd", each=False)
    with pytest.raises(ConfigError, match="would lie in the folder of an image"):
        check_results([case(series, tmp_path / "mask.nii")], tmp_path, ".nrrd", each=True)


def test_what_a_killed_run_left_is_deleted(tmp_path: Path) -> None:
    """Half files beside the results and in the folders of cases, and no others."""
    (tmp_path / "ct").mkdir()
    left = []
    for folder in (tmp_path, tmp_path / "ct"):
        with replacing(folder / "ct.nii", ".nii") as temporary:
            temporary.write_bytes(b"whole")
            left.append(temporary)
    for temporary in left:
        temporary.write_bytes(b"half")
    remove_leftovers(tmp_path)
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.nii"))
    assert found == ["ct.nii", "ct/ct.nii"]
