"""`vesal segment` from end to end."""

import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image as Pixels

from tests.fakes import BrightModel, bright_segmenter
from tests.grids import RASTERS, UGLY
from tests.phantoms import ball_image, enlarged
from vesal.cli.main import main
from vesal.geometry import Grid
from vesal.images import open_image

Captured = pytest.CaptureFixture[str]
GRID = enlarged(UGLY["LPS"])
MIDDLE = tuple(n // 2 for n in GRID.shape)


def words(numbers: tuple[float, ...]) -> str:
    """Coordinates as one types them."""
    return ",".join(str(number) for number in numbers)


def load(path: Path) -> nib.Nifti1Image:
    """A NIfTI file by an independent reader."""
    image = nib.load(path)
    assert isinstance(image, nib.Nifti1Image)
    return image


@pytest.fixture
def bright(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions get a model that takes what is bright."""
    monkeypatch.setattr("vesal.session.outliner.load_model", lambda _name: BrightModel())


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A NIfTI file with a bright ball in its middle."""
    centre = tuple(GRID.to_world(np.array([MIDDLE], np.float64))[0].tolist())
    image = ball_image(GRID, centre, 7.0)
    file = nib.Nifti1Image(image.array, GRID.affine)  # type: ignore[no-untyped-call]
    nib.save(file, tmp_path / "scan.nii.gz")
    return tmp_path / "scan.nii.gz"


def test_one_click_on_the_packaged_ct_gives_a_mask_on_its_grid(scans: Path, tmp_path: Path) -> None:
    """The installed command, the shipped model, a real scan: affine, shape and type agree."""
    ct, mask = scans / "example_ct.nii.gz", tmp_path / "liver.nii.gz"
    results = ["-o", str(mask), "--picture", str(tmp_path / "liver.png")]
    point = ["--voxel", "--point", "86,47,100"]
    vesal = str(Path(sys.executable).with_name("vesal"))
    run = subprocess.run(  # noqa: S603  # our own script
        [vesal, "segment", str(ct), *point, *results],
        capture_output=True,
        check=False,
        text=True,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert " ml (" in run.stdout
    assert str(mask) in run.stdout
    written, given = load(mask), load(ct)
    assert written.shape == given.shape
    assert np.allclose(written.affine, given.affine, atol=1e-6)
    array = np.asanyarray(written.dataobj)
    assert array.dtype == np.uint8
    assert array[86, 47, 100] == 1
    with Pixels.open(tmp_path / "liver.png") as picture:
        assert picture.format == "PNG"


@pytest.mark.usefixtures("bright")
@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        ("--point 1,2", 2, "needs 3 numbers"),
        ("--point one,2,3", 2, "numbers separated by commas"),
        ("--negative 1,2,3", 2, "at least one --point, --box"),
        ("--point 9999,0,0", 2, "outside the image, which spans"),
        ("--voxel --point 5,5,5 --negative 5,5,5", 2, "both as inside and as outside"),
        ("--point 0,0,0 --model nothing", 2, "unknown model 'nothing'"),
        ("--point 0,0,0 --model .", 2, ". is a folder; give the weights file in it"),
        ("--voxel --box 1,1,1,4,4", 2, "--box: a box needs two opposite corners"),
    ],
)
def test_bad_prompts_get_one_sentence_and_no_mask(
    options: str, code: int, says: str, scan: Path, tmp_path: Path, capsys: Captured
) -> None:
    """Whatever is wrong, the shell learns it and nothing is left behind."""
    assert main(["segment", str(scan), *options.split(), "-o", str(tmp_path / "mask.nii")]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert says in err
    assert [path.name for path in tmp_path.iterdir()] == ["scan.nii.gz"]


@pytest.mark.parametrize(
    ("output", "code", "says"),
    [
        ("mask.txt", 2, "must end in one of"),
        ("mask.png", 2, "volume"),
        ("missing/mask.nii", 5, "does not exist"),
        ("scan.nii.gz", 2, "different files"),
    ],
)
def test_bad_results_are_refused_before_the_model_is_loaded(
    output: str,
    code: int,
    says: str,
    scan: Path,
    tmp_path: Path,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody waits for a mask that cannot be written; the scan stays as it is."""
    monkeypatch.setattr("vesal.session.outliner.load_model", lambda _name: pytest.fail("loaded"))
    before = scan.read_bytes()
    point = ["--voxel", "--point", words(MIDDLE)]
    assert main(["segment", str(scan), *point, "-o", str(tmp_path / output)]) == code
    assert says in capsys.readouterr().err
    assert scan.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["scan.nii.gz"]


@pytest.mark.parametrize("cut", [0, 10, 200])
def test_a_damaged_scan_leaves_no_mask(
    cut: int, scan: Path, tmp_path: Path, capsys: Captured
) -> None:
    """Empty, cut in its header, cut in its voxels."""
    scan.write_bytes(scan.read_bytes()[:cut])
    assert main(["segment", str(scan), "--point", "0,0,0", "-o", str(tmp_path / "m.nii")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "m.nii").exists()


@pytest.mark.usefixtures("bright")
def test_an_older_mask_survives_a_failure(scan: Path, tmp_path: Path) -> None:
    """It is replaced only by a whole new one."""
    (tmp_path / "mask.nii").write_text("old")
    point = ["--point", "9999,0,0"]
    assert main(["segment", str(scan), *point, "-o", str(tmp_path / "mask.nii")]) == 2
    assert (tmp_path / "mask.nii").read_text() == "old"


@pytest.mark.usefixtures("bright")
def test_millimetres_and_indices_of_one_voxel_give_one_mask(scan: Path, tmp_path: Path) -> None:
    """On a grid stored as LPS, with negative numbers on the command line."""
    point_mm = tuple(GRID.to_world(np.array([MIDDLE], np.float64))[0].tolist())
    assert min(point_mm) < 0
    mm, index = tmp_path / "mm.nii.gz", tmp_path / "index.nii.gz"
    assert main(["segment", str(scan), "--point", words(point_mm), "-o", str(mm)]) == 0
    voxel = ["--voxel", "--point", words(MIDDLE)]
    assert main(["segment", str(scan), *voxel, "-o", str(index)]) == 0
    masks = [np.asanyarray(load(path).dataobj) for path in (mm, index)]
    assert masks[0][MIDDLE] == 1
    assert (masks[0] == masks[1]).all()


@pytest.mark.usefixtures("bright")
def test_a_translated_box_is_noted(scan: Path, tmp_path: Path, capsys: Captured) -> None:
    """What the model was not trained for is said; a picture needs no clicks."""
    low = words(tuple(n - 4 for n in MIDDLE))
    high = words(tuple(n + 4 for n in MIDDLE))
    results = ["-o", str(tmp_path / "m.nrrd"), "--picture", str(tmp_path / "p.png")]
    assert main(["segment", str(scan), "--voxel", "--box", f"{low},{high}", *results]) == 0
    page = capsys.readouterr().out
    assert "note       box: " in page
    assert f"picture    {tmp_path / 'p.png'}" in page
    assert open_image(tmp_path / "m.nrrd").grid.same_as(GRID)


@pytest.mark.usefixtures("bright")
def test_the_model_may_be_a_file(scan: Path, tmp_path: Path) -> None:
    """Weights of one's own are given by path; the session reads them."""
    weights = tmp_path / "own.safetensors"
    weights.touch()
    point = ["--voxel", "--point", words(MIDDLE), "--model", str(weights)]
    assert main(["segment", str(scan), *point, "-o", str(tmp_path / "mask.mha")]) == 0
    assert (tmp_path / "mask.mha").exists()


@pytest.mark.usefixtures("bright")
def test_a_raster_takes_x_and_y_or_row_and_column(tmp_path: Path, capsys: Captured) -> None:
    """The same pixel, named in both ways; sizes are pixels, for it has no volume."""
    grid = Grid(shape=(40, 60), affine=RASTERS["pixels"].affine)
    values = ball_image(grid, (45.0, 12.0), 6.0).array
    Pixels.fromarray((values / 4).astype(np.uint8)).save(tmp_path / "disc.png")
    scan = str(tmp_path / "disc.png")
    assert main(["segment", scan, "--point", "45,12", "-o", str(tmp_path / "xy.png")]) == 0
    voxel = ["--voxel", "--point", "12,45"]
    assert main(["segment", scan, *voxel, "-o", str(tmp_path / "rc.png")]) == 0
    assert "pixels" in capsys.readouterr().out
    masks = [open_image(tmp_path / name).array for name in ("xy.png", "rc.png")]
    assert masks[0].shape == (40, 60)
    assert masks[0][12, 45] == 255
    assert (masks[0] == masks[1]).all()


def test_a_published_model_tells_its_score_and_what_it_was_not_trained_on(
    scan: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The score only where it was trained."""
    point = ["--voxel", "--point", words(MIDDLE), "-o", str(tmp_path / "m.nii")]
    pages = {}
    for family in ("sam", "sam-unet"):
        model = bright_segmenter(family)
        monkeypatch.setattr("vesal.session.outliner.load_model", lambda _name, model=model: model)
        assert main(["segment", str(scan), *point]) == 0
        pages[family] = capsys.readouterr().out
    assert "score   0.90 IoU expected by the model" in pages["sam"]
    assert "note" not in pages["sam"]
    assert "score" not in pages["sam-unet"]
    assert "note       point: this model was trained on boxes alone" in pages["sam-unet"]


@pytest.mark.parametrize(("options", "told"), [([], [[0]]), (["--full-history"], [[1, 0]])])
def test_the_full_history_is_an_option(
    options: list[str],
    told: list[list[int]],
    scan: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A 3D SAM is told the newest click, or all of them."""
    model = bright_segmenter("sam-med3d")
    monkeypatch.setattr("vesal.session.outliner.load_model", lambda _name: model)
    negative = words(tuple(n - 3 for n in MIDDLE))
    clicks = ["--voxel", "--point", words(MIDDLE), "--negative", negative]
    assert main(["segment", str(scan), *clicks, *options, "-o", str(tmp_path / "m.nii")]) == 0
    assert model.prompts[-1].labels.tolist() == told
