"""`vesal segment` from end to end."""

import shlex
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image as Pixels

from tests.automatics import tiny_automatic
from tests.dicom_series import write_series
from tests.fakes import BrightModel, bright_segmenter
from tests.grids import RASTERS, UGLY
from tests.phantoms import ball_image, enlarged
from vesal.checkpoints.automatic import save_automatic
from vesal.cli.main import main
from vesal.cli.segment import EXAMPLES
from vesal.geometry import Grid
from vesal.images import Source, open_image
from vesal.images.write import save_mask
from vesal.labels import open_labels

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
    for place in ("vesal.session.outliner", "vesal.checkpoints.load"):
        monkeypatch.setattr(f"{place}.load_model", lambda _name: BrightModel())


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
        ("--point 0,0,0 --model .", 2, ". is a folder without model.safetensors"),
        ("--voxel --box 1,1,1,4,4", 2, "--box: a box needs two opposite corners"),
        ("--voxel --box 90,0,0,99,4,4", 2, "--box: voxels 90,0,0 to 99,4,4 lie outside the image"),
        ("--voxel --lasso 1,1,1", 2, "--lasso: a lasso needs at least 3 points, got 1"),
        ("--voxel --not-scribble 5,5,5", 2, "at least one --point, --box"),
        ("--point 0,0,0 --avoid none.nii", 2, "none.nii"),
        ("--point 0,0,0 --again", 2, "a prompt file with --prompts, which --each"),
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


def commands() -> list[list[str]]:
    """The words of each example of the help page, without `vesal`."""
    text = EXAMPLES.replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.startswith("    vesal ")]
    return [shlex.split(line)[1:] for line in lines]


@pytest.fixture
def things(scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with all that the examples name: the scans that vesal ships, and what is theirs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ct.nii.gz").symlink_to(scans / "example_ct.nii.gz")
    mr, ct = open_image(scans / "example_mr_sm.nii.gz"), load(scans / "example_ct.nii.gz")
    save_mask(tmp_path / "mr.nrrd", mr.array.clip(0).astype(np.uint16), mr.grid, Source())
    done = np.zeros(ct.shape, np.uint8)
    done[:2], done[2:4] = 3, 5
    nib.save(nib.Nifti1Image(done, ct.affine), "done.nii.gz")  # type: ignore[no-untyped-call]
    for number in (1, 2):
        write_series(tmp_path / "series", slices=20, columns=60, rows=60, prefix=f"S{number}-")
    disc = ball_image(Grid(shape=(150, 120), affine=np.eye(3)), (120.0, 85.0), 9.0).array
    Pixels.fromarray((disc / 4).astype(np.uint8)).save("cells.png")
    rows = 'image,object,kind,coordinates\nct.nii.gz,liver,point,"98,161,397"\n'
    (tmp_path / "cases.csv").write_text(rows)
    save_automatic(tiny_automatic(side=32, spacing_mm=12.0), tmp_path / "my-auto.safetensors")
    return tmp_path


@pytest.mark.usefixtures("bright")
@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_the_examples_of_the_help_page_run(words: list[str], things: Path) -> None:
    """As they stand, on the scans that vesal ships."""
    before = set(things.iterdir())
    assert main(words) == 0
    assert words[words.index("-o") + 1].rstrip("/") in {p.name for p in things.iterdir()}
    assert set(things.iterdir()) > before


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


@pytest.mark.usefixtures("bright")
def test_everything_that_can_be_drawn_can_be_typed(
    scan: Path, tmp_path: Path, capsys: Captured
) -> None:
    """Scribbles, lassos and boxes, for and against, a mask to begin with, labels to stay out of."""
    x, y, z = MIDDLE
    out = tmp_path / "all.seg.nrrd"
    half = np.zeros(GRID.shape, np.uint8)
    half[:x] = 3
    for name, array in (("half.nii.gz", half), ("start.nii.gz", (half == 3).astype(np.uint8))):
        nib.save(nib.Nifti1Image(array, GRID.affine), tmp_path / name)  # type: ignore[no-untyped-call]
    corners = ((-5, -5), (5, -5), (5, 5), (-5, 5))
    options = [
        "--voxel",
        "--scribble", f"{x + 1},{y},{z} {x + 2},{y},{z}",
        "--lasso", " ".join(f"{x + a},{y + b},{z}" for a, b in corners),
        "--not-scribble", f"{x + 1},{y + 3},{z}",
        "--not-box", f"{x + 4},{y},{z} {x + 5},{y + 1},{z + 1}",
        "--avoid", f"{tmp_path / 'half.nii.gz'}:3",
        "--name", "left half",
        "--save", str(tmp_path / "work.vesal"),
    ]  # fmt: skip
    assert main(["segment", str(scan), *options, "-o", str(out)]) == 0
    page = capsys.readouterr().out
    assert "scribble: told to the model as clicks" in page
    labels = open_labels(out)
    assert [segment.name for segment in labels.segments] == ["left half"]
    assert labels.array[x + 1, y, z] == labels.array[x + 2, y, z] == 1
    assert not labels.array[:x].any()
    assert labels.array[x + 1, y + 3, z] == 0
    assert (tmp_path / "work.vesal").exists()
    begun = ["--start", str(tmp_path / "start.nii.gz"), "-o", str(tmp_path / "begun.nii.gz")]
    assert main(["segment", str(scan), *begun]) == 0
    assert np.array_equal(open_image(tmp_path / "begun.nii.gz").array > 0, half == 3)


@pytest.mark.usefixtures("bright")
@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--voxel --point 999,0,0", "voxel 999,0,0 lies outside the image, whose voxels count"),
        ("--point nan,0,0", "--point needs finite numbers"),
        (f"--point 0,0,0 --name {'a' * 65}", "a name needs one line"),
        ("--point 0,0,0 --start none.nii", "none.nii cannot be read"),
        ("--point 0,0,0 --save missing/a.vesal", "does not exist"),
        ("--prompts none.csv --point 0,0,0", "leave SCAN and the options of one scan out"),
    ],
)
def test_bad_new_options_get_one_sentence(
    options: str, says: str, scan: Path, tmp_path: Path, capsys: Captured
) -> None:
    """And no mask."""
    assert main(["segment", str(scan), *options.split(), "-o", str(tmp_path / "mask.nii")]) != 0
    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["scan.nii.gz"]


