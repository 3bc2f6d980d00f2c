"""Names and shapes of the published files, as the reference implementations have them."""

import json
from pathlib import Path

GOLDEN = Path(__file__).parent.parent / "golden"
MANIFESTS = {
    "sam-vit-b": "sam/manifest.json",
    "sam-vit-l": "sam/manifest_vit_l_1024.json",
    "sam-vit-h": "sam/manifest_vit_h_1024.json",
    "sam-med2d": "sam_med2d/manifest.json",
    "ft-sam": "sam_med2d/manifest_no_adapter.json",
    "sam-unet-34": "sam_unet/manifest_res34.json",
    "sam-unet-50": "sam_unet/manifest_res50.json",
    "sam-med3d": "sam_med3d/manifest.json",
}
"""The manifest of each model of the zoo that has shapes of its own."""


def manifest(name: str) -> dict[str, tuple[tuple[int, ...], str]]:
    """Shape and type of each tensor under the family's own names."""
    entries = json.loads((GOLDEN / MANIFESTS[name]).read_text())
    return {
        key: (tuple(e["shape"]), e["dtype"]) if isinstance(e, dict) else (tuple(e[0]), e[1])
        for key, e in entries.items()
    }
