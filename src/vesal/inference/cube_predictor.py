"""SAM-Med3D looks at a volume through one cube around the clicks.

It was trained on the newest click and its own last low-resolution logits, and that is what it gets:
clicks are told one after the other, also when several come at once.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from vesal.arrays import Intensities, PointsIndex, Resampled
from vesal.geometry.grid import Grid
from vesal.geometry.patch import Patch
from vesal.geometry.resample import resample
from vesal.images import Image
from vesal.inference.answer import Answer, Evidence, memory_of
from vesal.inference.appearance import positive_zscore
from vesal.inference.boxes import index_box, within
from vesal.inference.clicks import Clicks
from vesal.inference.encoded import Encoded
from vesal.inference.lattice import lattice_of, read_window, window_starts
from vesal.inference.pack import pack_prompts
from vesal.inference.paste import pasted
from vesal.inference.request import Request
from vesal.inference.store import Shelf
from vesal.models.promptable import Promptable
from vesal.models.sam_config import SamConfig
from vesal.models.shapes import Images
from vesal.progress import Progress, silent
from vesal.prompts import Box

_SPACING_MM = 1.5  # SAM-Med3D, published preprocessing
_REMEMBERED_BYTES = 64 * 2**20  # some forty windows
_GIVEN = 6.0  # logit of a mask that the user gave
_BOX_NOTE = "box: emulated by a window, a click in its middle and a limit; not trained on boxes"
_FAR_NOTE = "point: the clicks lie too far apart for one window; only the newest is looked at"
_SCALE_NOTE = "intensity: nothing in the window is above 0, so all its voxels set the scale"

_Starts = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Cube:
    """What was said so far, and what the model answered last."""

    clicks: Clicks
    box: Box | None
    starts: _Starts
    """First voxel of the window on the lattice."""
    logits: Resampled
    """At the model's resolution, a quarter of the window's."""
    elsewhere: Patch
    """The mask of earlier windows, on the image's grid."""