def test_a_prompt_file_runs_from_the_shell(
    scan: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two scans, one of them missing its object's place; a report; exit code 6; then resumed."""
    monkeypatch.setattr("vesal.checkpoints.load.load_model", lambda _name: BrightModel())
    (tmp_path / "copy.nii.gz").write_bytes(scan.read_bytes())
    table = tmp_path / "cases.csv"
    good, bad = words(MIDDLE), "999,0,0"
    table.write_text(
        "image,object,kind,coordinates,positive,frame\n"
        f'scan.nii.gz,ball,point,"{good}",1,voxel\ncopy.nii.gz,ball,point,"{bad}",1,voxel\n'
    )
    command = ["segment", "--prompts", str(table), "-o", str(tmp_path / "out")]
    assert main(command) == 6
    page = capsys.readouterr().out
    assert "done     1" in page
    assert "failed   1" in page
    assert open_labels(tmp_path / "out" / "scan.nii.gz").array[MIDDLE] == 1
    table.write_text(table.read_text().replace(bad, good))
    assert main([*command, "--each", "--format", ".nrrd"]) == 0
    assert main([*command, "--each", "--format", ".nrrd"]) == 0
    assert "skipped  2" in capsys.readouterr().out
    assert open_labels(tmp_path / "out" / "copy" / "ball.nrrd").array[MIDDLE] == 1


def test_a_series_of_a_dicom_folder_is_chosen(
    data: Path, tmp_path: Path, bright: None, capsys: Captured
) -> None:
    """By its number; a number that is not there is refused with the list."""
    write_series(tmp_path / "scans" / "one", SeriesDescription="lung")
    write_series(tmp_path / "scans" / "two", SeriesDescription="bone")
    point = ["--voxel", "--point", "4,4,4", "-o", str(tmp_path / "m.nii.gz")]
    assert main(["segment", str(tmp_path / "scans"), *point]) == 2
    assert "--series" in capsys.readouterr().err
    assert main(["segment", str(tmp_path / "scans"), "--series", "bone", *point]) == 0
