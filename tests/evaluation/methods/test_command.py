"""Programs of others, asked round after round: real ones, in processes of their own."""

import json
import shlex
import sys
import tempfile
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from tests.grids import RASTERS, UGLY, grid_of, rotation, speckle, ugly_grids
from vesal.cohort.prompt_file import read_cases
from vesal.errors import ConfigError, ImageError, PromptError, ResourceError
from vesal.evaluation.method import Method, Trial
from vesal.evaluation.methods.choose import method
from vesal.evaluation.methods.command import CommandMethod
from vesal.evaluation.methods.image_file import own_file, write_image
from vesal.evaluation.methods.prompt_file import write_prompts
from vesal.geometry import Grid
from vesal.geometry.patch import Patch
from vesal.images import Image, Source, open_image
from vesal.labels import open_labels
from vesal.prompts import Click, MaskPrompt, Prompt
from vesal.prompts.place import box_on, click_on, lasso_on, scribble_on
from vesal.prompts.text import Typed

_READ = """
import json, sys
import numpy as np
image, prompts, output = sys.argv[1:4]
said = json.load(open(prompts))["cases"][0]["objects"][0]["prompts"]
middle = said[0].get("point", [0, 0, 0])
def ball(shape):
    around = np.indices(shape).reshape(len(shape), -1) - np.array(middle[:len(shape)])[:, None]
    return ((around ** 2).sum(0) <= len(said) ** 2).reshape(shape)
"""
_VOLUME = (
    _READ
    + """
import nibabel as nib
file = nib.load(image)
nib.Nifti1Image(ball(file.shape).astype(np.uint8), file.affine).to_filename(output)
"""
)
_PICTURE = (
    _READ
    + """
from PIL import Image
shape = np.array(Image.open(image)).shape[:2]
Image.fromarray(ball(shape).astype(np.uint8) * 255).save(output)
"""
)
_MOVED = _VOLUME.replace("file.affine", "file.affine + np.eye(4)[::-1] * 0.01")
_SMALLER = _VOLUME.replace("ball(file.shape)", "ball(file.shape)[1:]")
_FLOATS = _VOLUME.replace("ball(file.shape).astype(np.uint8)", "0.4 * ball(file.shape)")


def program(folder: Path, text: str) -> str:
    """The command line of a small program."""
    path = folder / "program.py"
    path.write_text(text, encoding="utf-8")
    words = shlex.join([sys.executable, str(path)])
    return f"{words} {{image}} {{prompts}} {{output}}"


def image_on(grid: Grid) -> Image:
    """Values without any symmetry on a grid."""
    array = np.random.default_rng(3).integers(-300, 900, grid.shape).astype(np.int16)
    return Image(array=array, grid=grid)


def ball(shape: tuple[int, ...], middle: tuple[int, ...], radius: int) -> np.ndarray:
    """What the program paints."""
    away = np.indices(shape) - np.array(middle).reshape(-1, *[1] * len(shape))
    return np.asarray((away**2).sum(axis=0) <= radius**2)


@pytest.fixture
def own_temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of temporary files that nobody else uses."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_a_program_is_told_more_in_each_round_and_its_mask_is_taken(
    tmp_path: Path, own_temporary: Path
) -> None:
    """A ball round the first point, larger with each prompt, on an oblique grid; all is removed."""
    image = image_on(UGLY["oblique permuted"])
    asked = method("painter=command:" + program(tmp_path, _VOLUME))
    assert isinstance(asked, Method)
    assert asked.name == "painter"
    assert str(tmp_path) in asked.identity
    trial = asked.begin(image)
    assert isinstance(trial, Trial)
    first = trial.add([click_on(image.grid, (3, 2, 5), positive=True)])
    assert np.array_equal(first, ball(image.grid.shape, (3, 2, 5), 1))
    more: list[Prompt] = [
        click_on(image.grid, (0, 0, 0), positive=False),
        box_on(image.grid, ((1,) * 3, (4,) * 3)),
    ]
    assert np.array_equal(trial.add(more), ball(image.grid.shape, (3, 2, 5), 3))
    assert trial.stability is None
    again = asked.begin(image).add([click_on(image.grid, (7, 6, 8), positive=True)])
    assert np.array_equal(again, ball(image.grid.shape, (7, 6, 8), 1))
    assert not list(own_temporary.iterdir())


