"""SAM-Med3D looks at a volume through one cube around the clicks.

It was trained on the newest click and its own last low-resolution logits, and that is what it gets:
clicks are told one after the other, also when several come at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from vesal.arrays import Intensities, PointsIndex, Resampled
from vesal.geometry.components import distance_to_border
from vesal.geometry.grid import Grid
from vesal.geometry.patch import Patch
from vesal.geometry.resample import resample
from vesal.images import Image
from vesal.inference.answer import GIVEN_LOGIT, Answer, Evidence, memory_of
from vesal.inference.appearance import positive_zscore
from vesal.inference.blend import blend
from vesal.inference.boxes import allowed, index_box
from vesal.inference.clicks import Clicks
from vesal.inference.encoded import Encoded
from vesal.inference.lattice import lattice_of, read_window, window_starts
from vesal.inference.pack import pack_prompts
from vesal.inference.paste import OUTSIDE, pasted
from vesal.inference.request import Request
from vesal.inference.store import Shelf
from vesal.models.promptable import Promptable
from vesal.models.sam_config import SamConfig
from vesal.models.shapes import Images
from vesal.progress import Progress, silent
from vesal.prompts import Box

_SPACING_MM = 1.5  # SAM-Med3D, published preprocessing
_REMEMBERED_BYTES = 64 * 2**20  # some forty windows
_RIM = 4  # lattice voxels at a window's faces: one logit voxel
_MOST_WINDOWS = 12  # of one answer: each new one takes as long as a first click
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
    grown: Mapping[_Starts, Resampled]
    """Logits of the windows that the mask led to, beyond this one."""
    ends: bool
    """Whether the mask ends in these windows or at the volume's faces."""


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

    @property
    def held_bytes(self) -> int:
        """Memory that encoded parts of the image take."""
        return self._encoded.held_bytes

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
        cube = self._grown(cube, progress)
        progress(total, total, "looked at the object")
        return Answer(
            mask=self._settled(cube, replace(request, clicks=clicks)),
            memory=cube,
            notes=(*request.notes, *self._notes(cube)),
            evidence=tuple(
                Evidence(grid=self._coarse(self._window(starts)), logits=logits)
                for starts, logits in _windows(cube).items()
            ),
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
        return _Cube(
            clicks=clicks,
            box=box,
            starts=starts,
            logits=self._decoded(starts, told, logits),
            elsewhere=elsewhere,
            grown={},
            ends=True,
        )

    def _decoded(self, starts: _Starts, told: Clicks, previous: Resampled) -> Resampled:
        """What the model says of a window to the clicks in it."""
        window = self._window(starts)
        index = window.to_index(told.points_mm)
        seen = window.contains(index)
        prompts = pack_prompts(index[seen], told.positive[seen], previous=previous)
        embedding = self._encoded.of(starts, lambda: self._look(starts))
        with torch.inference_mode():
            logits = self._model.decode(embedding, prompts).logits[0, 0].float().numpy()
        return np.asarray(logits)

    def _grown(self, cube: _Cube, progress: Progress) -> _Cube:
        """The cube with the windows that its mask leads to, half a window on at each step.

        Where the mask meets a face beyond which the volume goes on, the next window is asked with
        the logits so far, and a click in the deepest place that they share: the model was never
        asked without one.
        """
        windows = _windows(cube)
        waiting = [cube.starts]
        while waiting:
            starts = waiting.pop(0)
            for step in self._open_faces(starts, windows, cube.box):
                following = tuple(a + b for a, b in zip(starts, step, strict=True))
                if following in windows:
                    continue
                if len(windows) == _MOST_WINDOWS:
                    return replace(cube, grown=_others(windows, cube), ends=False)
                progress(len(windows), _MOST_WINDOWS, "following the object")
                logits = self._followed(following, windows)
                if logits is not None:
                    windows[following] = logits
                    waiting.append(following)
        return replace(cube, grown=_others(windows, cube), ends=True)

    def _followed(self, starts: _Starts, windows: Mapping[_Starts, Resampled]) -> Resampled | None:
        """The logits of a window that others overlap; None where they find nothing in it."""
        coarse = self._coarse(self._window(starts))
        previous = np.zeros(coarse.shape, np.float32)
        known = np.zeros(coarse.shape, np.bool_)
        for other, logits in windows.items():
            there = resample(logits, self._coarse(self._window(other)), coarse, fill=OUTSIDE)
            seen = (there > OUTSIDE) & ~known
            previous[seen] = there[seen]
            known |= seen
        depths = distance_to_border(known & (previous > 0), coarse.spacing_mm)
        if not depths.any():
            return None
        deepest = np.argwhere(depths == depths.max())[:1].astype(np.float64)
        click = Clicks(points_mm=coarse.to_world(deepest), positive=np.ones(1, np.bool_))
        return self._decoded(starts, click, previous)

    def _open_faces(
        self, starts: _Starts, windows: Mapping[_Starts, Resampled], box: Box | None
    ) -> list[tuple[int, ...]]:
        """Steps of half a window over the faces that the mask meets and the volume goes beyond.

        Not where all that the mask meets is seen by other windows, away from their own faces.
        """
        inside = self._fine(windows[starts]) > 0
        for other in windows:
            if other != starts:
                low = np.array(other) - starts + _RIM
                high = low + self._size - 2 * _RIM
                part = [slice(max(a, 0), max(b, 0)) for a, b in zip(low, high, strict=True)]
                inside[tuple(part)] = False
        if box is not None:
            inside &= allowed(self._window(starts), box, self._image.grid)
        steps = []
        for axis, (start, length) in enumerate(zip(starts, self._lattice.shape, strict=True)):
            for face, goes_on, way in (
                (0, start > 0, -1),
                (-1, start + self._size < length, 1),
            ):
                if goes_on and inside.take(face, axis=axis).any():
                    steps.append(tuple(way * self._size // 2 * (a == axis) for a in range(3)))
        return steps

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
        """Where the window begins: where it was if that shows the newest click.

        A volume that is exactly one window was cut out to be looked at as it is.
        """
        if self._lattice.shape == (self._size,) * 3:
            return (0, 0, 0)
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
        """The mask of these windows and of earlier ones: logits resampled, then thresholded.

        Where windows overlap their logits are blended, each counting more the further from its
        faces.
        """
        image = self._image.grid
        starts, blended = blend(_windows(cube), self._size // self._mask_size)
        size = [n * (self._size // self._mask_size) for n in blended.shape]
        stops = [a + n for a, n in zip(starts, size, strict=True)]
        part, now = pasted(self._fine(blended), self._lattice.crop(starts, stops), image)
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
        logits = np.asarray(GIVEN_LOGIT * (2 * inside - 1), np.float32)
        return _Cube(
            clicks=none,
            box=None,
            starts=starts,
            logits=logits,
            elsewhere=patch,
            grown={},
            ends=True,
        )

    def _fine(self, logits: Resampled) -> Intensities:
        """Logits at the windows' resolution, as the published code interpolates them."""
        ratio = self._size // self._mask_size
        size = tuple(n * ratio for n in logits.shape)
        coarse = torch.from_numpy(logits)[None, None]
        fine = functional.interpolate(coarse, size, mode="trilinear", align_corners=False)
        return np.asarray(fine[0, 0].numpy())

    def _notes(self, cube: _Cube) -> tuple[str, ...]:
        cut_off = (
            f"window: the mask goes on beyond {_MOST_WINDOWS} windows of "
            f"{self._size * _SPACING_MM:g} mm; click in what is missing to move on"
        )
        said = {
            _BOX_NOTE: cube.box is not None,
            _FAR_NOTE: self._too_far(self._lattice.to_index(cube.clicks.points_mm)),
            _SCALE_NOTE: not self._is_scaled(cube.starts),
            cut_off: not cube.ends,
        }
        return tuple(note for note, true in said.items() if true)

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
    return clicks.ordered(order)


def _windows(cube: _Cube) -> dict[_Starts, Resampled]:
    """All windows that count now, the clicked one first."""
    return {cube.starts: cube.logits, **cube.grown}


def _others(windows: Mapping[_Starts, Resampled], cube: _Cube) -> dict[_Starts, Resampled]:
    return {starts: logits for starts, logits in windows.items() if starts != cube.starts}
