"""The contact sheet."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image as Pixels

from tests.grids import RASTERS, UGLY, speckle, ugly_grids
from tests.phantoms import ball_image, enlarged
from vesal.errors import ImageError, ResourceError
from vesal.geometry import Grid
from vesal.images import Image, Mask, Source
from vesal.images.panel import KNOWN, PREDICTED
from vesal.images.picture import Mark, Row, contact_sheet, save_sheet

GRID = enlarged(UGLY["oblique"])


def middle_of(grid: Grid) -> tuple[float, ...]:
    """World mm of the middle voxel."""
    index = np.array([[n // 2 for n in grid.shape]], np.float64)
    return tuple(grid.to_world(index)[0].tolist())


def row_on(grid: Grid, *, title: str = "ball", known: bool = False, clicks: int = 1) -> Row:
    """A bright ball, its mask, and a click in its middle."""
    centre = middle_of(grid)
    thick = [s * n for s, n in zip(grid.spacing_mm, grid.shape, strict=True) if n > 1]
    image = ball_image(grid, centre, 0.25 * min(thick, default=1.0))
    mask = Mask(array=image.array > 550, grid=grid)
    return Row(
        image=image,
        mask=mask,
        title=title,
        details=("one", "two"),
        known=mask if known else None,
        marks=(Mark(point_mm=centre),) * clicks,
    )


def test_a_sheet_has_a_row_for_each_structure() -> None:
    """Every row adds the same height; the width stays."""
    one = contact_sheet([row_on(GRID)], title="sheet")
    three = contact_sheet([row_on(GRID)] * 3, title="sheet")
    assert one.width == three.width
    assert three.height - one.height == 2 * (300 + 10)


def test_the_same_rows_give_the_same_sheet() -> None:
    """Nothing depends on time or chance."""
    sheets = [contact_sheet([row_on(GRID, known=True)], title="sheet") for _ in range(2)]
    assert sheets[0].tobytes() == sheets[1].tobytes()


@pytest.mark.parametrize("known", [True, False])
def test_the_legend_shows_the_colours_that_occur(known: bool) -> None:
    """The known label is explained where there is one."""
    header = contact_sheet([row_on(GRID, known=known)], title="sheet").crop((0, 0, 500, 120))
    colours = {colour for _, colour in header.getcolors(10_000) or []}
    assert PREDICTED in colours
    assert (KNOWN in colours) == known


def test_the_convention_is_stated_for_volumes_only() -> None:
    """A microscope has no patient's right: its header is one line shorter."""
    volume = contact_sheet([row_on(GRID)], title="sheet")
    raster = contact_sheet([row_on(enlarged(RASTERS["pixels"], 40))], title="sheet")
    assert (volume.height - 300) - (raster.height - 600) == 19


@pytest.mark.parametrize("name", [*UGLY, *RASTERS])
def test_every_grid_can_be_drawn(name: str) -> None:
    """Tiny, sheared, single slices and rasters too."""
    grid = UGLY[name] if name in UGLY else RASTERS[name]
    sheet = contact_sheet([row_on(grid)], title=name)
    assert sheet.mode == "RGB"


@settings(max_examples=20)
@given(grid=ugly_grids())
def test_any_mask_on_any_grid_can_be_drawn(grid: Grid) -> None:
    """Speckles without clicks, on whatever a file may bring."""
    image = Image(array=speckle(grid.shape, seed=1).astype(np.float32), grid=grid)
    mask = Mask(array=speckle(grid.shape), grid=grid)
    assert contact_sheet([Row(image=image, mask=mask, title="speckle")], title="any").width > 300


def test_an_empty_mask_without_clicks_shows_the_middle() -> None:
    """There is nothing else to look at."""
    image = Image(array=np.zeros(GRID.shape, np.float32), grid=GRID)
    empty = Mask(array=np.zeros(GRID.shape, np.bool_), grid=GRID)
    sheet = contact_sheet([Row(image=image, mask=empty, title="nothing")], title="empty")
    assert (np.asarray(sheet)[150:, 250:] != np.array(PREDICTED)).any(axis=-1).all()


def test_a_colour_raster_keeps_its_colours() -> None:
    """Tissue is not made grey."""
    grid = Grid(shape=(40, 60), affine=RASTERS["pixels"].affine)
    array = np.zeros((40, 60, 3), np.uint8)
    array[..., 0] = 200
    image = Image(array=array, grid=grid, source=Source(spacing_known=False))
    mask = Mask(array=np.zeros((40, 60), np.bool_), grid=grid)
    sheet = contact_sheet([Row(image=image, mask=mask, title="red")], title="colour")
    assert (200, 0, 0) in {colour for _, colour in sheet.getcolors(100_000) or []}


def test_letters_beyond_the_font_do_not_fail() -> None:
    """Accents are dropped, what is left becomes a question mark."""
    assert contact_sheet([row_on(GRID, title="Kopf schräg 頭")], title="Übersicht").height > 300


def test_a_mask_of_another_shape_is_refused() -> None:
    """Its outline would lie in the wrong place."""
    row, other = row_on(GRID), row_on(enlarged(UGLY["LPS"]))
    for mask, known in ((other.mask, row.mask), (row.mask, other.mask)):
        with pytest.raises(ImageError, match="need the image's shape"):
            Row(image=row.image, title="bad", mask=mask, known=known)


def test_a_saved_sheet_is_the_sheet(tmp_path: Path) -> None:
    """PNG keeps every pixel; an older file is replaced and nothing else is left."""
    path = tmp_path / "sheet.png"
    path.write_text("old")
    rows = [row_on(GRID)]
    assert save_sheet(path, rows, title="sheet", notes=("A note.",)) == path
    wanted = contact_sheet(rows, title="sheet", notes=("A note.",))
    with Pixels.open(path) as written:
        assert written.tobytes() == wanted.tobytes()
    assert list(tmp_path.iterdir()) == [path]


def test_only_png_is_written(tmp_path: Path) -> None:
    """The suffix is checked before anything is drawn."""
    with pytest.raises(ImageError, match=r"must end in \.png, got 'sheet\.jpg'"):
        save_sheet(tmp_path / "sheet.jpg", [], title="sheet")


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    """As for masks."""
    with pytest.raises(ResourceError, match="cannot be written"):
        save_sheet(tmp_path / "missing" / "sheet.png", [row_on(GRID)], title="sheet")
