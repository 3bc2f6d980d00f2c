"""MONAI Label's datastore: images to fetch, labels to keep, and what is to be labelled next."""

import asyncio
import gzip
import hashlib
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse
from starlette.datastructures import UploadFile

from vesal.errors import ConfigError
from vesal.images.suffix import stem_of
from vesal.labels import open_labels
from vesal.server.display import nifti_of
from vesal.server.fields import record_of
from vesal.server.form import form_of
from vesal.server.monai.label_store import FINAL, SUFFIXES, SavedLabel, stem
from vesal.server.monai.sent_files import passing_folder, stored
from vesal.server.monai.sent_label import sent_label
from vesal.server.office import Here, Office
from vesal.server.refusals import NotFoundError
from vesal.server.replies import attachment
from vesal.server.scans import Scan
from vesal.server.uploads import opened, receive, safe_name

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Query()]

_OCTETS = "application/octet-stream"
_LARGE_BYTES = 256 * 2**20  # of an image: beyond it a checksum takes longer than a user waits


@router.get("/datastore/")
async def datastore(here: Here, output: Text = "") -> dict[str, Any]:
    """What there is: counts, all objects, or pairs to train on."""

    def work() -> dict[str, Any]:
        scans = here.scans.every()
        if output == "all":
            return _objects(here, scans)
        if output == "train":
            return {"datalist": _pairs(here, scans)}
        completed, total, tags = here.labels.counts(scans)
        return {"total": total, "completed": completed, "label_tags": tags}

    return await asyncio.to_thread(work)


@router.put("/datastore/")
async def add_image(request: Request, here: Here, image: Text = "") -> dict[str, str]:
    """Take an image."""
    limits = here.settings.limits
    async with form_of(request, limits) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise ConfigError("the form needs a part named file")
        if image:  # the name that its user gave it; the suffix is the file's
            name = safe_name(file.filename)
            file.filename = f"{safe_name(image)}{name[len(stem_of(name)) :]}"
        scan = await receive([file], here.scans, limits)
    ids = _ids(await asyncio.to_thread(here.scans.every))
    return {"image": ids.get(scan.id, scan.id)}


@router.get("/datastore/image")
@router.head("/datastore/image")
async def image(here: Here, image: Text) -> Response:
    """The file of an image; of a folder of DICOM a NIfTI."""
    scan = await here.find_scan(image)
    if scan.kind == "file":
        headers = attachment(Path(scan.name).name)
        return FileResponse(scan.path, media_type=_OCTETS, headers=headers)
    read = await asyncio.to_thread(opened, scan.path, None, here.settings.limits)
    data = await asyncio.to_thread(lambda: gzip.compress(nifti_of(read), compresslevel=1))
    name = f"{stem(Path(scan.name).name)}.nii.gz"
    return Response(data, media_type=_OCTETS, headers=attachment(name))


@router.get("/datastore/label")
@router.head("/datastore/label")
async def label(here: Here, label: Text, tag: Text = FINAL) -> Response:
    """The file of a label."""
    saved = await asyncio.to_thread(_saved, here, label, tag)
    return FileResponse(saved.path, media_type=_OCTETS, headers=attachment(saved.path.name))


@router.put("/datastore/label")
async def save_label(
    request: Request, here: Here, image: Text, tag: Text = FINAL
) -> dict[str, str]:
    """Keep a label; of an image from a DICOMweb server it is sent there as DICOM SEG too."""
    scan = await here.find_scan(image)
    async with passing_folder() as folder:
        async with form_of(request, here.settings.limits) as form:
            params = record_of(str(form.get("params", "")), "params")
            part = form.get("label")
            if not isinstance(part, UploadFile):
                raise ConfigError("the form needs a part named label")
            sent = await stored(part, folder, "sent")
        file = await asyncio.to_thread(sent_label, sent, params, scan, here.settings.limits)
        suffix = next((s for s in SUFFIXES if file.name.endswith(s)), file.suffix)
        name = await asyncio.to_thread(_name, here, scan)
        await asyncio.to_thread(here.labels.save, name, tag or FINAL, suffix, file)
        if here.upstream is not None and here.upstream.has(scan) and (tag or FINAL) == FINAL:
            labels = await asyncio.to_thread(open_labels, file)
            await here.upstream.send(scan, labels)
    return {"image": image, "label": image}


