"""Tests of vesal.images.dicom.pixels: what stored values stand for."""

# SimpleITK does not annotate all of its functions:
# mypy: disable-error-code="no-untyped-call"

import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLSLossless, RLELossless

from tests.dicom_series import (
    change,
    image,
    phantom,
    save,
    write_capture,
    write_enhanced,
    write_series,
)
from tests.images.dicom.test_frames import real
from vesal.errors import ImageError, ResourceError
from vesal.images import open_image


def test_each_slice_is_rescaled_by_its_own_slope(tmp_path: Path) -> None:
    """As PET has it."""
    series = write_series(tmp_path, slope=lambda k: 0.25 + k / 7, Modality="PT")
    image = open_image(tmp_path)
    np.testing.assert_allclose(image.array, series.volume, rtol=1e-6)
    assert image.array.dtype == np.float32


@pytest.mark.parametrize(
    ("dtype", "slope", "intercept", "kind"),
    [
        (np.int16, 1.0, 0.0, np.int16),
        (np.uint16, 1.0, 0.0, np.uint16),
        (np.uint16, 1.0, -1024.0, np.int16),
        (np.int16, 40.0, 0.0, np.int32),
        (np.int16, 1.0, 0.5, np.float32),
        (np.int16, 3e6, 0.0, np.int64),
    ],
)
def test_whole_numbers_stay_whole_and_narrow(
    dtype: type, slope: float, intercept: float, kind: type, tmp_path: Path
) -> None:
    """A CT of 16 bits is not twice as large in memory."""
    series = write_series(tmp_path, dtype=dtype, slope=lambda _: slope, intercept=intercept)
    found = open_image(tmp_path).array
    np.testing.assert_allclose(found, series.volume, rtol=1e-6)
    assert found.dtype == kind


@pytest.mark.parametrize("slope", ["0", "nan", "inf"])
@pytest.mark.filterwarnings("ignore:Invalid value for VR DS")  # pydicom sees it on writing
def test_a_rescale_that_destroys_the_values_is_refused(slope: str, tmp_path: Path) -> None:
    """A slope of 0 makes all voxels equal."""
    series = write_series(tmp_path)
    change(series.files[0], RescaleSlope=slope)
    with pytest.raises(ImageError, match="slope other than 0") as caught:
        open_image(tmp_path)
    assert series.files[0].name in str(caught.value)


def test_a_table_of_values_is_applied(tmp_path: Path) -> None:
    """Modality LUT: first stored value mapped, then one entry each."""
    table = Dataset()
    table.LUTDescriptor, table.LUTData = (
        [1000, 100, 16],
        (1000 + 3 * np.arange(1000, dtype="<u2")).tobytes(),
    )
    table.ModalityLUTType = "US"
    write_series(
        tmp_path, slices=1, dtype=np.uint16, RescaleSlope=None, RescaleIntercept=None,
        ModalityLUTSequence=[table],
    )  # fmt: skip
    stored = phantom((9, 7, 1)).astype(int) + 1000
    expected = 1000 + 3 * np.clip(stored - 100, 0, 999)
    np.testing.assert_array_equal(open_image(tmp_path).array, expected)


def test_a_radiograph_with_dark_for_dense_is_turned_round(tmp_path: Path) -> None:
    """Within its stored bits, and noted; a signed one around minus a half."""
    pixels = phantom((5, 6)).astype(np.uint16) & 4095
    fields: dict[str, Any] = {"PhotometricInterpretation": "MONOCHROME1", "Modality": "DX"}
    path = save(image(pixels), tmp_path / "a", BitsStored=12, HighBit=11, **fields)
    found = open_image(path)
    np.testing.assert_array_equal(found.array, 4095 - pixels)
    assert found.source.notes == ("stored with dark for dense (MONOCHROME1): turned round",)
    path = save(image(phantom((5, 6))), tmp_path / "b", **fields)
    np.testing.assert_array_equal(open_image(path).array, -1 - phantom((5, 6)))


