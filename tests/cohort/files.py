"""Prompt files for tests, and a folder with what they name."""

import json
from pathlib import Path
from typing import Any

TABLE = """image,object,kind,coordinates,positive
a.nii.gz,liver,point,"12,-40,33",1
a.nii.gz,liver,point,"1,2,3",0
a.nii.gz,kidney,box,"1,2,3 4,5,6",
b/a.nii.gz,liver,scribble,"1,2,3 4,5,6 7,8,9",yes
b/a.nii.gz,liver,avoid,"done.nii.gz 3,5",
"""


def folder_of_images(folder: Path) -> Path:
    """The same folder, with empty files where `TABLE` and `case` name images and masks."""
    (folder / "b").mkdir()
    for name in ("a.nii.gz", "b/a.nii.gz", "done.nii.gz"):
        (folder / name).touch()
    return folder


def write(folder: Path, text: str | dict[str, Any], encoding: str = "utf-8") -> Path:
    """A prompt file."""
    text = text if isinstance(text, str) else json.dumps(text)
    path = folder / "cases.txt"
    path.write_bytes(text.encode(encoding))
    return path


def case(**changes: object) -> dict[str, Any]:
    """A JSON file with one case."""
    record: dict[str, Any] = {
        "image": "a.nii.gz",
        "objects": [{"name": "liver", "prompts": [{"point": [1, 2, 3]}]}],
        **changes,
    }
    return {"version": 1, "cases": [record]}
