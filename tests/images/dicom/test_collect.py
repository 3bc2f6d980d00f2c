"""Tests of vesal.images.dicom.collect: folders, DICOMDIR, zip files."""

import os
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.uid import MediaStorageDirectoryStorage

from tests.dicom_series import change, image, save, write_object, write_series
from tests.images.dicom.test_frames import real
from vesal.errors import ImageError, ResourceError
from vesal.images import open_image
from vesal.images.read import list_series


def pack(folder: Path, path: Path) -> Path:
    """Write all files of a folder to a zip file."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return path


def test_folders_are_walked_and_other_files_passed_over(tmp_path: Path) -> None:
    """Names say nothing; a link back up leads nowhere."""
    series = write_series(tmp_path / "st" / "one" / "two")
    (tmp_path / "st" / "notes.dcm").write_text("not DICOM")
    (tmp_path / "st" / "one" / "empty").touch()
    (tmp_path / "st" / "one" / "up").symlink_to(tmp_path / "st")
    (tmp_path / "st" / "nowhere").symlink_to(tmp_path / "gone")
    found = open_image(tmp_path / "st")
    np.testing.assert_array_equal(found.array, series.volume)
    assert found.source.files == series.files


def test_a_zip_file_is_read_like_its_folder(tmp_path: Path) -> None:
    """Under any name; files are gone afterwards, and the note says what that means."""
    series = write_series(tmp_path / "in" / "a" / "b")
    write_object(tmp_path / "in", "report", "SR")
    (tmp_path / "in" / "readme.txt").write_text("hello")
    found = open_image(pack(tmp_path / "in", tmp_path / "study.bin"))
    np.testing.assert_array_equal(found.array, series.volume)
    assert found.source.files == ()
    assert found.source.path == tmp_path / "study.bin"
    assert found.source.series_uid == series.uid
    assert any("unpack it" in note for note in found.source.notes)
    assert any("a report (SR)" in note for note in found.source.notes)
    assert len(list_series(tmp_path / "study.bin")) == 1


def test_nothing_of_a_zip_file_stays_and_nothing_lands_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Members are written under names of our own, whatever they call themselves."""
    series = write_series(tmp_path / "in", slices=4)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    names = ["../../evil", "/abs/evil", "..", "C:\\evil"]
    with zipfile.ZipFile(tmp_path / "slip.zip", "w") as archive:
        for file, name in zip(series.files, names, strict=True):
            archive.writestr(zipfile.ZipInfo(name), file.read_bytes())
    before = sorted(tmp_path.rglob("*"))
    np.testing.assert_array_equal(open_image(tmp_path / "slip.zip").array, series.volume)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_zip_file_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is written; the size is what the members declare."""
    write_series(tmp_path / "in", slices=2)
    path = pack(tmp_path / "in", tmp_path / "a.zip")
    monkeypatch.setattr("vesal.images.dicom.collect._MOST_UNPACKED_BYTES", 1000)
    with pytest.raises(ImageError, match="must unpack to at most"):
        open_image(path)


def test_a_zip_file_needs_room_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder that is too small is named."""
    write_series(tmp_path / "in", slices=2)
    path = pack(tmp_path / "in", tmp_path / "a.zip")
    full = os.statvfs_result((1, 1, 1, 0, 0, 0, 0, 0, 0, 0))
    monkeypatch.setattr("os.statvfs", lambda *_: full)
    with pytest.raises(ResourceError, match="unpack it elsewhere"):
        open_image(path)


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_damaged_zip_file_is_refused(kept: float, tmp_path: Path) -> None:
    """Cut short, its directory is gone."""
    write_series(tmp_path / "in", slices=3)
    path = pack(tmp_path / "in", tmp_path / "a.zip")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    with pytest.raises(ImageError, match="zip file that is damaged"):
        open_image(path)


