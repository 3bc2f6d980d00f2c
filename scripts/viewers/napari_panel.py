"""Click in the real napari, by hand: its nnInteractive panel asks a `vesal serve` that runs.

In an environment of its own (1.3 GB): pip install napari-nninteractive napari PyQt6. Without a
screen: xvfb-run -a (Qt's "offscreen" has no OpenGL).

    vesal serve &
    xvfb-run -a python scripts/viewers/napari_panel.py ct.nii.gz --voxel 37,33,33 -o napari.png

The mask lies in napari.nii.gz. It equals that of `Session` for the same array and spacing; that of
`vesal segment` on the file may differ, for the protocol carries no orientation.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari  # type: ignore[import-not-found]
import nibabel as nib
import numpy as np
from napari_nninteractive.widget_main import (  # type: ignore[import-not-found]
    nnInteractiveWidget,
)
from qtpy.QtWidgets import QApplication  # type: ignore[import-not-found]

LONGEST_S = 120.0


def main() -> None:
    """Connect, send the scan, click, keep picture and mask, undo."""
    parser = argparse.ArgumentParser(description="Click in napari, and keep a picture.")
    parser.add_argument("image", type=Path, help="NIfTI file")
    parser.add_argument("--voxel", required=True, help="i,j,k of the file's axes")
    parser.add_argument("--server", default="http://127.0.0.1:1527")
    parser.add_argument("-o", "--output", type=Path, default=Path("napari.png"))
    given = parser.parse_args()
    i, j, k = (int(part) for part in given.voxel.split(","))
    scan: Any = nib.load(given.image)
    array = np.asarray(scan.dataobj).T  # (k, j, i): napari shows the last two axes
    viewer = napari.Viewer(show=True)
    viewer.window.resize(1400, 900)
    viewer.add_image(array, scale=scan.header.get_zooms()[::-1], contrast_limits=(-160, 240))
    viewer.dims.set_point(0, k * float(scan.header.get_zooms()[2]))
    panel = nnInteractiveWidget(viewer)
    viewer.window.add_dock_widget(panel, name="nnInteractive")
    connect(panel, given.server)
    click(panel, viewer, (k, j, i))
    mask = np.asarray(viewer.layers[panel.label_layer_name].data).T > 0
    print(f"{mask.sum()} voxels; the click is inside: {mask[i, j, k]}")
    viewer.screenshot(str(given.output), canvas_only=False, flash=False)
    kind: Any = nib.Nifti1Image
    kind(mask.astype(np.uint8), scan.affine).to_filename(given.output.with_suffix(".nii.gz"))
    panel.on_undo()
    pump(lambda: not np.any(viewer.layers[panel.label_layer_name].data))
    print("undone: the mask is empty again")
    viewer.close()


def connect(panel: Any, server: str) -> None:  # noqa: ANN401
    """Name the server, begin: without nnInteractive's own backend the panel is always remote."""
    panel.server_url_edit.setText(server)
    panel.on_init()
    pump(lambda: panel.session is not None and panel._session_locked)
    pump(lambda: panel.point_layer_name in panel._viewer.layers)


def click(panel: Any, viewer: Any, voxel: tuple[int, int, int]) -> None:  # noqa: ANN401
    """A positive point, as the mouse makes one."""
    viewer.layers[panel.point_layer_name].add(np.array(voxel, float))
    pump(lambda: bool(np.any(viewer.layers[panel.label_layer_name].data)))


def pump(is_done: Callable[[], bool]) -> None:
    """Let Qt work until something is so."""
    ends_at = time.monotonic() + LONGEST_S
    while not is_done():
        if time.monotonic() > ends_at:
            raise SystemExit("napari did not get there in time")
        QApplication.processEvents()
        time.sleep(0.02)


if __name__ == "__main__":
    main()
