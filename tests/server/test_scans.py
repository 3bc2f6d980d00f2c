"""The served folder: what is listed, and that nothing outside it is ever opened."""

import os
import zipfile
from io import BytesIO
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from starlette.datastructures import UploadFile

from tests.dicom_series import write_series
from tests.server.serving import blocks, save_nifti
from vesal.errors import ImageError, InputError
from vesal.images import open_image
from vesal.server.limits import Limits
from vesal.server.refusals import NotFoundError
from vesal.server.scans import Scan, Scans
from vesal.server.uploads import opened, receive, safe_name


def scans_of(root: Path | None, work: Path) -> Scans:
    """The scans of a folder."""
    return Scans(root, work / "uploads", Limits())


def names(scans: Scans) -> list[str]:
    """As they are listed."""
    return [scan.name for scan in scans.every()]


async def sent(scans: Scans, *files: tuple[str, bytes], limits: Limits | None = None) -> Scan:
    """The scan of files that a client sends."""
    parts = [UploadFile(BytesIO(data), filename=name) for name, data in files]
    return await receive(parts, scans, limits or Limits())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with images, DICOM, and what is none of it."""
    made = tmp_path / "root"
    (made / "deep" / "er").mkdir(parents=True)
    (made / "labels").mkdir()
    save_nifti(made / "b.nii.gz", blocks())
    save_nifti(made / "deep" / "er" / "a.nii", blocks())
    save_nifti(made / "labels" / "b.nii.gz", blocks())
    (made / "readme.txt").write_text("hello")
    (made / ".hidden.nii").write_bytes(b"x")
    write_series(made / "deep" / "series")
    return made


def test_images_and_folders_of_dicom_are_listed(root: Path, tmp_path: Path) -> None:
    """A series is one scan; hidden files, saved labels and other files are none."""
    scans = scans_of(root, tmp_path)
    assert sorted(names(scans)) == ["b.nii.gz", "deep/er/a.nii", "deep/series"]
    kinds = {scan.name: scan.kind for scan in scans.every()}
    assert kinds["deep/series"] == "folder"


def test_the_head_of_a_pair_of_nifti_files_is_listed_and_opened(tmp_path: Path) -> None:
    """Its voxels lie beside it, in a file that is no scan of its own."""
    made = tmp_path / "root"
    made.mkdir()
    pair = nib.Nifti1Pair(np.zeros((3, 4, 5), np.uint8), np.eye(4))  # type: ignore[no-untyped-call]
    pair.to_filename(made / "a.hdr")
    (scan,) = scans_of(made, tmp_path).every()
    assert scan.name == "a.hdr"
    assert open_image(scan.path).grid.shape == (3, 4, 5)


def test_a_single_image_and_no_folder_at_all_can_be_served(root: Path, tmp_path: Path) -> None:
    """A file is the only scan; without a folder there is none."""
    assert names(scans_of(root / "b.nii.gz", tmp_path)) == ["b.nii.gz"]
    assert names(scans_of(None, tmp_path)) == []
    with pytest.raises(NotFoundError, match="does not exist"):
        scans_of(root / "nowhere", tmp_path)


def test_ids_stay_and_say_nothing_of_a_path(root: Path, tmp_path: Path) -> None:
    """The same in the next server, letters and digits alone."""
    first = {scan.name: scan.id for scan in scans_of(root, tmp_path).every()}
    second = {scan.name: scan.id for scan in scans_of(root, tmp_path).every()}
    assert first == second
    assert all(len(one) == 16 and one.isalnum() for one in first.values())


@pytest.mark.parametrize(
    "text",
    ["../secret.nii", "..%2fsecret.nii", "/etc/passwd", "....//secret.nii", "", ".", "b.nii\0"],
)
def test_a_path_is_never_an_id(root: Path, tmp_path: Path, text: str) -> None:
    """Not by any way of writing it."""
    save_nifti(tmp_path / "secret.nii", blocks())
    scans = scans_of(root, tmp_path)
    for find in (scans.find, scans.named):
        with pytest.raises(NotFoundError):
            find(text)


def test_links_that_leave_the_folder_are_not_followed(root: Path, tmp_path: Path) -> None:
    """To a file, to a folder, in a circle, to nothing; one that stays is listed."""
    outside = tmp_path / "outside"
    outside.mkdir()
    secret = save_nifti(outside / "secret.nii", blocks())
    (root / "link.nii").symlink_to(secret)
    (root / "folder").symlink_to(outside)
    (root / "circle").symlink_to(root)
    (root / "nothing.nii").symlink_to(tmp_path / "gone")
    (root / "inside.nii.gz").symlink_to(root / "b.nii.gz")
    found = names(scans_of(root, tmp_path))
    assert "inside.nii.gz" in found
    assert not {"link.nii", "folder/secret.nii", "nothing.nii"} & set(found)
    assert not [name for name in found if name.startswith("circle")]


def test_a_file_that_became_a_link_after_it_was_listed_is_refused(
    root: Path, tmp_path: Path
) -> None:
    """It is looked at again when it is opened."""
    scans = scans_of(root, tmp_path)
    scan = next(one for one in scans.every() if one.name == "b.nii.gz")
    secret = save_nifti(tmp_path / "secret.nii.gz", blocks())
    (root / "b.nii.gz").unlink()
    with pytest.raises(NotFoundError):
        scans.find(scan.id)
    (root / "b.nii.gz").symlink_to(secret)
    with pytest.raises(NotFoundError):
        scans.find(scan.id)


def test_a_folder_that_may_not_be_read_is_left_out(root: Path, tmp_path: Path) -> None:
    """And a name that is no text is listed all the same."""
    odd = os.fsencode(root) + b"/\xff\xfe.nii"
    Path(os.fsdecode(odd)).write_bytes(b"x")
    found = names(scans_of(root, tmp_path))
    assert any("�" in name for name in found)
    assert all(name.encode() for name in found)


def test_scans_are_found_by_the_names_that_other_protocols_use(root: Path, tmp_path: Path) -> None:
    """By id, path, file name, or name without a suffix."""
    scans = scans_of(root, tmp_path)
    wanted = next(one for one in scans.every() if one.name == "deep/er/a.nii")
    for text in (wanted.id, "deep/er/a.nii", "a.nii", "a"):
        assert scans.named(text).id == wanted.id


def test_many_files_are_listed_up_to_a_bound(tmp_path: Path) -> None:
    """A folder with more than that does not stop the server."""
    root = tmp_path / "root"
    root.mkdir()
    for number in range(60):
        (root / f"{number:03d}.nii").write_bytes(b"x")
    scans = Scans(root, tmp_path / "uploads", Limits(listed=50))
    assert len(scans.every()) == 50


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("scan.nii.gz", "scan.nii.gz"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a b.nrrd", "a b.nrrd"),
        (".htaccess", "htaccess"),
        ("", "scan"),
        (None, "scan"),
        ("...", "scan"),
        ("a\0b\n.nii", "a_b_.nii"),
        ("x" * 300 + ".nii.gz", "x" * 143 + ".nii.gz"),
        ("Bilder für Dr. Müller.nii", "Bilder für Dr. Müller.nii"),
    ],
)
def test_names_of_files_are_made_harmless(name: str | None, safe: str) -> None:
    """Only the last part, printable, no leading dot, not too long, suffix kept."""
    assert safe_name(name) == safe


async def collected(root: Path, tmp_path: Path) -> tuple[Scan, Scans]:
    """A file that was sent."""
    scans = scans_of(None, tmp_path)
    return await sent(scans, ("b.nii.gz", (root / "b.nii.gz").read_bytes())), scans


def run(work: object) -> object:
    """The result of a coroutine."""
    import asyncio

    return asyncio.run(work)  # type: ignore[arg-type]


def test_what_is_sent_is_opened_and_removed(root: Path, tmp_path: Path) -> None:
    """One file, and all files of a series."""
    scans = scans_of(None, tmp_path)
    one = run(sent(scans, ("x/b.nii.gz", (root / "b.nii.gz").read_bytes())))
    assert isinstance(one, Scan)
    assert opened(one.path, None, Limits()).grid.shape == blocks().shape
    files = [(f"s/{f.name}", f.read_bytes()) for f in sorted((root / "deep/series").iterdir())]
    series = run(sent(scans, *files))
    assert isinstance(series, Scan)
    assert series.kind == "folder"
    assert opened(series.path, None, Limits()).source.format == "DICOM"
    assert len(scans.every()) == 2
    scans.discard(one.id)
    assert [scan.id for scan in scans.every()] == [series.id]
    assert not one.path.exists()


def test_a_served_scan_cannot_be_removed(root: Path, tmp_path: Path) -> None:
    """Only what was sent."""
    scans = scans_of(root, tmp_path)
    with pytest.raises(NotFoundError):
        scans.discard(scans.every()[0].id)
    assert (root / "b.nii.gz").exists()


def zipped(**members: bytes) -> bytes:
    """A zip file of members; _ in a name is a slash."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("_", "/"), data)
    return file.getvalue()


