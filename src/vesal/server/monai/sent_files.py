"""Files of one request, on the disk while it is answered; threads write and remove them."""

import asyncio
import math
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
from starlette.datastructures import UploadFile

from vesal.arrays import Voxels
from vesal.errors import ImageError, ResourceError
from vesal.server.uploads import safe_name

_PIECE_BYTES = 2**20


@asynccontextmanager
async def passing_folder() -> AsyncIterator[Path]:
    """A folder that is gone afterwards.

    Raises:
        ResourceError: the disk refuses.
    """
    try:
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="vesal-"))
    except OSError as error:
        raise _full(error) from error
    try:
        yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def stored(part: UploadFile, folder: Path, prefix: str) -> Path:
    """The file of a part of a form, copied in pieces; its name begins with the prefix.

    Raises:
        ResourceError: the disk refuses.
    """
    path = folder / f"{prefix}-{safe_name(part.filename)}"

    def copy() -> None:
        with path.open("wb") as target:
            shutil.copyfileobj(part.file, target, _PIECE_BYTES)

    try:
        await asyncio.to_thread(copy)
    except OSError as error:
        raise _full(error) from error
    return path


def bare_labels(path: Path, shape: tuple[int, ...]) -> Voxels:
    """The label map that OHIF sends: a byte for each voxel of the image, first axis fastest.

    Raises:
        ImageError: of another size.
    """
    data = np.fromfile(path, np.uint8)
    if data.size != math.prod(shape):
        msg = f"labels need a byte for each voxel of the image, got {data.size:,} bytes"
        raise ImageError(msg)
    return data.reshape(shape, order="F")


def _full(error: OSError) -> ResourceError:
    msg = f"what was sent cannot be stored ({error.strerror}); the server's disk may be full"
    return ResourceError(msg)
