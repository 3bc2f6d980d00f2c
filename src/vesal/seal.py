"""Records as JSON with a checksum, so that none is believed in which a byte has changed."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

_SEAL = "sha256"


def sealed(record: Mapping[str, object]) -> str:
    """The text of a record, with the SHA-256 of all else in it."""
    return json.dumps({_SEAL: _digest(record), **record})


def unsealed(text: str) -> dict[str, Any]:
    """The record in a text of `sealed`.

    Raises:
        ValueError: it is damaged, or something else.
    """
    record = json.loads(text)
    if not isinstance(record, dict) or record.pop(_SEAL, None) != _digest(record):
        raise ValueError("its checksum does not fit")
    return record


def _digest(record: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(record).encode()).hexdigest()
