"""Tests of vesal.images.raster."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray
from PIL import Image as Pillow

from tests.grids import RASTERS, UGLY, speckle
from tests.images.foreign import itk_read
from vesal.errors import ImageError
from vesal.images import Mask, open_image

GREY = np.random.default_rng(0).integers(0, 256, (7, 9), dtype=np.uint8)
COLOUR = np.random.default_rng(1).integers(0, 256, (7, 9, 3), dtype=np.uint8)
LOSSLESS: dict[str, dict[str, Any]] = {"png": {}, "tif": {}, "tiff": {"compression": "tiff_lzw"}}
every_format = pytest.mark.parametrize("suffix", LOSSLESS)


def _saved(path: Path, picture: Pillow.Image, **options: Any) -> Path:
    picture.save(path, **(LOSSLESS.get(path.suffix[1:], {}) | options))
    return path


@every_format
@pytest.mark.parametrize(
    "array",
    [
        GREY,
        COLOUR,
        GREY.astype(np.uint16) * 251,
        GREY > 100,
    ],
    ids=["grey", "colour", "16 bit", "1 bit"],
)
def test_pixels_come_as_row_and_column_in_their_own_type(
    array: NDArray[Any], suffix: str, tmp_path: Path
) -> None:
    """Grey 8 and 16 bit, colour, and 1 bit as 0 and 255."""
    image = open_image(_saved(tmp_path / f"a.{suffix}", Pillow.fromarray(array)))
    expected = array.astype(np.uint8) * 255 if array.dtype == bool else array
    np.testing.assert_array_equal(image.array, expected)
    assert image.array.dtype == expected.dtype
    assert image.grid.shape == (7, 9)
    assert image.is_colour == (array.ndim == 3)


@pytest.mark.parametrize(
    "dtype", [np.uint8, np.int8, np.uint16, np.int16, np.int32, np.uint32, np.float32]
)
def test_tiff_keeps_every_type_that_simpleitk_writes_or_says_no(dtype: Any, tmp_path: Path) -> None:
    """Signed and unsigned are not mixed up; what Pillow cannot read is refused."""
    array = np.array([[0, 1, 2], [100, 120, 127]]).astype(dtype)
    if np.issubdtype(dtype, np.signedinteger):
        array[0, 0] = -5
    if dtype is np.uint32:
        array[0, 0] = 4_000_000_000
    path = tmp_path / "a.tif"
    _tiff(path, array)
    image = open_image(path)
    np.testing.assert_array_equal(image.array, array)
    assert image.array.dtype == dtype


def _tiff(path: Path, array: NDArray[Any]) -> None:
    """Write one uncompressed strip by hand: Pillow and ITK do not write all types."""
    kind = {"u": 1, "i": 2, "f": 3}[array.dtype.kind]
    rows, columns = array.shape
    entries = [
        (256, 4, columns),
        (257, 4, rows),
        (258, 3, array.itemsize * 8),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
        (277, 3, 1),
        (278, 4, rows),
        (279, 4, array.nbytes),
        (339, 3, kind),
    ]
    table = b"".join(struct.pack("<HHII", tag, form, 1, value) for tag, form, value in entries)
    directory = struct.pack("<H", len(entries)) + table + struct.pack("<I", 0)
    path.write_bytes(
        struct.pack("<2sHI", b"II", 42, 8 + array.nbytes) + array.tobytes() + directory
    )


def test_a_jpeg_is_read_as_pillow_decodes_it(tmp_path: Path) -> None:
    """Lossy, but the same for all readers."""
    path = _saved(tmp_path / "a.jpg", Pillow.fromarray(COLOUR))
    with Pillow.open(path) as picture:
        np.testing.assert_array_equal(open_image(path).array, np.asarray(picture))
    assert open_image(path).source.format == "JPEG"


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr"])
def test_other_colour_spaces_become_red_green_blue(mode: str, tmp_path: Path) -> None:
    """As Pillow converts them."""
    path = _saved(tmp_path / "a.tif", Pillow.fromarray(COLOUR).convert(mode), compression="raw")
    image = open_image(path)
    with Pillow.open(path) as picture:
        np.testing.assert_array_equal(image.array, np.asarray(picture.convert("RGB")))


@every_format
def test_colours_with_equal_channels_are_grey(suffix: str, tmp_path: Path) -> None:
    """Screenshots of CT are RGB, but nothing in them is coloured."""
    array = np.stack([GREY] * 3, axis=-1)
    image = open_image(_saved(tmp_path / f"a.{suffix}", Pillow.fromarray(array)))
    np.testing.assert_array_equal(image.array, GREY)


def test_a_palette_becomes_its_colours(tmp_path: Path) -> None:
    """Indices into a table mean nothing; a grey palette gives grey."""
    picture = Pillow.fromarray(GREY % 4)
    picture.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90, 1, 2, 3])
    image = open_image(_saved(tmp_path / "a.png", picture))
    assert image.array.shape == (7, 9, 3)
    np.testing.assert_array_equal(
        image.array[0, 0], [[10, 20, 30], [40, 50, 60], [70, 80, 90], [1, 2, 3]][GREY[0, 0] % 4]
    )
    picture.putpalette([5, 5, 5, 70, 70, 70, 140, 140, 140, 250, 250, 250])
    grey = open_image(_saved(tmp_path / "b.png", picture))
    np.testing.assert_array_equal(grey.array, np.array([5, 70, 140, 250])[GREY % 4])


def test_see_through_pixels_darken_towards_black(tmp_path: Path) -> None:
    """What is invisible in a viewer does not come back; opaque pixels stay."""
    alpha = np.full((7, 9), 255, dtype=np.uint8)
    alpha[2, 3], alpha[4, 5] = 0, 128
    layers = np.concatenate([COLOUR, alpha[..., np.newaxis]], axis=-1)
    image = open_image(_saved(tmp_path / "a.png", Pillow.fromarray(layers)))
    np.testing.assert_array_equal(image.array[alpha == 255], COLOUR[alpha == 255])
    np.testing.assert_array_equal(image.array[2, 3], 0)
    np.testing.assert_allclose(image.array[4, 5], COLOUR[4, 5] / 2, atol=2)
    with_alpha = Pillow.fromarray(np.stack([GREY, alpha], axis=-1))
    assert open_image(_saved(tmp_path / "b.png", with_alpha)).array.shape == (7, 9)


@every_format
def test_the_grid_is_pixels_with_x_to_the_right_and_y_down(suffix: str, tmp_path: Path) -> None:
    """Index (row, column) is world (column, row); resolution tags are about printing."""
    image = open_image(_saved(tmp_path / f"a.{suffix}", Pillow.fromarray(GREY), dpi=(300, 300)))
    world = image.grid.to_world(np.array([[2.0, 5.0]]))
    np.testing.assert_array_equal(world, [[5.0, 2.0]])
    assert not image.source.spacing_known


@pytest.mark.parametrize("name", ["img2d", "mask2d"])
def test_a_real_picture_is_read_as_simpleitk_reads_it(name: str, data: Path) -> None:
    """16-bit microscopy, row and column."""
    image = open_image(data / f"{name}.tif")
    array, affine = itk_read(data / f"{name}.tif")
    np.testing.assert_array_equal(image.array, array)
    np.testing.assert_array_equal(image.grid.affine, affine)


@pytest.mark.parametrize("name", ["img3d", "mask3d"])
def test_a_real_stack_is_read_as_simpleitk_reads_it(name: str, data: Path) -> None:
    """Pages are slices; axes are LPS as ITK takes them."""
    image = open_image(data / f"{name}.tif")
    array, affine = itk_read(data / f"{name}.tif")
    np.testing.assert_array_equal(image.array, array)
    np.testing.assert_array_equal(image.grid.affine, affine)
    assert image.grid.shape == (57, 61, 31)


@pytest.mark.parametrize("name", ["m.png", "m.tif", "m.TIFF"])
def test_a_2d_mask_is_0_and_255(name: str, tmp_path: Path) -> None:
    """Eight bits that any viewer shows."""
    grid = RASTERS["pixels"]
    path = Mask(array=speckle(grid.shape), grid=grid).save(tmp_path / name)
    written = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))
    np.testing.assert_array_equal(written, speckle(grid.shape) * 255)
    assert written.dtype == np.uint8
    assert open_image(path).grid.same_as(grid)


def test_the_mask_of_a_stack_is_a_stack(data: Path, tmp_path: Path) -> None:
    """Page by page, on the stack's own grid."""
    image = open_image(data / "img3d.tif")
    mask = Mask(array=speckle(image.grid.shape), grid=image.grid, source=image.source)
    path = mask.save(tmp_path / "m.tif")
    array, affine = itk_read(path)
    np.testing.assert_array_equal(array, mask.array * 255)
    np.testing.assert_array_equal(affine, image.grid.affine)
    assert open_image(path).grid.same_as(image.grid)