@pytest.mark.parametrize("name", ["pixels", "mirrored"])
def test_a_raster_is_a_picture_for_the_program(tmp_path: Path, name: str) -> None:
    """Row and column are those of the array, and the mask is 0 and 255."""
    grid = RASTERS[name]
    image = Image(
        array=np.random.default_rng(1).integers(0, 255, (*grid.shape, 3)).astype(np.uint8),
        grid=grid,
    )
    trial = CommandMethod(program(tmp_path, _PICTURE), "painter").begin(image)
    mask = trial.add([click_on(grid, (2, 5), positive=True)])
    assert np.array_equal(mask, ball(grid.shape, (2, 5), 1))


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("import sys; sys.exit('no memory left')", ResourceError, "code 1: no memory left"),
        ("", ResourceError, "wrote no mask"),
        (_SMALLER, ImageError, r"must write a mask of \(9, 8, 7\) voxels, got \(8, 8, 7\)"),
        (_MOVED, ImageError, "with the affine of the image"),
        (_FLOATS, ImageError, "whole"),
        ("import sys; open(sys.argv[3], 'w').write('mask')", ImageError, "output.nii.gz"),
    ],
)
def test_a_program_that_fails_is_said_in_one_sentence(
    tmp_path: Path, own_temporary: Path, text: str, error: type[Exception], words: str
) -> None:
    """It fails, is silent, or writes something else than a mask on the grid; no file is left."""
    image = image_on(UGLY["LPS"])
    trial = CommandMethod(program(tmp_path, text), "painter").begin(image)
    with pytest.raises(error, match=words) as told:
        trial.add([click_on(image.grid, (3, 3, 3), positive=True)])
    assert "\n" not in str(told.value)
    assert not list(own_temporary.iterdir())


def test_a_program_that_hangs_is_stopped(tmp_path: Path, own_temporary: Path) -> None:
    """After the time that it was given."""
    image = image_on(UGLY["LPS"])
    sleeper = program(tmp_path, "import time; time.sleep(60)")
    trial = CommandMethod(sleeper, "painter", timeout_s=0.3).begin(image)
    with pytest.raises(ResourceError, match=r"did not end within 0\.3 s"):
        trial.add([click_on(image.grid, (3, 3, 3), positive=True)])
    assert not list(own_temporary.iterdir())


@pytest.mark.parametrize("place", ["image", "prompts", "output"])
def test_a_command_must_name_every_place(place: str) -> None:
    """What is missing is said before anything is evaluated."""
    words = " ".join(f"{{{name}}}" for name in ("image", "prompts", "output") if name != place)
    with pytest.raises(ConfigError, match=place):
        method(f"command:{sys.executable} {words}")


def test_a_program_is_given_the_images_own_file_only_if_it_holds_the_image(
    tmp_path: Path, scans: Path
) -> None:
    """An image that was cut or changed still names its file, and is written anew."""
    image = open_image(scans / "example_ct.nii.gz")
    assert own_file(image) == scans / "example_ct.nii.gz"
    start = (5, 6, 7)
    cut = Image(
        array=image.array[5:, 6:, 7:],
        grid=image.grid.crop(start, image.grid.shape),
        source=image.source,
    )
    assert own_file(cut) is None
    assert own_file(Image(array=image.array + 1, grid=image.grid, source=image.source)) is None
    assert own_file(Image(array=image.array, grid=image.grid)) is None
    gone = Source(path=tmp_path / "gone.nii.gz")
    assert own_file(Image(array=image.array, grid=image.grid, source=gone)) is None
    case = tmp_path / "case.npz"
    np.savez(case, imgs=np.zeros((2, 2, 2)))
    unread = Source(path=case)
    assert own_file(Image(array=image.array, grid=image.grid, source=unread)) is None
    written = open_image(write_image(cut, tmp_path))
    assert np.array_equal(written.array, cut.array)
    assert written.grid.same_as(cut.grid, 1e-3)


@pytest.mark.parametrize(
    "dtype", ["bool", "uint8", "int16", "uint16", "float16", "float64", "int64"]
)
@pytest.mark.parametrize("name", ["sheared left-handed", "pixels"])
def test_an_image_is_written_as_it_is(tmp_path: Path, name: str, dtype: str) -> None:
    """Values and places come back from the file, as other programs read it."""
    grid = (UGLY | RASTERS)[name]
    array = (np.random.default_rng(2).random(grid.shape) * 250).astype(dtype)
    path = write_image(Image(array=array, grid=grid), tmp_path)
    if grid.ndim == 2:
        assert path.suffix in (".png", ".tif")
        assert np.array_equal(np.array(Pillow.open(path)), array.astype(np.float32))
        return
    file: Any = nib.load(path)
    assert np.array_equal(np.asarray(file.dataobj), array)
    assert np.allclose(file.affine, grid.affine, atol=1e-3)


def test_a_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    """Neither image nor prompts can be written there."""
    image = image_on(UGLY["LPS"])
    with pytest.raises(ResourceError, match="cannot be written to"):
        write_image(image, tmp_path / "gone")
    with pytest.raises(ResourceError, match="cannot be written"):
        write_prompts(tmp_path / "gone" / "p.json", image, tmp_path, [[Click(point_mm=(1, 2, 3))]])
    with pytest.raises(PromptError, match="needs 3 numbers"):
        write_prompts(tmp_path / "p.json", image, tmp_path, [[Click(point_mm=(1, 2))]])


