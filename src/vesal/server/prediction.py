"""What a client of nnInteractive is told of the mask: the part that it does not know yet."""

import json
from typing import Any

import numpy as np
from fastapi import Response

from vesal.geometry.components import mask_box
from vesal.geometry.patch import Patch
from vesal.server.leases import Lease
from vesal.server.packed import pack

META = "X-Meta"
_OCTETS = "application/octet-stream"
_NOTHING = {"ran_prediction": False, "bbox": None}
_SAME = {"ran_prediction": True, "bbox": None}


def nothing_ran() -> Response:
    """That the model was not asked."""
    return _reply(_NOTHING)


def news_of(lease: Lease, mask: Patch) -> Response:
    """The part of the mask that the client does not know yet."""
    old, lease.shown = lease.shown, mask
    starts = [one.start for one in (old, mask) if not one.is_empty]
    stops = [np.add(one.start, one.shape) for one in (old, mask) if not one.is_empty]
    if not starts:
        return _reply(_SAME)
    low, high = np.min(starts, axis=0), np.max(stops, axis=0)
    part = [slice(int(a), int(b)) for a, b in zip(low, high, strict=True)]
    changed = mask_box(old.within(part) ^ mask.within(part))
    if changed is None:
        return _reply(_SAME)
    bounds = [[int(a) + s.start, int(a) + s.stop] for a, s in zip(low, changed, strict=True)]
    crop = mask.within([slice(a, b) for a, b in bounds]).astype(lease.dtype or np.uint8)
    meta = {
        "ran_prediction": True,
        "bbox": bounds,
        "dtype": crop.dtype.name,
        "shape": list(crop.shape),
    }
    return _reply(meta, pack(crop))


def _reply(meta: dict[str, Any], body: bytes = b"") -> Response:
    text = json.dumps(meta, separators=(",", ":"))
    return Response(body, media_type=_OCTETS, headers={META: text})