@pytest.mark.parametrize("modality", ["CT", "PT", "MR"])
def test_measured_values_are_never_turned_round(modality: str, tmp_path: Path) -> None:
    """Hounsfield units stay what they are, however they are to be shown."""
    series = write_series(
        tmp_path, PhotometricInterpretation="MONOCHROME1", Modality=modality
    )  # fmt: skip
    found = open_image(tmp_path)
    np.testing.assert_array_equal(found.array, series.volume)
    assert any("values are as stored" in note for note in found.source.notes)


def test_pixels_outside_the_measured_field_are_kept_and_noted(tmp_path: Path) -> None:
    """Their value is the file's own."""
    series = write_series(tmp_path, PixelPaddingValue=-900)
    found = open_image(tmp_path)
    np.testing.assert_array_equal(found.array, series.volume)
    assert any("hold -900 before the rescale" in note for note in found.source.notes)


@pytest.mark.parametrize("high", [11, 15])
@pytest.mark.parametrize("signed", [False, True])
def test_bits_that_belong_to_no_pixel_are_taken_out(
    high: int, signed: bool, tmp_path: Path
) -> None:
    """Old files keep overlays there; a sign is not always repeated in them."""
    stored = np.arange(35, dtype=np.uint16).reshape(5, 7) * 117 & 4095
    word = stored << (high - 11)
    dirt = np.uint16(0xF000 if high == 11 else 0x000F)
    data = image((word | dirt).astype(np.uint16))
    path = save(data, tmp_path / "a", BitsStored=12, HighBit=high, PixelRepresentation=int(signed))
    expected = stored.astype(int)
    if signed:
        expected = np.where(expected > 2047, expected - 4096, expected)
    np.testing.assert_array_equal(open_image(path).array, expected)


def test_a_high_bit_that_cannot_be_is_overlooked(tmp_path: Path) -> None:
    """It is often left at 15 by those who cut the bits stored, or below them."""
    pixels = phantom((5, 7)).astype(np.uint16) & 4095
    path = save(image(pixels), tmp_path / "a", BitsStored=12, HighBit=3)
    np.testing.assert_array_equal(open_image(path).array, pixels)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("MR_small_RLE.dcm", "MR_small.dcm"),
        ("MR_small_jp2klossless.dcm", "MR_small.dcm"),
        ("MR_small_jpeg_ls_lossless.dcm", "MR_small.dcm"),
        ("MR_small_bigendian.dcm", "MR_small.dcm"),
        ("MR_small_implicit.dcm", "MR_small.dcm"),
        ("693_J2KR.dcm", "693_UNCR.dcm"),
        ("MR2_J2KR.dcm", "MR2_UNCR.dcm"),
        ("RG3_J2KR.dcm", "RG3_UNCR.dcm"),
        ("US1_J2KR.dcm", "US1_UNCR.dcm"),
    ],
)
def test_lossless_compression_changes_nothing(name: str, plain: str) -> None:
    """Real files of scanners, by SimpleITK's decoders and pydicom's own."""
    found, expected = open_image(real(name)), open_image(real(plain))
    np.testing.assert_array_equal(found.array, expected.array)
    assert found.array.dtype == expected.array.dtype
    assert found.array.dtype.isnative


@pytest.mark.parametrize(
    "name",
    [
        "JPGLosslessP14SV1_1s_1f_8b.dcm",  # JPEG lossless
        "JPEG-LL.dcm",
        "bad_sequence.dcm",
        "JPEGLSNearLossless_16.dcm",
        "JPEG2000.dcm",
        "SC_rgb_jpeg_dcmtk.dcm",  # JPEG baseline in colour
        "SC_rgb_rle.dcm",
        "examples_palette.dcm",
        "J2K_pixelrep_mismatch.dcm",
        "explicit_VR-UN.dcm",
        "image_dfl.dcm",
    ],
)
def test_every_transfer_syntax_gives_simpleitks_values(name: str) -> None:
    """Without optional packages."""
    found = open_image(real(name)).array
    expected = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(real(name))))[0]
    if found.ndim == 3 and found.shape[2] == 1:
        found = found[:, :, 0].T
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless])
def test_a_compressed_series_is_the_plain_one(syntax: str, tmp_path: Path) -> None:
    """A whole volume with its rescale."""
    if syntax == JPEGLSLossless:
        pytest.importorskip("jpeg_ls")
    series = write_series(tmp_path, slices=4)
    for path in series.files:
        data = pydicom.dcmread(path)
        data.compress(syntax)
        data.save_as(path)
    np.testing.assert_array_equal(open_image(tmp_path).array, series.volume)