@pytest.mark.parametrize(("name", "words"), [("m.png", "one 2D picture"), ("m.tif", "directions")])
def test_a_volume_in_mm_is_refused_and_told_where_to_go(
    name: str, words: str, tmp_path: Path
) -> None:
    """PNG and TIFF do not say where a voxel is in a body."""
    mask = Mask(array=speckle(UGLY["LPS"].shape), grid=UGLY["LPS"])
    with pytest.raises(ImageError, match=rf"{words}.*\.nii\.gz"):
        mask.save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_pages_must_be_grey_and_alike(tmp_path: Path) -> None:
    """A stack of different sizes, or of colours, has no grid."""
    grey, small = Pillow.fromarray(GREY), Pillow.fromarray(GREY[:3])
    path = _saved(tmp_path / "a.tif", grey, save_all=True, append_images=[small])
    with pytest.raises(ImageError, match="one size and type"):
        open_image(path)
    colour = Pillow.fromarray(COLOUR)
    path = _saved(tmp_path / "b.tif", colour, save_all=True, append_images=[colour])
    with pytest.raises(ImageError, match="grey pages"):
        open_image(path)


def test_an_animation_is_refused(tmp_path: Path) -> None:
    """A moving PNG is no picture and no volume."""
    more = [Pillow.fromarray(GREY[::-1])]
    path = _saved(tmp_path / "a.png", Pillow.fromarray(GREY), save_all=True, append_images=more)
    with pytest.raises(ImageError, match="animated PNG of 2"):
        open_image(path)