@router.delete("/datastore/label")
async def delete_label(here: Here, id: Text, tag: Text = FINAL) -> dict[str, str]:  # noqa: A002
    """Remove a label."""
    saved = await asyncio.to_thread(_saved, here, id, tag)
    await asyncio.to_thread(here.labels.delete, saved.name, tag)
    return {}


@router.put("/datastore/updatelabelinfo")
@router.put("/datastore/label/info")
async def update_label(here: Here, label: Text, tag: Text = FINAL) -> dict[str, str]:
    """Take note of a reviewer's remarks: the label must be there; they are not kept."""
    await asyncio.to_thread(_saved, here, label, tag)
    return {}


@router.post("/activelearning/{strategy}")
async def next_image(strategy: str, here: Here) -> dict[str, Any]:
    """An image without a final label; nothing if all have one."""
    if strategy not in ("first", "random"):
        msg = f"a strategy is first or random, got {strategy[:40]!r}"
        raise ConfigError(msg)

    def work() -> dict[str, Any]:
        scans = here.scans.every()
        done, names = _done(here), here.labels.names(scans)
        left = [scan for scan in scans if names[scan.id] not in done]
        if not left:
            return {}
        scan = secrets.choice(left) if strategy == "random" else left[0]
        return {
            "id": _ids(scans)[scan.id],
            "name": Path(scan.name).name,
            "path": "",
            "checksum": _checksum(scan),
        }

    return await asyncio.to_thread(work)


def _objects(here: Office, scans: tuple[Scan, ...]) -> dict[str, Any]:
    objects: dict[str, Any] = {}
    ids = _ids(scans)
    for scan in scans:
        suffix = scan.name[len(stem_of(scan.name)) :]
        objects[ids[scan.id]] = {"image": {"ext": suffix, "info": {}}, "labels": {}}
    images = {name: ids[scan] for scan, name in here.labels.names(scans).items()}
    for saved in here.labels.every():
        if saved.name in images:
            entry = {"ext": saved.suffix, "info": {}}
            objects[images[saved.name]]["labels"][saved.tag] = entry
    return {
        "name": "vesal",
        "description": "",
        "images_dir": "",
        "labels_dir": "",
        "objects": objects,
    }


def _pairs(here: Office, scans: tuple[Scan, ...]) -> list[dict[str, str]]:
    """Images with a final label, by their names; paths are the server's own."""
    done, names, ids = _done(here), here.labels.names(scans), _ids(scans)
    return [
        {"image": ids[scan.id], "label": done[names[scan.id]].path.name}
        for scan in scans
        if names[scan.id] in done
    ]


def _done(here: Office) -> dict[str, SavedLabel]:
    return {one.name: one for one in here.labels.every() if one.tag == FINAL}


def _ids(scans: Sequence[Scan]) -> dict[str, str]:
    """What clients call each scan, by its id: its name without the suffix.

    Of several of one such name the first has it, as `Scans.named` finds it; the others keep their
    ids.
    """
    firsts: dict[str, str] = {}
    for scan in scans:
        firsts.setdefault(stem_of(scan.name), scan.id)
    return {
        scan.id: name if firsts[name := stem_of(scan.name)] == scan.id else scan.id
        for scan in scans
    }


def _name(here: Office, scan: Scan) -> str:
    """The name of a scan's label; a series of a DICOMweb server is in no list of scans."""
    return here.labels.names(here.scans.every()).get(scan.id) or stem(scan.name)


def _saved(here: Office, text: str, tag: str) -> SavedLabel:
    """The label of the scan that a text means; that of a scan which is gone by its own name.

    Raises:
        NotFoundError: there is none.
    """
    try:
        name = _name(here, here.scans.named(text))
    except NotFoundError:
        name = stem(text)
    return here.labels.of(name, tag)


def _checksum(scan: Scan) -> str:
    """By which a client knows whether it has the file already; empty for a large one."""
    if scan.kind != "file" or scan.size_bytes > _LARGE_BYTES:
        return ""
    with scan.path.open("rb") as file:
        return f"SHA256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