def _high_throughput(path: Path) -> Path:
    """A JPEG 2000 file that says it is high-throughput JPEG 2000; its decoders take both."""
    data = pydicom.dcmread(real("MR_small_jp2klossless.dcm"))
    data.file_meta.TransferSyntaxUID = pydicom.uid.HTJ2KLossless
    data.save_as(path)
    return path


def test_what_simpleitk_does_not_know_is_decoded_by_plugins(tmp_path: Path) -> None:
    """High-throughput JPEG 2000."""
    pytest.importorskip("openjpeg")
    found = open_image(_high_throughput(tmp_path / "a.dcm"))
    np.testing.assert_array_equal(found.array, open_image(real("MR_small.dcm")).array)


def test_a_decoder_that_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what to install."""
    path = _high_throughput(tmp_path / "a.dcm")
    missing = SimpleNamespace(is_available=False)
    monkeypatch.setattr("vesal.images.dicom.pixels.get_decoder", lambda _: missing)
    with pytest.raises(ResourceError, match=r"pip install 'vesal\[dicom\]'"):
        open_image(path)


@pytest.mark.parametrize("name", ["MR_truncated.dcm", "JPEG2000-embedded-sequence-delimiter.dcm"])
def test_pixels_that_end_early_are_named(name: str) -> None:
    """Never filled up."""
    with pytest.raises(ImageError, match=f"{name} is a DICOM file whose pixels"):
        open_image(real(name))


def test_a_slice_cut_in_its_pixels_is_named(tmp_path: Path) -> None:
    """Of twelve."""
    series = write_series(tmp_path)
    path = series.files[5]
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ImageError, match=f"{path.name} is a DICOM file whose pixels"):
        open_image(tmp_path)


def test_a_radiograph_with_pixels_of_no_size_is_in_pixels() -> None:
    """A real one says 0 by 0 mm."""
    found = open_image(real("RG1_UNCR.dcm"))
    assert not found.source.spacing_known
    assert found.grid.spacing_mm == (1, 1)


def test_a_picture_in_colour_cut_short_is_named(tmp_path: Path) -> None:
    """Half of it is not decoded."""
    path = write_capture(tmp_path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ImageError, match="capture is a DICOM file whose pixels"):
        open_image(path)


def test_frames_are_found_by_an_extended_table_of_offsets(tmp_path: Path) -> None:
    """For objects of more than four gigabytes."""
    pytest.importorskip("jpeg_ls")
    (series,) = write_enhanced(tmp_path / "e.dcm")
    data = pydicom.dcmread(tmp_path / "e.dcm")
    data.compress(JPEGLSLossless, encapsulate_ext=True)
    data.save_as(tmp_path / "e.dcm")
    np.testing.assert_array_equal(open_image(tmp_path / "e.dcm").array, series.volume)


def test_rle_that_runs_over_its_end_is_no_panic(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Pylibjpeg's decoder ended in one of Rust, which no `except Exception` holds."""
    (path,) = write_series(tmp_path, slices=1, columns=2, rows=2).files
    data = pydicom.dcmread(path)
    data.file_meta.TransferSyntaxUID = RLELossless
    head = struct.pack("<16I", 2, 64, 66, *[0] * 13)
    data.PixelData = encapsulate([head + b"\xfda" + b"\x81b"])  # 128 bytes of "b" for four
    data["PixelData"].VR = "OB"
    data.save_as(path)
    assert open_image(path).array.shape == (2, 2, 1)
    assert capfd.readouterr() == ("", "")


def test_colours_that_are_not_there_are_refused_before_room_is_made(tmp_path: Path) -> None:
    """GDCM took 1.3 GB for a file of two kilobytes."""
    path = write_capture(tmp_path)
    change(path, Rows=3000, Columns=500)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(SimpleITK, "ReadImage", None)
        with pytest.raises(ImageError, match=r"pixels are cut short"):
            open_image(path)
