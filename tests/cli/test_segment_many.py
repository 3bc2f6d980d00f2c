"""`vesal segment --prompts` from end to end."""

import subprocess
import sys
from pathlib import Path

import nibabel as nib
import pytest

from tests.fakes import BrightModel
from tests.session.small import GRID, PLACES, two_balls
from vesal.cli.main import main
from vesal.labels import open_labels

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def bright(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs get a model that takes what is bright."""
    monkeypatch.setattr("vesal.checkpoints.load.load_model", lambda _name: BrightModel())


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """A prompt file about two balls in each of two scans."""
    rows = ["image,object,kind,coordinates,frame"]
    for name in ("a", "b"):
        scan = nib.Nifti1Image(two_balls().array, GRID.affine)  # type: ignore[no-untyped-call]
        nib.save(scan, tmp_path / f"{name}.nii.gz")
        rows += [
            f'{name}.nii.gz,ball {number},point,"{",".join(map(str, place))}",voxel'
            for number, place in enumerate(PLACES)
        ]
    (tmp_path / "cases.csv").write_text("\n".join(rows) + "\n")
    return tmp_path / "cases.csv"


def segment(cases: Path, *words: str) -> int:
    """The exit code of a run into the folder `out` beside the prompt file."""
    return main(["segment", "--prompts", str(cases), "-o", str(cases.parent / "out"), *words])


def test_a_run_tells_what_it_did_and_the_next_one_skips_it(cases: Path, capsys: Captured) -> None:
    """Exit code 0 where all went well."""
    assert segment(cases) == 0
    page = capsys.readouterr().out
    assert "done     2" in page
    assert "failed   0" in page
    assert str(cases.parent / "out" / "report.csv") in page
    assert len(open_labels(cases.parent / "out" / "a.nii.gz").segments) == 2
    assert segment(cases) == 0
    assert "skipped  2 (done before; --again repeats them)" in capsys.readouterr().out
    assert segment(cases, "--again") == 0
    assert "done     2" in capsys.readouterr().out


def test_a_failed_case_ends_in_its_own_exit_code(cases: Path, capsys: Captured) -> None:
    """After the others are done."""
    (cases.parent / "a.nii.gz").write_bytes(b"")
    assert segment(cases) == 6
    out, err = capsys.readouterr()
    assert "failed   1" in out
    assert err == ""
    assert (cases.parent / "out" / "b.nii.gz").exists()


def test_the_form_of_results_is_chosen(cases: Path) -> None:
    """One file for each object, in a format that holds no names."""
    assert segment(cases, "--each", "--format", ".mha") == 0
    found = sorted(p.name for p in (cases.parent / "out" / "a").iterdir())
    assert found == ["ball_0.mha", "ball_1.mha"]


def test_that_the_history_changes_nothing_is_said_once(cases: Path, capsys: Captured) -> None:
    """As for one scan."""
    assert segment(cases, "--full-history") == 0
    assert capsys.readouterr().out.count("--full-history changes nothing") == 1


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--point", "1,2,3"], 2, "with --prompts the file says which scans"),
        (["--voxel"], 2, "with --prompts the file says which scans"),
        (["--name", "liver"], 2, "with --prompts the file says which scans"),
        (["scan.nii"], 2, "with --prompts the file says which scans"),
        (["--format", ".txt"], 2, "a file of labels must end in one of"),
        (["--format", "-x.nii"], 2, "--format needs a suffix alone, like .seg.nrrd"),
        (["--format", "/../../a.nii"], 2, "--format needs a suffix alone"),
        (["--model", "nothing"], 2, "unknown model 'nothing'"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_made(
    words: list[str], code: int, says: str, cases: Path, capsys: Captured
) -> None:
    """No folder, no report."""
    assert segment(cases, *words) == code
    assert says in capsys.readouterr().err
    assert not (cases.parent / "out").exists()


def test_a_wrong_prompt_file_changes_nothing(cases: Path, capsys: Captured) -> None:
    """All that is wrong with it is one sentence."""
    cases.write_text(cases.read_text().replace("point", "ring").replace("b.nii.gz", "c.nii.gz"))
    assert segment(cases) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: cases.csv has 5 problems: line 2: ")
    assert err.count("\n") == 1
    assert not (cases.parent / "out").exists()


def test_folders_are_made_one_deep(cases: Path, capsys: Captured) -> None:
    """A typo would hide the results; what is there and is no folder stays."""
    words = ["segment", "--prompts", str(cases), "-o"]
    assert main([*words, str(cases.parent / "lost" / "out")]) == 5
    assert "lost for out does not exist; make it first" in capsys.readouterr().err
    assert main([*words, str(cases.parent / "a.nii.gz")]) == 5
    assert "a.nii.gz is a file; give a folder for the results" in capsys.readouterr().err


def test_scans_and_prompt_file_are_never_replaced(cases: Path, capsys: Captured) -> None:
    """Results may not take their names."""
    words = ["segment", "-o", str(cases.parent), "--prompts"]
    assert main([*words, str(cases)]) == 2
    assert "a.nii.gz is read for this run and would be replaced" in capsys.readouterr().err
    report = cases.rename(cases.parent / "report.csv")
    before = report.read_text()
    assert main([*words, str(report), "--format", ".nrrd"]) == 2
    assert "report.csv is read for this run" in capsys.readouterr().err
    assert report.read_text() == before


def test_the_installed_command_runs_a_file_on_the_packaged_scan(
    scans: Path, tmp_path: Path
) -> None:
    """With the shipped model."""
    scan = scans / "example_ct.nii.gz"
    text = f'image,object,kind,coordinates\n{scan},liver,point,"98,161,397"\n'
    (tmp_path / "cases.csv").write_text(text)
    vesal = str(Path(sys.executable).with_name("vesal"))
    words = [vesal, "segment", "--prompts", "cases.csv", "-o", "out/"]
    run = subprocess.run(  # noqa: S603  # our own script
        words, capture_output=True, check=False, text=True, cwd=tmp_path
    )
    assert (run.returncode, run.stderr) == (0, "")
    (segment,) = open_labels(tmp_path / "out" / "example_ct.nii.gz").segments
    assert segment.name == "liver"
