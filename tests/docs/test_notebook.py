"""The notebook runs, and shows what it says it shows."""

import base64
import io
from pathlib import Path

import nbformat
import numpy as np
from nbclient import NotebookClient
from PIL import Image as Picture

ROOT = Path(__file__).resolve().parents[2]


def test_the_notebook_runs_and_shows_slices_with_outlines(tmp_path: Path) -> None:
    """Every cell, in a kernel of its own; its pictures are pictures, with coloured outlines."""
    path = ROOT / "examples" / "first_steps.ipynb"
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    pictures = [
        output["data"]["image/png"]
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if "image/png" in output.get("data", {})
    ]
    assert len(pictures) == 3
    for picture in pictures:
        pixels = np.asarray(Picture.open(io.BytesIO(base64.b64decode(picture))).convert("RGB"))
        colourful = np.ptp(pixels.astype(int), axis=-1) > 60
        assert 200 < colourful.sum() < 0.2 * colourful.size
    assert (tmp_path / "vesal-notebook" / "labels.seg.nrrd").exists()
