"""How a MONAI Label client logs in: the server's key is the password."""

import hmac
from typing import Any

from fastapi import APIRouter, Request

from vesal.server.form import form_of
from vesal.server.office import Here
from vesal.server.refusals import DeniedError

router = APIRouter(include_in_schema=False)


@router.get("/auth/")
async def access(here: Here) -> dict[str, Any]:
    """Whether a key is needed."""
    if not here.settings.key:
        return {"enabled": False}
    return {"enabled": True, "client_id": "vesal", "realm": "vesal"}


@router.post("/auth/token")
async def token(request: Request, here: Here) -> dict[str, str]:
    """The token for who knows the key; any user name will do."""
    async with form_of(request, here.settings.limits) as form:
        given = str(form.get("password", ""))
    key = here.settings.key
    if not key or not hmac.compare_digest(given.encode(), key.encode()):
        raise DeniedError("the password is not this server's key")
    return {"access_token": key, "token_type": "Bearer"}


@router.get("/auth/token/valid")
async def valid() -> dict[str, bool]:
    """Answered only to who sent the right token."""
    return {"valid": True}
