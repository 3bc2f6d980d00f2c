"""A page of the server in a real browser, as its user has it."""

import gzip
import io
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

CHROMIUM = next((p for n in ("chromium", "chromium-browser") if (p := shutil.which(n))), None)
# Software WebGL: neither here nor in CI is a GPU.
FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
FLAGS += ["--disable-gpu-compositing"]  # the rest of the page is drawn faster without WebGL
LONGEST_S = 60.0
OURS = ("GPU stall", "willReadFrequently")
"""In what Chromium says of reading pixels back, which only the tests do."""


class Sight:
    """A page in a browser, and the server behind it.

    One plane is shown, as if that had been chosen in an earlier session, if the page's own choice
    is not asked for: software draws four, and the render above all, slowly.
    """

    def __init__(self, page: Any, address: str, *, view: str | None = "axial") -> None:
        self.page, self.address = page, address
        self.wire = httpx.Client(base_url=address)
        page.goto(f"{address}/healthz")  # the server's, but not the page yet
        page.evaluate("localStorage.clear(), sessionStorage.clear()")
        if view is not None:
            page.evaluate("(view) => { localStorage['vesal-view'] = view; }", view)
        self.problems: list[str] = []
        self._listeners = {"console": self._heard, "pageerror": self._broke, "request": self._asked}
        for event, listener in self._listeners.items():
            page.on(event, listener)

    def open(self, path: str = "/") -> None:
        """Open an address of the server and wait until the scan is shown."""
        self.page.goto(self.address + path)
        self.until("!!(window.vesal && window.vesal.ready)")

    def leave(self) -> None:
        """Leave the page to others, which find nothing of this one."""
        self.wire.close()
        for event, listener in self._listeners.items():
            self.page.remove_listener(event, listener)
        self.page.unroute_all()
        self.page.goto("about:blank")

    def until(self, condition: str) -> None:
        """Wait for something that a script can see; the page's policy forbids to evaluate texts."""
        self.page.evaluate(
            "(longest) => new Promise((done, fail) => {"
            "  const ends = performance.now() + longest;"
            f"  const look = () => ({condition}) ? done()"
            "    : performance.now() > ends ? fail(new Error('waited too long'))"
            "    : setTimeout(look, 20);"
            "  look();"
            "})",
            1000 * LONGEST_S,
        )

    def settle(self) -> None:
        """Wait until all that was done is answered and shown."""
        self.until("!vesal.busy")
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(done))")

    def hold(self, pattern: str) -> Callable[[], None]:
        """Keep requests to addresses of a pattern waiting; what is returned lets them go."""
        held: list[Any] = []
        self.page.route(pattern, lambda route: held.append(route))

        def release() -> None:
            for route in held:
                route.continue_()
            self.page.unroute(pattern)

        return release

    def drop(self, path: Path) -> None:
        """Drop a file on the page, which only the browser itself can do."""
        wire = self.page.context.new_cdp_session(self.page)
        data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            wire.send("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 300, "data": data})

    def status(self, session: str) -> int:
        """The HTTP status of a session on the server."""
        return self.wire.get(f"/api/sessions/{session}").status_code

    def place(self, voxel: tuple[int, ...], plane: int = 0) -> tuple[float, float]:
        """Where a voxel is on the screen, after its slice was gone to."""
        self.page.evaluate("(v) => vesal.canvas.lookAt(v)", list(voxel))
        places = self.page.evaluate("(v) => vesal.canvas.places(v)", list(voxel))
        box = self.page.locator("#overlay").bounding_box()
        found = next(one for one in places if one["plane"] == plane)
        return box["x"] + found["x"], box["y"] + found["y"]

    def click(self, voxel: tuple[int, ...], *, button: str = "left", plane: int = 0) -> None:
        """Click on a voxel and wait for the answer."""
        self.page.mouse.click(*self.place(voxel, plane), button=button)
        self.settle()

    def drag(self, voxels: Sequence[tuple[int, ...]]) -> None:
        """Draw through voxels of one axial slice."""
        places = [self.place(voxel) for voxel in voxels]
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for x, y in places[1:]:
            self.page.mouse.move(x, y, steps=4)
        self.page.mouse.up()
        self.settle()

    def state(self) -> dict[str, Any]:
        """What the server says of the session."""
        session = self.page.evaluate("vesal.state.id")
        known: dict[str, Any] = self.wire.get(f"/api/sessions/{session}").json()
        return known

    def labels(self) -> NDArray[Any]:
        """The label map that the server has."""
        session = self.page.evaluate("vesal.state.id")
        path = f"/api/sessions/{session}/download?format=nii.gz"
        data = io.BytesIO(self.wire.get(path).content)
        return np.asarray(nib.Nifti1Image.from_stream(unzipped(data)).dataobj)

    def shown(self) -> NDArray[np.uint8]:
        """The label map that the page draws, on the image's own axes."""
        turned, bitmap, axes, flips = self.page.evaluate(
            "[vesal.canvas.space.turned, Array.from(vesal.canvas.nv.drawBitmap),"
            " vesal.canvas.space.axes, vesal.canvas.space.flips]"
        )
        array = np.array(bitmap, np.uint8).reshape(turned, order="F")
        array = np.flip(array, tuple(axis for axis, flip in enumerate(flips) if flip))
        return np.transpose(array, np.argsort(axes))

    def colour(self, voxel: tuple[int, ...]) -> NDArray[np.float64]:
        """The colour on the screen near a voxel, beside the mark of a click."""
        x, y = self.place(voxel)
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(done))")
        picture = Pillow.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        pixels = np.asarray(picture, np.float64)
        return np.asarray(pixels[int(y) - 14 : int(y) - 10, int(x) + 10 : int(x) + 14].mean((0, 1)))

    def greens(self, x: float, y: float) -> int:
        """Pixels of a positive mark near a place of the overlay, in CSS pixels."""
        count: int = self.page.evaluate(
            "([x, y]) => {"
            "  const pen = document.getElementById('overlay').getContext('2d');"
            "  const scale = devicePixelRatio;"
            "  const { data } = pen.getImageData((x - 9) * scale, (y - 9) * scale, 18, 18);"
            "  let count = 0;"
            "  for (let i = 0; i < data.length; i += 4) if (data[i + 1] > 150) count += 1;"
            "  return count;"
            "}",
            [x, y],
        )
        return count

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning") and not any(t in message.text for t in OURS):
            self.problems.append(message.text)

    def _broke(self, error: Any) -> None:
        self.problems.append(str(error))

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.problems.append(f"asked {request.url}")


def unzipped(data: io.BytesIO) -> io.BytesIO:
    """What a gzip file holds."""
    return io.BytesIO(gzip.decompress(data.read()))
