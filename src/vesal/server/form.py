"""Multipart bodies, bounded: files on their way to the disk, and fields of text.

FastAPI's own forms take a thousand files at most, fewer than a whole-body series has.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from vesal.errors import InputError, ResourceError
from vesal.server.limits import Limits

_FIELDS = 100
_FIELD_BYTES = 4 * 2**20  # of text: clicks of a long session

FILES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {
                            "type": "array",
                            "items": {"type": "string", "format": "binary"},
                        }
                    },
                }
            }
        },
    }
}
"""How OpenAPI describes a body of files."""


@asynccontextmanager
async def form_of(request: Request, limits: Limits) -> AsyncIterator[FormData]:
    """The fields and files of a multipart body; the files are gone afterwards.

    Raises:
        InputError: a body of another kind, damaged, or of too many parts.
        ResourceError: the disk refuses, or too many files are open.
    """
    try:
        form = await request.form(
            max_files=limits.files, max_fields=_FIELDS, max_part_size=_FIELD_BYTES
        )
    except HTTPException as error:
        msg = f"the form cannot be read ({error.detail}); send multipart/form-data"
        raise InputError(msg) from error
    except OSError as error:
        msg = f"the files cannot be taken now ({error.strerror}); send fewer at once, or a zip"
        raise ResourceError(msg) from error
    try:
        yield form
    finally:
        await form.close()


@asynccontextmanager
async def files_of(
    request: Request, name: str, limits: Limits
) -> AsyncIterator[Sequence[UploadFile]]:
    """The files of one name in a multipart body.

    Raises:
        InputError: as `form_of`.
    """
    async with form_of(request, limits) as form:
        yield [part for part in form.getlist(name) if isinstance(part, UploadFile)]