class CubePredictor:
    """A SAM-like model with three axes looking at one volume.

    Args:
        image: the volume.
        model: the model.
        config: its config.
        full_history: whether the model is told all clicks at each step, not the newest alone.
        shelf: where encoded windows are kept on disk.
    """

    def __init__(
        self,
        image: Image,
        model: Promptable,
        config: SamConfig,
        *,
        full_history: bool,
        shelf: Shelf | None = None,
    ) -> None:
        self._image = image
        self._model = model
        self._size, self._mask_size = config.image_size, config.mask_size
        self._full_history = full_history
        self._lattice = lattice_of(image.grid, _SPACING_MM)
        self._encoded = Encoded(model, _REMEMBERED_BYTES, shelf)
        self._scaled: dict[_Starts, bool] = {}  # windows, and whether anything is above 0 in them

    def predict(
        self,
        request: Request,
        *,
        previous: Answer | None = None,
        progress: Progress = silent,
    ) -> Answer:
        """The answer after telling the model each new click (see `Predictor.predict`).

        A click outside the window moves it; the mask that earlier windows found stays.
        """
        box = request.box
        given = previous.mask if previous is not None else None
        clicks = request.clicks.started(box)
        if given is None or given.is_empty:
            clicks = _positive_first(clicks)
        cube = memory_of(previous, _Cube)
        if cube is None or cube.box != box or not clicks.begins_with(cube.clicks):
            cube = self._step(self._given(given), clicks.only(slice(1)), box)
        total = len(clicks.positive)
        for told in range(len(cube.clicks.positive), total):
            progress(told, total, "looking at the object")
            cube = self._step(cube, clicks.only(slice(told + 1)), box)
        progress(total, total, "looked at the object")
        return Answer(
            mask=self._settled(cube, replace(request, clicks=clicks)),
            memory=cube,
            notes=(*request.notes, *self._notes(cube)),
            evidence=(Evidence(grid=self._coarse(self._window(cube.starts)), logits=cube.logits),),
        )

    def _step(self, last: _Cube | None, clicks: Clicks, box: Box | None) -> _Cube:
        """The cube after one more click."""
        starts = self._starts(last, clicks, box)
        window = self._window(starts)
        if last is None:
            elsewhere = Patch.empty(self._image.grid.shape)
            logits = np.zeros((self._mask_size,) * 3, np.float32)  # as trained: not "no mask"
        elif starts == last.starts:
            elsewhere, logits = last.elsewhere, last.logits
        else:
            elsewhere = self._found(last)
            old = self._coarse(self._window(last.starts))
            logits = resample(last.logits, old, self._coarse(window), fill=0.0)
        told = clicks if self._full_history else clicks.only(slice(-1, None))
        index = window.to_index(told.points_mm)
        seen = window.contains(index)
        prompts = pack_prompts(index[seen], told.positive[seen], previous=logits)
        embedding = self._encoded.of(starts, lambda: self._look(starts))
        with torch.inference_mode():
            decoded = self._model.decode(embedding, prompts).logits[0, 0].float().numpy()
        return _Cube(clicks=clicks, box=box, starts=starts, logits=decoded, elsewhere=elsewhere)

    def _look(self, starts: _Starts) -> Images:
        values = read_window(self._image.array, self._image.grid, self._window(starts))
        scaled, self._scaled[starts] = positive_zscore(values)
        return torch.from_numpy(scaled)[None, None]

    def _is_scaled(self, starts: _Starts) -> bool:
        """Whether anything in a window is above 0; one whose embedding was on disk is read now."""
        if starts not in self._scaled:
            self._look(starts)
        return self._scaled[starts]

    def _starts(self, last: _Cube | None, clicks: Clicks, box: Box | None) -> _Starts:
        """Where the window begins: where it was if that shows the newest click."""
        index = self._lattice.to_index(clicks.points_mm)
        if last is not None:
            window = self._window(last.starts)
            if window.contains(window.to_index(clicks.points_mm[-1:]))[0]:
                return last.starts
        if last is None and box is not None:
            held = index_box(self._lattice, box)
            index = np.array([held.low, held.high])
        elif self._too_far(index):
            index = index[-1:]
        voxels = self._voxels(index)
        return window_starts(voxels.min(axis=0), voxels.max(axis=0) + 1, self._size)

    def _settled(self, cube: _Cube, request: Request) -> Patch:
        """The mask, kept to all that was said."""
        found = self._found(cube)
        return request.settled(found.array(), found.start, self._image.grid)

    def _found(self, cube: _Cube) -> Patch:
        """The mask of this window and of earlier ones: logits resampled, then thresholded."""
        image = self._image.grid
        part, _, logits = pasted(self._fine(cube), self._window(cube.starts), image)
        now = Patch.of(logits > 0, [s.start for s in part], image.shape)
        if cube.elsewhere.is_empty:
            return now
        return cube.elsewhere.without(part).union(now)

    def _given(self, patch: Patch | None) -> _Cube | None:
        """A mask that no cube of ours made, as if one had: in the cube around its middle."""
        if patch is None or patch.is_empty:
            return None
        image = self._image.grid
        stop = np.add(patch.start, patch.shape)
        ends = np.array([patch.start, stop - 1], np.float64)
        voxels = self._voxels(self._lattice.to_index(image.to_world(ends)))
        starts = window_starts(voxels.min(axis=0), voxels.max(axis=0) + 1, self._size)
        local = image.crop(patch.start, stop.tolist())
        inside = resample(
            patch.array().astype(np.float32), local, self._coarse(self._window(starts))
        )
        none = Clicks(points_mm=np.zeros((0, 3)), positive=np.zeros(0, np.bool_))
        logits = np.asarray(_GIVEN * (2 * inside - 1), np.float32)
        return _Cube(clicks=none, box=None, starts=starts, logits=logits, elsewhere=patch)

    def _fine(self, cube: _Cube) -> Intensities:
        """The logits on the window's grid, as the published code interpolates them."""
        coarse = torch.from_numpy(cube.logits)[None, None]
        size = (self._size,) * 3
        fine = functional.interpolate(coarse, size, mode="trilinear", align_corners=False)
        return np.asarray(fine[0, 0].numpy())

    def _notes(self, cube: _Cube) -> tuple[str, ...]:
        cut_off = (
            f"window: the mask is cut off at the window of {self._size * _SPACING_MM:g} mm; "
            "click in what is missing to move it"
        )
        said = {
            _BOX_NOTE: cube.box is not None,
            _FAR_NOTE: self._too_far(self._lattice.to_index(cube.clicks.points_mm)),
            _SCALE_NOTE: not self._is_scaled(cube.starts),
            cut_off: self._cut_off(cube),
        }
        return tuple(note for note, true in said.items() if true)

    def _cut_off(self, cube: _Cube) -> bool:
        """Whether the mask touches a face of the window beyond which the volume goes on."""
        inside = self._fine(cube) > 0
        if cube.box is not None:
            inside &= within(self._window(cube.starts), cube.box)
        return any(
            (start > 0 and bool(inside.take(0, axis=axis).any()))
            or (start + self._size < length and bool(inside.take(-1, axis=axis).any()))
            for axis, (start, length) in enumerate(
                zip(cube.starts, self._lattice.shape, strict=True)
            )
        )

    def _window(self, starts: _Starts) -> Grid:
        return self._lattice.crop(starts, [start + self._size for start in starts])

    def _coarse(self, window: Grid) -> Grid:
        """The grid of the model's logits: the same faces, larger voxels."""
        ratio = self._size / self._mask_size
        matrix = np.diag([ratio, ratio, ratio, 1.0])
        matrix[:-1, -1] = 0.5 * (ratio - 1)
        return Grid(shape=(self._mask_size,) * 3, affine=window.affine @ matrix)

    def _voxels(self, index: PointsIndex) -> NDArray[np.int64]:
        last = np.array(self._lattice.shape) - 1
        return np.clip(np.round(index), 0, last).astype(np.int64)

    def _too_far(self, index: PointsIndex) -> bool:
        return bool((np.ptp(self._voxels(index), axis=0) >= self._size).any())


def _positive_first(clicks: Clicks) -> Clicks:
    """The clicks with a positive one at the front: there is nothing yet to take away from."""
    first = int(np.argmax(clicks.positive))
    order = [first, *(i for i in range(len(clicks.positive)) if i != first)]
    return Clicks(points_mm=clicks.points_mm[order], positive=clicks.positive[order])