def _png(width: int, height: int) -> Any:
    """A PNG header that promises any size, with hardly any data."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0" * 100)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


@pytest.mark.parametrize("side", [10_000, 60_000])
def test_a_size_out_of_nowhere_is_refused_before_anything_is_allocated(
    side: int, tmp_path: Path
) -> None:
    """A hundred bytes hold no hundred million pixels."""
    path = tmp_path / "a.png"
    path.write_bytes(_png(side, side))
    with pytest.raises(ImageError, match="pixels"):
        open_image(path)


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        ("png", {}),
        ("jpg", {}),
        ("tif", {}),
        ("tif", {"compression": "tiff_lzw"}),
        ("tif", {"compression": "tiff_deflate"}),
    ],
)
def test_a_file_cut_anywhere_is_refused_without_a_word_on_the_terminal(
    suffix: str, options: dict[str, Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not one prefix passes for the whole, and the C libraries are not heard."""
    buffer = io.BytesIO()
    kind = {"png": "PNG", "jpg": "JPEG", "tif": "TIFF"}[suffix]
    Pillow.fromarray(COLOUR).save(buffer, format=kind, **options)
    whole, cut = buffer.getvalue(), tmp_path / f"cut.{suffix}"
    for length in range(len(whole)):
        cut.write_bytes(whole[:length])
        with pytest.raises(ImageError):
            open_image(cut)
    assert capfd.readouterr() == ("", "")


def test_a_damaged_tiff_is_refused_without_words_of_the_library(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Libtiff wrote to the terminal beside our own sentence."""
    path = tmp_path / "a.tif"
    Pillow.fromarray(GREY).save(path, compression="tiff_adobe_deflate")
    block = bytearray(path.read_bytes())
    block[8:30] = b"\xff" * 22  # the pixels lie behind the first eight bytes
    path.write_bytes(bytes(block))
    with pytest.raises(ImageError, match=r"a\.tif"):
        open_image(path)
    assert capfd.readouterr() == ("", "")
