"""Every recipe of a paper, small, from a user's folder to weights that segment."""

from pathlib import Path

import numpy as np
import pytest

from tests.training.pairs import SCANS
from tests.training.runs import rows
from tests.typechecks import types_checked
from vesal.checkpoints.automatic import load_automatic
from vesal.checkpoints.load import load_model
from vesal.cli.main import main
from vesal.images import open_image

Captured = pytest.CaptureFixture[str]

TINY_2D = (
    "model.image_size=64", "model.patch=8", "model.width=48", "model.depth=4", "model.heads=4",
    "model.window=3", "model.global_blocks=0,1,2,3", "model.prompt_width=64",
    "data.shown.size=64", "data.shown.batch=2", "data.shown.masks=2",
)  # fmt: skip
TINY_3D = (
    "model.image_size=32", "model.patch=8", "model.width=48", "model.depth=2", "model.heads=4",
    "model.window=2", "model.global_blocks=1", "model.prompt_width=48",
    "data.shown.side=32", "data.shown.spacing_mm=6", "data.shown.batch=1",
    "data.shown.least_voxels=10", "settings.accumulate=2", "lesson.interactions=4",
)  # fmt: skip
CHANGES = {
    "sam-med3d-1": TINY_3D,
    "sam-med3d-2": TINY_3D,
    "sam-med3d-tune": TINY_3D,
    "sam-med2d": TINY_2D,
    "ft-sam": TINY_2D,
    "sam-unet": TINY_2D,
    "sam-decoder": TINY_2D,
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV with the CT and the MR that vesal ships, each of a patient of its own."""
    folder = tmp_path_factory.mktemp("data")
    table = folder / "pairs.csv"
    lines = ["image,label,modality,patient"]
    lines += [
        f"{SCANS / 'example_ct.nii.gz'},{SCANS / 'example_seg_fast_force_split.nii.gz'},CT,a",
        f"{SCANS / 'example_mr_sm.nii.gz'},{SCANS / 'example_seg_mr.nii.gz'},MR,b",
    ]
    table.write_text("\n".join(lines) + "\n")
    return table


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where prepared images are kept: recipes that prepare alike find each other's."""
    return tmp_path_factory.mktemp("cache")


@pytest.mark.parametrize("recipe", CHANGES)
def test_a_recipe_trains_on_a_folder_and_its_weights_segment(
    recipe: str, data: Path, cache: Path, tmp_path: Path, capsys: Captured
) -> None:
    """Random weights at first, two steps, a validation; then a mask on the image's own grid."""
    common = ["settings.precision=32-true", "settings.validate_every=2", "data.workers=0"]
    common += ["data.validation_windows=1", "data.only=liver"]
    words = [w for change in (*CHANGES[recipe], *common) for w in ("--set", change)]
    run = tmp_path / "run"
    options = ["--steps", "2", "--start", "none", "--workers", "0", "--accelerator", "cpu"]
    folders = ["--run", str(run), "--cache", str(cache)]
    assert main(["train", recipe, str(data), *options, *folders, *words]) == 0
    assert str(run / "best.safetensors") in capsys.readouterr().out
    assert [row["step"] for row in rows(run / "train.csv")] == ["1", "2"]
    assert [row["step"] for row in rows(run / "validation.csv")] == ["2"]
    assert load_model(run / "best.safetensors").config.family == recipe.removesuffix(
        "-1"
    ).removesuffix("-2").removesuffix("-tune").replace("sam-decoder", "sam")
    mask = tmp_path / "mask.nrrd"
    scan = SCANS / "example_mr_sm.nii.gz"
    model = ["--model", str(run / "best.safetensors"), "-o", str(mask)]
    point = ",".join(f"{x:.1f}" for x in middle(scan))
    segmented(scan, "--point", point, *model)
    assert open_image(mask).array.shape == open_image(scan).array.shape


def segmented(scan: Path, *words: str) -> None:
    """Use what was trained; the types of that are checked where segmenting is tested."""
    with types_checked(now=False):
        assert main(["segment", str(scan), *words]) == 0


def middle(path: Path) -> list[float]:
    """The middle of an image, in mm."""
    grid = open_image(path).grid
    index = np.array([[(n - 1) / 2 for n in grid.shape]])
    found: list[float] = grid.to_world(index)[0].tolist()
    return found


AUTOMATIC = {
    "auto": ("data.window=32,32,32", "data.spacing_mm=6", "data.batch=1"),
    "auto-sam-med3d": (
        "encoder.image_size=32", "encoder.width=48", "encoder.depth=4", "encoder.heads=4",
        "encoder.window=2", "encoder.global_blocks=0,1,2,3", "encoder.prompt_width=48",
        "data.window=32,32,32", "data.spacing_mm=6", "data.batch=1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("recipe", AUTOMATIC)
def test_an_automatic_recipe_trains_on_a_folder_and_needs_no_prompt(
    recipe: str, data: Path, cache: Path, tmp_path: Path, capsys: Captured
) -> None:
    """Classes come from the data; then a label map with their names, on the image's own grid."""
    common = ["settings.precision=32-true", "settings.validate_every=2", "data.workers=0"]
    common += ["data.validation_patches=2", "data.classes=liver,spleen"]
    words = [w for change in (*AUTOMATIC[recipe], *common) for w in ("--set", change)]
    start = [] if recipe == "auto" else ["--start", "none"]
    run = tmp_path / "run"
    options = ["--steps", "2", "--workers", "0", "--accelerator", "cpu", *start]
    folders = ["--run", str(run), "--cache", str(cache)]
    assert main(["train", recipe, str(data), *options, *folders, *words]) == 0
    assert str(run / "best.safetensors") in capsys.readouterr().out
    model = load_automatic(run / "best.safetensors")
    assert model.config.classes == ("liver", "spleen")
    assert model.config.normalisation.kind == "ct"
    (row,) = rows(run / "validation.csv")
    assert set(row) == {"step", "liver", "spleen"}
    scan, labels = SCANS / "example_mr_sm.nii.gz", tmp_path / "labels.nii.gz"
    words = ["--auto", "--model", str(run / "best.safetensors"), "-o", str(labels)]
    segmented(scan, *words)
    assert open_image(labels).array.shape == open_image(scan).array.shape


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sam-med3d-1"], "learns from your data: give a folder"),
        (["sam-med2d", "DATA"], "the weights of sam-vit-b are missing"),
        (["auto"], "learns from your data: give a folder"),
        (["auto", "DATA", "--set", "data.classes=nothing"], "training needs an image with"),
        (["sam-med3d-1", "DATA", "--set", "data.shown.side=96"], "set both model.image_size"),
        (["sam-med3d-1", "nowhere"], "nowhere"),
        (["sam-med3d-1", "DATA", "--set", "data.only=nothing"], "training needs an image with"),
        (["sam-med3d-1", "DATA", "--start", "vesal-mini"], "not of this recipe's network"),
    ],
    ids=str,
)
def test_what_cannot_be_trained_is_one_sentence(
    words: list[str], said: str, data: Path, tmp_path: Path, capsys: Captured
) -> None:
    """And says what would be right."""
    small = [w for change in TINY_3D if "side" not in change for w in ("--set", change)]
    if words[0] == "sam-med3d-1" and "data.shown.side=96" not in words:
        small += ["--set", "data.shown.side=32"]
    elif words[0] != "sam-med3d-1":
        small = [w for change in CHANGES.get(words[0], ()) for w in ("--set", change)]
    given = [str(data) if word == "DATA" else word for word in words]
    folders = ["--run", str(tmp_path / "run"), "--cache", str(tmp_path / "cache")]
    settings = ["--set", "settings.precision=32-true"]
    if "--start" not in given and words[0] == "sam-med3d-1":
        given += ["--start", "none"]
    assert main(["train", *given, "--accelerator", "cpu", *small, *settings, *folders]) in (2, 3)
    err = capsys.readouterr().err
    assert said in err
    assert err.count("error: ") == 1