def said_on(grid: Grid) -> list[Prompt]:
    """One prompt of each kind, in and out, on any grid of at least four voxels an axis."""
    n = grid.ndim
    solid = ((1,) * n, (3, 4, 4)[:n])
    flat = ((2, 1, 0)[:n], (3, 4, 4)[:n]) if n == 3 else solid
    outline = [(2.5, 0.5, 1.0)[:n], (0.25, 3.0, 1.0)[:n], (3.0, 2.75, 1.0)[:n]]
    return [
        click_on(grid, (1, 3, 2)[:n], positive=True),
        click_on(grid, (0, 0, 3)[:n], positive=False),
        box_on(grid, solid),
        box_on(grid, flat, positive=False),
        scribble_on(grid, [(0, 1, 2)[:n], (3, 3, 3)[:n]], positive=True),
        lasso_on(grid, outline, positive=False),
    ]


def numbers(prompt: Prompt) -> np.ndarray:
    """What a prompt says, as numbers."""
    fields = [getattr(prompt, name) for name in prompt.__dataclass_fields__]
    return np.concatenate([np.ravel(np.array(value, np.float64)) for value in fields])


def assert_alike(prompt: Prompt, other: Prompt) -> None:
    """Two prompts say the same up to rounding."""
    assert type(prompt) is type(other)
    assert np.allclose(numbers(prompt), numbers(other), atol=1e-4)


@settings(max_examples=10)
@given(grid=st.one_of(ugly_grids(), st.sampled_from(list(RASTERS.values()))))
def test_our_own_reader_of_prompt_files_reads_what_was_said(grid: Grid) -> None:
    """Each prompt comes back in mm, on oblique, sheared and mirrored grids too."""
    grid = Grid(shape=tuple(max(4, n) for n in grid.shape), affine=grid.affine)
    said = said_on(grid)
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / "prompts.json"
        file = write_image(image_on(grid), Path(made))
        write_prompts(path, image_on(grid), file, [said])
        (case,) = read_cases(path)
    assert case.image == file.resolve()
    (wanted,) = case.wanted
    assert not wanted.one_by_one
    for told, prompt in zip(wanted.prompts, said, strict=True):
        assert isinstance(told, Typed)
        assert_alike(told.on(grid, voxel=case.voxel), prompt)


def test_whole_indices_are_whole_in_the_file(tmp_path: Path) -> None:
    """A program may use the numbers of a point as they are, though they went through mm."""
    image = image_on(UGLY["oblique"])
    rounds: list[list[Prompt]] = [
        [click_on(image.grid, (3, 0, 7), positive=True)],
        [box_on(image.grid, ((1, 2, 3), (4, 5, 4)))],
    ]
    write_prompts(tmp_path / "p.json", image, tmp_path / "i.nii.gz", rounds)
    (entry,) = json.loads((tmp_path / "p.json").read_text())["cases"][0]["objects"]
    assert entry["one_by_one"] is True
    assert entry["prompts"] == [
        {"point": [3, 0, 7], "positive": True},
        {"box": [[1, 2, 3], [3, 4, 3]], "positive": True},
    ]
    assert all(type(i) is int for i in entry["prompts"][0]["point"])


@pytest.mark.parametrize("name", ["sheared", "pixels"])
def test_masks_lie_beside_the_prompts(tmp_path: Path, name: str) -> None:
    """One to begin with and one to stay out of, on the image's grid."""
    grid = (UGLY | RASTERS)[name]
    image = image_on(grid)
    mask = speckle(grid.shape)
    said = [MaskPrompt(patch=Patch.of(mask)), MaskPrompt(patch=Patch.of(~mask), positive=False)]
    file = write_image(image, tmp_path)
    write_prompts(
        tmp_path / "p.json", image, file, [said, [click_on(grid, (1,) * grid.ndim, positive=True)]]
    )
    (wanted,) = read_cases(tmp_path / "p.json")[0].wanted
    start, avoid, _ = wanted.prompts
    assert np.array_equal(open_labels(start.path).array > 0, mask)  # type: ignore[union-attr, arg-type]
    assert np.array_equal(open_labels(avoid.path).array > 0, ~mask)  # type: ignore[union-attr, arg-type]


def test_a_box_beside_the_grids_axes_becomes_one_round_it() -> None:
    """A box of the world on an oblique grid: the smallest one of voxels that holds its corners."""
    from vesal.evaluation.methods.indices import voxels_of
    from vesal.prompts import Box

    grid = grid_of((40, 40, 40), rotation(0, 0, 45), (1, 1, 1), (0, 0, 0))
    box = Box(low_mm=(-5, 20, 3.2), high_mm=(5, 30, 3.3))
    corners = [grid.to_index(np.array([(x, y, 3.0)]))[0] for x in (-5.0, 5.0) for y in (20.0, 30.0)]
    low, high = voxels_of(box, grid)
    assert low[:2] == tuple(np.ceil(np.min(corners, axis=0)).astype(int)[:2])
    assert high[:2] == tuple(np.floor(np.max(corners, axis=0)).astype(int)[:2])
    assert (low[2], high[2]) == (3, 3)  # thinner than a voxel: the one that it lies in