def refused(tmp_path: Path, name: str, data: bytes, limits: Limits | None = None) -> str:
    """Why a file is refused; nothing of it may stay."""
    scans = scans_of(None, tmp_path)
    with pytest.raises(InputError) as told:
        run(sent(scans, (name, data), limits=limits))
    uploads = tmp_path / "uploads"
    assert not uploads.exists() or not any(uploads.iterdir())
    assert not (tmp_path / "evil.nii").exists()
    return str(told.value)


def test_a_zip_that_reaches_outside_is_only_names(root: Path, tmp_path: Path) -> None:
    """Members with .. or absolute names land in the upload's own folder."""
    data = (root / "b.nii.gz").read_bytes()
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../../evil.nii.gz", data)
    scans = scans_of(None, tmp_path)
    scan = run(sent(scans, ("x.zip", file.getvalue())))
    assert isinstance(scan, Scan)
    assert scan.path.name == "evil.nii.gz"
    assert (tmp_path / "uploads") in scan.path.parents
    assert opened(scan.path, None, Limits()).grid.shape == blocks().shape


def test_a_zip_bomb_stops_at_the_limit(tmp_path: Path) -> None:
    """Counted while it is unpacked, whatever its headers say; and too many members."""
    bomb = zipped(a=b"\0" * 50_000_000)
    assert len(bomb) < 100_000
    limits = Limits(unpacked_bytes=1_000_000, files=3)
    assert "unpacks to more" in refused(tmp_path, "x.zip", bomb, limits)
    lying = bytearray(bomb)
    at = lying.rindex(b"PK\x01\x02") + 24
    lying[at : at + 4] = (5).to_bytes(4, "little")
    refused(tmp_path, "x.zip", bytes(lying), limits)
    many = zipped(a=b"1", b=b"2", c=b"3", d=b"4")
    assert "holds 4 files" in refused(tmp_path, "x.zip", many, limits)