def test_a_zip_file_with_a_flipped_byte_is_refused(tmp_path: Path) -> None:
    """Its checksum is looked at."""
    write_series(tmp_path / "in", slices=1)
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(next((tmp_path / "in").iterdir()), "a")
    block = bytearray(path.read_bytes())
    block[len(block) // 2] ^= 255
    path.write_bytes(bytes(block))
    with pytest.raises(ImageError, match="zip file that is damaged"):
        open_image(path)


def test_a_zip_file_without_dicom_is_refused(tmp_path: Path) -> None:
    """An array of NumPy is a zip file too."""
    np.savez(tmp_path / "a.npz", np.zeros(3))
    with pytest.raises(ImageError, match="must hold a DICOM image, got 1 files without one"):
        open_image(tmp_path / "a.npz")


def write_dicomdir(path: Path, names: list[list[str]]) -> None:
    """Write the index of a disc, as flat as can be."""
    data = image(np.zeros((1, 1), np.int16), storage=MediaStorageDirectoryStorage)
    records = []
    for name in names:
        records.append(Dataset())
        records[-1].DirectoryRecordType, records[-1].ReferencedFileID = "IMAGE", name
    patient = Dataset()
    patient.DirectoryRecordType = "PATIENT"
    data.DirectoryRecordSequence = [patient, *records]
    save(data, path, Rows=None, Columns=None, PixelData=None)


@pytest.fixture
def disc(tmp_path: Path) -> Path:
    """A DICOMDIR as on a disc, with one series of four slices; one more series is not on it."""
    series = write_series(tmp_path / "disc" / "IMG", slices=4)
    write_series(tmp_path / "disc" / "OTHER")
    write_dicomdir(tmp_path / "disc" / "DICOMDIR", [["IMG", file.name] for file in series.files])
    return tmp_path / "disc" / "DICOMDIR"


def test_a_dicomdir_stands_for_the_files_it_names(disc: Path) -> None:
    """And for no others."""
    found = open_image(disc)
    assert found.grid.shape == (9, 7, 4)
    assert found.source.path == disc
    assert all(file.is_file() for file in found.source.files)


def test_a_dicomdir_under_another_name_is_one(disc: Path) -> None:
    """The content decides."""
    disc.rename(disc.with_name("index"))
    assert open_image(disc.with_name("index")).grid.shape == (9, 7, 4)


def test_a_dicomdir_is_passed_over_in_its_folder(disc: Path) -> None:
    """The folder is walked."""
    assert len(list_series(disc.parent)) == 2
    found = open_image(disc.parent, series=2)
    assert "left out: a directory (DICOMDIR), 1 file" in found.source.notes


def test_a_dicomdir_that_names_a_missing_file_is_refused(disc: Path) -> None:
    """A volume would lack a slice."""
    files = open_image(disc).source.files
    files[1].unlink()
    with pytest.raises(ImageError, match="1 that do not") as caught:
        open_image(disc)
    assert files[1].name in str(caught.value)


@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")  # pydicom sees it on writing
def test_a_dicomdir_does_not_lead_out_of_its_folder(disc: Path) -> None:
    """A file elsewhere on the disk is not the disc's."""
    write_dicomdir(disc, [["..", "disc2", "IM"]])
    with pytest.raises(ImageError, match="below its folder"):
        open_image(disc)


def test_a_real_disc_is_listed_and_read() -> None:
    """Two patients; pilots in three directions, projections from all sides, radiographs."""
    disc = real("DICOMDIR")
    lines = list_series(disc)
    assert len(lines) == 24
    assert {line.patient for line in lines} == {1, 2}
    assert open_image(disc, series="Cervical LAT").grid.ndim == 2
    # Of most volumes somebody has kept a few slices only.
    with pytest.raises(ImageError, match=r"misses 161 slices: slices lie 1\.250 mm apart"):
        open_image(disc, series="Routine Brain")


def test_a_damaged_file_in_a_folder_is_named(tmp_path: Path) -> None:
    """It might be a slice of the volume."""
    series = write_series(tmp_path)
    series.files[3].write_bytes(series.files[3].read_bytes()[:700])
    with pytest.raises(ImageError, match=f"{series.files[3].name} .* cut short or damaged"):
        open_image(tmp_path)


def test_a_folder_of_reports_says_what_it_holds(tmp_path: Path) -> None:
    """So that one knows it is the wrong one."""
    write_object(tmp_path, "a", "SR")
    write_object(tmp_path, "b", "SR")
    write_object(tmp_path, "c", "ECG")
    with pytest.raises(ImageError, match="got 3 files without one") as caught:
        open_image(tmp_path)
    assert "2 with a report (SR), 1 with an object without pixels (ECG)" in str(caught.value)
    with pytest.raises(ImageError, match=r"must hold a DICOM image, got a report \(SR\)$"):
        open_image(tmp_path / "a")


@pytest.mark.parametrize("modality", ["SEG", "RTDOSE"])
def test_what_has_pixels_but_is_no_image_is_left_out(modality: str, tmp_path: Path) -> None:
    """A segmentation beside its image is not a second choice."""
    write_series(tmp_path, Modality="MR")
    other = write_series(tmp_path / "x", slices=1)
    change(other.files[0], Modality=modality)
    (note,) = open_image(tmp_path).source.notes
    assert modality in note


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody gave the root of a disk."""
    write_series(tmp_path)
    monkeypatch.setattr("vesal.images.dicom.collect._MOST_FILES", 5)
    with pytest.raises(ImageError, match="must hold at most 5 files"):
        open_image(tmp_path)
    with pytest.raises(ImageError, match="must hold at most 5 files"):
        open_image(pack(tmp_path, tmp_path / "a.zip"))


@pytest.mark.parametrize("off", [-60, -20, 3, 12, 20])
def test_a_dicomdir_cut_short_is_refused(off: int, disc: Path) -> None:
    """Its list is not whole, so a volume would lack slices."""
    whole = disc.read_bytes()
    disc.write_bytes(whole[: whole.rindex(b"IMAGE") + off])
    with pytest.raises(ImageError, match="DICOMDIR"):
        open_image(disc)


@pytest.mark.parametrize("name", ["a\0b", "n" * 5000])
def test_a_dicomdir_with_a_name_that_no_disk_holds_is_refused(name: str, tmp_path: Path) -> None:
    """It was a ValueError, or an OSError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom sees that a name is too long
        write_dicomdir(tmp_path / "DICOMDIR", [["IMG", name]])
    with pytest.raises(ImageError, match="DICOMDIR must name files"):
        open_image(tmp_path / "DICOMDIR")
