"""`vesal segment --auto` from end to end."""

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest

from tests.automatics import automatic_config, exact_automatic, tiny_automatic
from tests.dicom_series import write_series
from tests.networks import random_network, tiny_config
from vesal.checkpoints.automatic import save_automatic
from vesal.checkpoints.load import save_model
from vesal.cli.main import main
from vesal.labels import open_labels
from vesal.models.automatic import Automatic

Captured = pytest.CaptureFixture[str]
CLASSES = ("liver", "spleen")
AFFINE = np.array([[0, -3.0, 0, 20], [-2, 0, 0, 7], [0, 0, 4, -9], [0, 0, 0, 1.0]])
VALUES = np.zeros((20, 24, 18), np.int16)
VALUES[4:9, 3:12, 5:11], VALUES[12:18, 10:20, 2:9] = 1, 2


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The file of a model that takes a voxel's value for its class, on the scan's own lattice."""
    save_automatic(tiny_automatic(side=16), tmp_path / "auto.safetensors")
    config = automatic_config(side=16, classes=CLASSES)
    exact = exact_automatic(replace(config, spacing_mm=(3.0, 2.0, 4.0)))  # right, front, head
    real = "vesal.checkpoints.automatic.load_automatic"

    def load(path: str) -> Automatic:
        assert Path(path).name == "auto.safetensors"
        return exact

    monkeypatch.setattr(real, load)
    return str(tmp_path / "auto.safetensors")


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A NIfTI file, stored back to front, whose voxels are the numbers of classes."""
    nib.save(nib.Nifti1Image(VALUES, AFFINE), tmp_path / "scan.nii.gz")  # type: ignore[no-untyped-call]
    return tmp_path / "scan.nii.gz"


def test_a_scan_becomes_a_label_map_with_names(
    model: str, scan: Path, tmp_path: Path, capsys: Captured
) -> None:
    """On its grid, by an independent reader; each class has a line with its volume."""
    out = tmp_path / "labels.nii.gz"
    assert main(["segment", str(scan), "--auto", "--model", model, "-o", str(out)]) == 0
    written = nib.load(out)
    assert isinstance(written, nib.Nifti1Image)
    np.testing.assert_allclose(written.affine, AFFINE)
    labels = open_labels(out)
    assert [(s.number, s.name) for s in labels.segments] == [(1, "liver"), (2, "spleen")]
    assert np.array_equal(labels.array, VALUES)
    page = capsys.readouterr().out
    assert f"liver   {np.count_nonzero(labels.array == 1) * 24 / 1000:.2f} ml" in page
    assert f"labels  {out}" in page


@pytest.mark.parametrize("suffix", [".nrrd", ".seg.nrrd", ".mha"])
def test_other_formats_hold_the_same_labels(
    model: str, scan: Path, tmp_path: Path, suffix: str
) -> None:
    """The suffix chooses, as for prompts."""
    for out in ("labels.nii", f"labels{suffix}"):
        words = ["segment", str(scan), "--auto", "--model", model, "-o", str(tmp_path / out)]
        assert main(words) == 0
    expected = open_labels(tmp_path / "labels.nii").array
    assert np.array_equal(open_labels(tmp_path / f"labels{suffix}").array, expected)


def test_a_dicom_series_becomes_a_dicom_seg_that_names_all_classes(
    tmp_path: Path, capsys: Captured
) -> None:
    """With a real file of weights, whatever it finds; an empty class is described too."""
    write_series(tmp_path / "series", slices=12, columns=30, rows=30)
    model = tiny_automatic(side=16)
    save_automatic(model, tmp_path / "auto.safetensors")
    out = tmp_path / "labels.seg.dcm"
    words = ["segment", str(tmp_path / "series"), "--auto", "-o", str(out)]
    assert main([*words, "--model", str(tmp_path / "auto.safetensors")]) == 0
    segments = pydicom.dcmread(out).SegmentSequence
    assert [segment.SegmentLabel for segment in segments] == ["liver", "spleen"]
    assert "labels" in capsys.readouterr().out


def test_many_scans_go_into_a_folder_with_a_report(
    model: str, scan: Path, tmp_path: Path, capsys: Captured
) -> None:
    """A scan that cannot be read costs its row and exit code 6; what is done is skipped."""
    second, broken = tmp_path / "second.nii.gz", tmp_path / "broken.nii.gz"
    shutil.copy(scan, second)
    broken.write_bytes(b"no image")
    out = tmp_path / "out"
    words = ["segment", "--auto", "--model", model, "-o", str(out)]
    assert main([*words, str(scan), str(broken), str(second)]) == 6
    page = capsys.readouterr().out
    assert "done     2" in page
    assert "failed   1" in page
    with (out / "report.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["case"], row["object"], row["status"]) for row in rows] == [
        ("scan", "liver", "done"),
        ("scan", "spleen", "done"),
        ("broken", "", "failed"),
        ("second", "liver", "done"),
        ("second", "spleen", "done"),
    ]
    labels = open_labels(out / "second.nii.gz")
    assert int(rows[4]["voxels"]) == (labels.array == 2).sum()
    assert main([*words, str(scan), str(second)]) == 0
    assert "skipped  2" in capsys.readouterr().out
    assert main([*words, str(scan), str(second), "--again"]) == 0
    assert "done     2" in capsys.readouterr().out