def test_damaged_and_empty_zips_are_told(tmp_path: Path) -> None:
    """One sentence each."""
    whole = zipped(a=b"x" * 1000)
    refused(tmp_path, "x.zip", whole[: len(whole) // 2])
    refused(tmp_path, "x.zip", zipped())
    refused(tmp_path, "x.zip", zipped(inner=zipped(a=b"x"))[:-3])


def test_what_is_no_image_is_told(tmp_path: Path) -> None:
    """By its content, whatever its name."""
    assert "no image that vesal reads" in refused(tmp_path, "scan.nii.gz", b"hello")
    assert "no image that vesal reads" in refused(tmp_path, "scan.nii", b"")
    assert "between 1 and" in refused_none(tmp_path)


def refused_none(tmp_path: Path) -> str:
    """Why no file at all is refused."""
    with pytest.raises(InputError) as told:
        run(sent(scans_of(None, tmp_path)))
    return str(told.value)


def test_an_image_that_unpacks_to_more_than_allowed_is_not_opened(tmp_path: Path) -> None:
    """A gzip bomb: a few kilobytes that promise gigabytes."""
    import gzip
    import struct
    import tracemalloc

    head = bytearray(348)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into("<8h", head, 40, 3, 2000, 2000, 500, 1, 1, 1, 1)
    struct.pack_into("<hh", head, 70, 4, 16)
    struct.pack_into("<8f", head, 76, 1, 1, 1, 1, 1, 1, 1, 1)
    struct.pack_into("<f", head, 108, 352)
    head[344:348] = b"n+1\0"
    path = tmp_path / "bomb.nii.gz"
    path.write_bytes(gzip.compress(bytes(head) + b"\0" * 8_000_000))
    assert path.stat().st_size < 20_000
    tracemalloc.start()
    try:
        with pytest.raises(ImageError, match="at most"):
            opened(path, None, Limits(image_bytes=100_000_000))
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_a_header_may_not_point_to_a_file_elsewhere(tmp_path: Path) -> None:
    """A detached NRRD that names another file of the server."""
    secret = tmp_path / "secret.raw"
    secret.write_bytes(bytes(range(64)))
    text = (
        f"NRRD0004\ntype: uint8\ndimension: 3\nsizes: 4 4 4\nencoding: raw\ndata file: {secret}\n\n"
    )
    scans = scans_of(None, tmp_path)
    scan = run(sent(scans, ("a.nhdr", text.encode())))
    assert isinstance(scan, Scan)
    with pytest.raises(ImageError, match="same folder"):
        opened(scan.path, None, Limits())
