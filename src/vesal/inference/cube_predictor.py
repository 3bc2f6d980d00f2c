"""SAM-Med3D looks at a volume through one cube around the clicks.

It was trained on the newest click and its own last low-resolution logits, and that is what it gets:
clicks are told one after the other, also when several come at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from vesal.arrays import Resampled
from vesal.geometry.components import distance_to_border
from vesal.geometry.patch import Patch
from vesal.geometry.resample import resample
from vesal.images import Image
from vesal.inference.answer import Answer, Evidence, memory_of
from vesal.inference.appearance import positive_zscore
from vesal.inference.boxes import allowed, index_box
from vesal.inference.clicks import Clicks
from vesal.inference.cubes import SPACING_MM, Cubes, Starts
from vesal.inference.encoded import Encoded
from vesal.inference.lattice import read_window
from vesal.inference.pack import pack_prompts
from vesal.inference.paste import given_logits, laid_over
from vesal.inference.request import Request
from vesal.inference.store import Shelf
from vesal.models.promptable import Promptable
from vesal.models.sam_config import SamConfig
from vesal.models.shapes import Images
from vesal.progress import Progress, silent
from vesal.prompts import Box

_REMEMBERED_BYTES = 64 * 2**20  # some forty windows
_MOST_WINDOWS = 12  # of one answer: each new one takes as long as a first click
_BOX_NOTE = "box: emulated by a window, a click in its middle and a limit; not trained on boxes"
_FAR_NOTE = "point: the clicks lie too far apart for one window; only the newest is looked at"
_SCALE_NOTE = "intensity: nothing in the window is above 0, so all its voxels set the scale"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Cube:
    """What was said so far, and what the model answered last."""

    clicks: Clicks
    box: Box | None
    starts: Starts
    logits: Resampled
    """At the model's resolution, a quarter of the window's."""
    elsewhere: Patch
    """The mask of earlier windows, on the image's grid."""
    grown: Mapping[Starts, Resampled] = field(default_factory=dict)
    """Logits of this window and of those that the mask led to, once it was followed."""
    ends: bool = True
    """Whether the mask ends in these windows or at the volume's faces."""

    @property
    def windows(self) -> dict[Starts, Resampled]:
        """Logits of all windows that count now, the clicked one first."""
        return {self.starts: self.logits, **self.grown}


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
        self._full_history = full_history
        self._cubes = Cubes(image.grid, config.image_size, config.mask_size)
        self._encoded = Encoded(model, _REMEMBERED_BYTES, shelf)
        self._scaled: dict[Starts, bool] = {}  # windows, and whether anything is above 0 in them

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
        found, grid = self._found(cube), self._image.grid
        return Answer(
            mask=replace(request, clicks=clicks).settled(found.array(), found.start, grid),
            memory=cube,
            notes=(*request.notes, *self._notes(cube)),
            evidence=self._evidence(cube.windows),
        )

    def _step(self, last: _Cube | None, clicks: Clicks, box: Box | None) -> _Cube:
        """The cube after one more click."""
        starts = self._starts(last, clicks, box)
        if last is None:
            elsewhere = Patch.empty(self._image.grid.shape)
            logits = np.zeros(self._cubes.coarse(starts).shape, np.float32)  # as trained
        elif starts == last.starts:
            elsewhere, logits = last.elsewhere, last.logits
        else:
            elsewhere = self._found(last)
            old, new = self._cubes.coarse(last.starts), self._cubes.coarse(starts)
            logits = resample(last.logits, old, new, fill=0.0)
        told = clicks if self._full_history else clicks.only(slice(-1, None))
        return _Cube(
            clicks=clicks,
            box=box,
            starts=starts,
            logits=self._decoded(starts, told, logits),
            elsewhere=elsewhere,
        )

    def _decoded(self, starts: Starts, told: Clicks, previous: Resampled) -> Resampled:
        """What the model says of a window to the clicks in it."""
        window = self._cubes.window(starts)
        shown = told.in_sight(window)
        points = window.to_index(shown.points_mm)
        prompts = pack_prompts(points, shown.positive, previous=previous)
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
        windows = cube.windows
        waiting = [cube.starts]
        while waiting:
            for following in self._onwards(waiting.pop(0), windows, cube.box):
                if following in windows:
                    continue
                if len(windows) == _MOST_WINDOWS:
                    return replace(cube, grown=windows, ends=False)
                progress(len(windows), _MOST_WINDOWS, "following the object")
                logits = self._followed(following, windows)
                if logits is not None:
                    windows[following] = logits
                    waiting.append(following)
        return replace(cube, grown=windows, ends=True)

    def _followed(self, starts: Starts, windows: Mapping[Starts, Resampled]) -> Resampled | None:
        """The logits of a window that others overlap; None where they find nothing in it."""
        coarse = self._cubes.coarse(starts)
        previous = laid_over(reversed(self._evidence(windows)), coarse)
        depths = distance_to_border(previous > 0, coarse.spacing_mm)
        if not depths.any():
            return None
        deepest = np.argwhere(depths == depths.max())[:1].astype(np.float64)
        click = Clicks(points_mm=coarse.to_world(deepest), positive=np.ones(1, np.bool_))
        return self._decoded(starts, click, previous)

    def _evidence(self, windows: Mapping[Starts, Resampled]) -> tuple[Evidence, ...]:
        return tuple(
            Evidence(grid=self._cubes.coarse(starts), logits=logits)
            for starts, logits in windows.items()
        )

    def _onwards(
        self, starts: Starts, windows: Mapping[Starts, Resampled], box: Box | None
    ) -> list[Starts]:
        """The windows to which the mask in one leads.

        Not where all that the mask meets is seen by other windows, away from their own faces.
        """
        inside = self._cubes.fine(windows[starts]) > 0
        for other in windows:
            if other != starts:
                self._cubes.hide(inside, starts, other)
        if box is not None:
            inside &= allowed(self._cubes.window(starts), box, self._image.grid)
        return self._cubes.onwards(inside, starts)

    def _look(self, starts: Starts) -> Images:
        values = read_window(self._image.array, self._image.grid, self._cubes.window(starts))
        scaled, self._scaled[starts] = positive_zscore(values)
        return torch.from_numpy(scaled)[None, None]

    def _is_scaled(self, starts: Starts) -> bool:
        """Whether anything in a window is above 0; one whose embedding was on disk is read now."""
        if starts not in self._scaled:
            self._look(starts)
        return self._scaled[starts]

    def _starts(self, last: _Cube | None, clicks: Clicks, box: Box | None) -> Starts:
        """Where the window begins: where it was if that shows the newest click."""
        if last is not None:
            newest = clicks.only(slice(-1, None))
            if len(newest.in_sight(self._cubes.window(last.starts)).positive):
                return last.starts
        index = self._cubes.lattice.to_index(clicks.points_mm)
        if last is None and box is not None:
            held = index_box(self._cubes.lattice, box)
            index = np.array([held.low, held.high])
        elif self._cubes.too_far(index):
            index = index[-1:]
        return self._cubes.around(index)

    def _found(self, cube: _Cube) -> Patch:
        """The mask of these windows and of earlier ones."""
        part, now = self._cubes.found(cube.windows)
        return cube.elsewhere.without(part).union(now)

    def _given(self, patch: Patch | None) -> _Cube | None:
        """A mask that no cube of ours made, as if one had: in the cube around its middle."""
        if patch is None or patch.is_empty:
            return None
        image = self._image.grid
        ends = image.to_world(np.array([patch.start, patch.stop], np.float64) - [[0], [1]])
        starts = self._cubes.around(self._cubes.lattice.to_index(ends))
        return _Cube(
            clicks=Clicks.none(image.ndim),
            box=None,
            starts=starts,
            logits=given_logits(patch, image, self._cubes.coarse(starts)),
            elsewhere=patch,
        )

    def _notes(self, cube: _Cube) -> tuple[str, ...]:
        cut_off = (
            f"window: the mask goes on beyond {_MOST_WINDOWS} windows of "
            f"{self._cubes.size * SPACING_MM:g} mm; click in what is missing to move on"
        )
        said = {
            _BOX_NOTE: cube.box is not None,
            _FAR_NOTE: self._cubes.too_far(self._cubes.lattice.to_index(cube.clicks.points_mm)),
            _SCALE_NOTE: not self._is_scaled(cube.starts),
            cut_off: not cube.ends,
        }
        return tuple(note for note, true in said.items() if true)


def _positive_first(clicks: Clicks) -> Clicks:
    """The clicks with a positive one at the front: there is nothing yet to take away from."""
    first = int(np.argmax(clicks.positive))
    order = [first, *(i for i in range(len(clicks.positive)) if i != first)]
    return clicks.only(order)