def test_each_class_can_have_a_file_of_its_own(model: str, scan: Path, tmp_path: Path) -> None:
    """In a folder for each scan, as with prompts; one scan is enough for that."""
    words = ["segment", str(scan), "--auto", "--model", model, "--each", "--format", ".nrrd"]
    assert main([*words, "-o", str(tmp_path / "out")]) == 0
    files = sorted(path.name for path in (tmp_path / "out" / "scan").iterdir())
    assert files == ["liver.nrrd", "spleen.nrrd"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--point", "1,2,3"], "takes no --point: leave it out, or --auto"),
        (["--box", "0,0,0,1,1,1", "--negative", "1,1,1"], "takes no --box, --negative"),
        (["--avoid", "x.nii"], "takes no --avoid"),
        (["--voxel"], "takes no --voxel"),
        (["--picture", "p.png"], "takes no --picture"),
        (["--full-history"], "takes no --full-history"),
    ],
)
def test_prompts_are_refused_beside_auto(
    words: list[str], told: str, model: str, scan: Path, tmp_path: Path, capsys: Captured
) -> None:
    """One sentence that names them; nothing is written."""
    out = tmp_path / "labels.nii.gz"
    assert main(["segment", str(scan), "--auto", "--model", model, "-o", str(out), *words]) == 2
    assert told in capsys.readouterr().err
    assert not out.exists()


def test_each_kind_of_model_is_refused_where_the_other_is_needed(
    scan: Path, tmp_path: Path, capsys: Captured
) -> None:
    """With prompts, with --auto, with --auto and no model at all, and by the server."""
    auto, mini = tmp_path / "auto.safetensors", tmp_path / "mini.safetensors"
    save_automatic(tiny_automatic(side=16), auto)
    save_model(random_network(tiny_config()), mini)
    out = ["-o", str(tmp_path / "labels.nii.gz")]
    point = ["--voxel", "--point", "5,5,5"]
    for words, told in (
        ([str(scan), *point, "--model", str(auto), *out], "takes no prompts: use vesal segment"),
        ([str(scan), "--auto", "--model", str(mini), *out], "needs prompts: leave --auto out"),
        ([str(scan), "--auto", *out], "vesal-mini is of the family promptable-unet, which needs"),
        (["--auto", "--model", str(auto), *out], "--auto needs one SCAN or more"),
        ([str(scan), str(scan), *point, *out], "prompts are about one SCAN, got 2"),
    ):
        assert main(["segment", *words]) == 2
        assert told in capsys.readouterr().err
    assert main(["serve", str(tmp_path), "--model", str(auto), "--port", "0"]) == 2
    assert "takes no prompts" in capsys.readouterr().err


def test_scans_of_one_name_are_refused_before_anything_is_done(
    model: str, scan: Path, tmp_path: Path, capsys: Captured
) -> None:
    """Their results would replace each other; nor may a result replace a scan."""
    (tmp_path / "other").mkdir()
    twin = tmp_path / "other" / scan.name
    shutil.copy(scan, twin)
    words = ["segment", "--auto", "--model", model]
    assert main([*words, str(scan), str(twin), "-o", str(tmp_path / "out")]) == 2
    assert "got 'scan' twice" in capsys.readouterr().err
    assert main([*words, str(scan), "--again", "-o", str(tmp_path)]) == 2
    assert "is read for this run and would be replaced" in capsys.readouterr().err
    assert main([*words, str(scan), "no.nii", "-o", str(tmp_path / "out")]) == 2
    assert "there is no no.nii" in capsys.readouterr().err


def test_the_facts_of_an_automatic_model_can_be_read(tmp_path: Path, capsys: Captured) -> None:
    """By `vesal weights info`, in words and as JSON."""
    save_automatic(tiny_automatic("sam"), tmp_path / "auto.safetensors")
    assert main(["weights", "info", str(tmp_path / "auto.safetensors")]) == 0
    page = capsys.readouterr().out
    assert "family     automatic" in page
    assert "classes ('liver', 'spleen')" in page
    assert main(["weights", "info", str(tmp_path / "auto.safetensors"), "--json"]) == 0
    assert '"sam-med3d"' in capsys.readouterr().out
