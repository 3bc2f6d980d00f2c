"""DICOM: slices, pictures, multi-frame objects, series, what is packed in them and around them."""

import io
import itertools
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pydicom
from PIL import Image as Pillow
from pydicom.datadict import tag_for_keyword
from pydicom.encaps import encapsulate
from pydicom.uid import (
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
    RTStructureSetStorage,
    SegmentationStorage,
)

from tests import dicom_series
from tests.damaged.image_kinds import read_image, sane
from tests.damaged.kind import Kind, Whole, whole
from tests.images.dicom.test_collect import write_dicomdir
from vesal.images import open_image
from vesal.images.read import list_series


def _numbered(make: Callable[[Path], Whole]) -> Callable[[Path], Whole]:
    """The same UIDs in each process, so that a case has the same bytes."""

    def made(folder: Path) -> Whole:
        numbers = itertools.count(10**37)
        with patch.object(
            dicom_series, "generate_uid", lambda: UID(f"1.2.826.0.1.3680043.8.498.{next(numbers)}")
        ):
            return make(folder)

    return made


def _slice(folder: Path, **fields: Any) -> Path:
    return dicom_series.write_series(folder, slices=1, **fields).files[0]


def _series(folder: Path) -> Whole:
    series = dicom_series.write_series(folder / "series", slices=4)
    return whole(series.files[1], opened=folder / "series")


def _read_series(path: Path) -> None:
    """Each series of a folder."""
    for listed in list_series(path):
        sane(open_image(path, series=listed.number))


def _enhanced(folder: Path, **fields: Any) -> Path:
    dicom_series.write_enhanced(folder / "a.dcm", slices=3, **fields)
    return folder / "a.dcm"


def _packed(folder: Path, syntax: UID, **how: Any) -> Path:
    path = _slice(folder)
    data = pydicom.dcmread(path)
    data.compress(syntax, generate_instance_uid=False, **how)
    data.save_as(path)
    return path


def _jpeg(
    folder: Path, *, colour: bool = False, codec: str = "JPEG", syntax: UID = JPEGBaseline8Bit
) -> Path:
    """A photograph inside a DICOM file."""
    path = dicom_series.write_capture(folder) if colour else _slice(folder)
    data = pydicom.dcmread(path)
    shape = (data.Rows, data.Columns, 3) if colour else (data.Rows, data.Columns)
    stream = io.BytesIO()
    noise = np.random.default_rng(2).integers(0, 255, shape).astype(np.uint8)
    Pillow.fromarray(noise).save(stream, codec)
    data.BitsAllocated = data.BitsStored = 8
    data.HighBit, data.PixelRepresentation = 7, 0
    if colour:
        data.PhotometricInterpretation = "YBR_FULL_422"
    data.file_meta.TransferSyntaxUID = syntax
    data.PixelData = encapsulate([stream.getvalue()])
    data["PixelData"].VR = "OB"
    data.save_as(path)
    return path


def _palette(folder: Path) -> Path:
    path = dicom_series.write_capture(folder)
    data = pydicom.dcmread(path)
    data.PhotometricInterpretation, data.SamplesPerPixel = "PALETTE COLOR", 1
    del data.PlanarConfiguration
    for name in ("Red", "Green", "Blue"):
        tag = tag_for_keyword(f"{name}PaletteColorLookupTableDescriptor")
        data.add_new(tag or 0, "US", [256, 0, 16])
        setattr(data, f"{name}PaletteColorLookupTableData", bytes(range(256)) * 2)
    data.PixelData = data.PixelData[: data.Rows * data.Columns]
    data.save_as(path)
    return path


def _deflated(folder: Path) -> Path:
    path = _slice(folder)
    data = pydicom.dcmread(path)
    data.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    data.save_as(path)
    return path


def _table(folder: Path) -> Path:
    table = pydicom.Dataset()
    table.LUTDescriptor, table.LUTData = [90, 100, 16], (3 * np.arange(90, dtype="<u2")).tobytes()
    table.ModalityLUTType = "US"
    return _slice(
        folder, dtype=np.uint16, RescaleSlope=None, RescaleIntercept=None,
        ModalityLUTSequence=[table],
    )  # fmt: skip


def _segmentation(folder: Path) -> Path:
    return _enhanced(folder, Modality="SEG", SOPClassUID=SegmentationStorage)


def _structures(folder: Path) -> Path:
    return dicom_series.write_object(folder, "a.dcm", "RTSTRUCT", RTStructureSetStorage)


def _directory(folder: Path) -> Whole:
    series = dicom_series.write_series(folder / "IMG", slices=2)
    write_dicomdir(folder / "DICOMDIR", [["IMG", file.name] for file in series.files])
    return whole(folder / "DICOMDIR")


def _zipped(folder: Path, *, inside: bool = False) -> Whole:
    one, other = dicom_series.write_series(folder / "in", slices=2).files
    core, beside = one.read_bytes(), other.read_bytes()

    def wrap(content: bytes) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr(zipfile.ZipInfo("a"), content, zipfile.ZIP_DEFLATED)
            archive.writestr(zipfile.ZipInfo("b"), beside, zipfile.ZIP_DEFLATED)
        return stream.getvalue()

    path = folder / "a.zip"
    return Whole(path=path, core=core, wrap=wrap) if inside else Whole(path=path, core=wrap(core))


FILES: dict[str, tuple[int, Callable[[Path], Path]]] = {
    "dicom": (430, _slice),
    "dicom, a table of values": (120, _table),
    "dicom, turned round": (
        120,
        partial(_slice, dtype=np.uint16, PhotometricInterpretation="MONOCHROME1", Modality="CR"),
    ),
    "dicom of colours": (60, dicom_series.write_capture),
    "dicom of a palette": (60, _palette),
    "dicom of frames": (180, _enhanced),
    "dicom of RLE": (120, partial(_packed, syntax=RLELossless, encoding_plugin="pydicom")),
    "dicom deflated": (120, _deflated),
}
GDCM: dict[str, tuple[int, Callable[[Path], Path]]] = {
    "dicom of JPEG": (90, _jpeg),
    "dicom of JPEG, colours": (40, partial(_jpeg, colour=True)),
    "dicom of JPEG 2000": (90, partial(_jpeg, codec="JPEG2000", syntax=JPEG2000)),
    "dicom of JPEG-LS": (90, partial(_packed, syntax=JPEGLSLossless)),
}
"""GDCM decodes these; its own copies of the codecs write to the terminal."""
NO_IMAGES: dict[str, Callable[[Path], Path]] = {
    "dicom SEG": _segmentation,
    "dicom RTSTRUCT": _structures,
}


def _made(write: Callable[[Path], Path]) -> Callable[[Path], Whole]:
    return _numbered(lambda folder: whole(write(folder)))


DICOM_KINDS: dict[str, Kind] = {
    **{
        name: Kind(count=count, make=_made(write), read=read_image)
        for name, (count, write) in FILES.items()
    },
    **{
        name: Kind(count=count, make=_made(write), read=read_image, speaks=True)
        for name, (count, write) in GDCM.items()
    },
    **{
        name: Kind(count=90, make=_made(write), read=read_image, is_taken=False)
        for name, write in NO_IMAGES.items()
    },
    "dicom series": Kind(count=90, make=_numbered(_series), read=_read_series),
    "DICOMDIR": Kind(count=60, make=_numbered(_directory), read=read_image),
    "zip of dicom": Kind(count=120, make=_numbered(_zipped), read=read_image),
    "zip of dicom, inside": Kind(
        count=90, make=_numbered(partial(_zipped, inside=True)), read=read_image
    ),
}
