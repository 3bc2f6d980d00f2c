"""Our own model looks at an object through windows, from several distances and places."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from vesal.geometry.patch import Patch
from vesal.images import Image
from vesal.inference.answer import Answer, memory_of
from vesal.inference.boxes import corners_mm
from vesal.inference.change import asked_for
from vesal.inference.clicks import Clicks
from vesal.inference.encoded import Encoded
from vesal.inference.looks import Look, found_in, steadiness
from vesal.inference.paste import given_logits
from vesal.inference.request import Request
from vesal.inference.store import Shelf
from vesal.inference.viewer import Viewer
from vesal.inference.windows import cut_off, first_view, next_view, view_of_box
from vesal.models.promptable import Promptable
from vesal.models.unet_config import PromptableUNetConfig
from vesal.progress import Progress, silent

_LOOKS = 4
"""Windows in a row at most, each wider or closer than the one before."""

_DISTANCES = (0.5, 1.0, 2.0, 4.0)
"""From which a first click is looked at beside the usual way, in first views."""

# What speaks against another first look, in steadiness: chosen on scans outside the test set.
_WIDER_COST, _CLOSER_COST = 0.06, 0.05  # for each factor e of its voxels' size
_OTHER_COST = 0.03
_CUT_OFF_COST = 0.5

_STEPS = len(_DISTANCES) + 1  # of progress
_REMEMBERED_BYTES = 96 * 2**20
"""Of embeddings: the windows of the last few answers."""


_BOX_NOTE = "box: this model was not trained on boxes; used as window, centre click and limit"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Seen:
    """All windows that count so far, and the clicks that were told."""

    looks: tuple[Look, ...]
    """The later one counts where two overlap."""
    clicks: Clicks
    led: bool = False
    """Whether the first click stands for a box."""


class WindowPredictor:
    """Our own model looking at one image: windows are encoded once and remembered.

    Args:
        image: what is segmented.
        model: the model.
        config: its config.
        shelf: where encoded windows are kept on disk.
    """

    def __init__(
        self,
        image: Image,
        model: Promptable,
        config: PromptableUNetConfig,
        shelf: Shelf | None = None,
    ) -> None:
        self._grid = image.grid
        self._viewer = Viewer(image, model, config, Encoded(model, _REMEMBERED_BYTES, shelf))

    @property
    def held_bytes(self) -> int:
        """Memory that encoded parts of the image take."""
        return self._viewer.held_bytes

    def predict(
        self,
        request: Request,
        *,
        previous: Answer | None = None,
        progress: Progress = silent,
    ) -> Answer:
        """The answer in the windows that fit the object (see `Predictor.predict`).

        The first click is looked at from several distances, and the steadiest look counts. A
        further click in sight is told to the window that shows it; one out of sight is looked at
        both ways, in a window of its own laid over the others and in one that holds all clicks,
        and again the steadier counts.
        """
        last = memory_of(previous, _Seen) or self._given(previous)
        box = request.box
        led = last.led if last is not None else not request.clicks.positive.any()
        clicks = request.clicks.led_by(box) if led and box is not None else request.clicks

        def report(done: int) -> None:
            progress(done, _STEPS, "looking at the object")

        report(0)
        looks: tuple[Look, ...]
        if box is not None:
            view = view_of_box(self._grid, corners_mm(box), self._viewer.side)
            looks = (self._viewer.look(view, clicks, last.looks if last is not None else ()),)
        elif last is None:
            looks = (self._first(clicks, report),)
        else:
            looks = self._further(last, clicks, report)
        looks = (*looks[:-1], self._viewer.drawn(looks[-1], clicks))
        report(_STEPS)
        told = replace(request, clicks=clicks)
        said = _news(clicks, last.clicks) if last is not None else None
        return Answer(
            mask=self._mask(looks, told, previous.mask if previous is not None else None, said),
            memory=_Seen(looks=looks, clicks=clicks, led=led and box is not None),
            notes=request.notes if box is None else (*request.notes, _BOX_NOTE),
            evidence=tuple(look.evidence(self._grid) for look in looks),
        )

    def _first(self, clicks: Clicks, report: Callable[[int], None]) -> Look:
        """The steadiest of looks from several distances; one much wider must be much steadier."""
        start = self._viewer.start(clicks)
        fitted = self._fitted(self._viewer.look(start, clicks, ()), clicks)
        usual_mm = fitted.view.spacing_mm
        best, most = fitted, self._merit(fitted, clicks, usual_mm)
        for step, factor in enumerate(_DISTANCES, 1):
            report(step)
            view = self._viewer.first(clicks, factor)
            look = self._viewer.look(view, clicks, ())
            merit = self._merit(look, clicks, usual_mm) - _OTHER_COST
            if merit > most:
                best, most = look, merit
        return best if best is fitted else self._fitted(best, clicks)

    def _merit(self, look: Look, clicks: Clicks, usual_mm: float) -> float:
        window = look.view.grid(self._grid)
        mask = clicks.joined(look.logits > 0, window)
        away = math.log(look.view.spacing_mm / usual_mm)
        merit = steadiness((look,), clicks, self._grid)
        merit -= _WIDER_COST * away if away > 0 else -_CLOSER_COST * away
        merit -= _CUT_OFF_COST * cut_off(self._grid, window, mask)
        nothing = np.count_nonzero(mask) <= len(clicks.positive) + 1
        return merit - 1.0 if nothing else merit

    def _further(
        self, last: _Seen, clicks: Clicks, report: Callable[[int], None]
    ) -> tuple[Look, ...]:
        """The windows after more was said."""
        new = _news(clicks, last.clicks) or clicks
        showing = [
            look
            for look in last.looks
            if len(new.in_sight(look.view.grid(self._grid)).positive) == len(new.positive)
        ]
        if showing:
            chosen = showing[-1]
            others = tuple(look for look in last.looks if look is not chosen)
            look = self._viewer.look(chosen.view, clicks, last.looks)
            return (*others, look if others else self._fitted(look, clicks))
        own_view = replace(self._viewer.start(new), spacing_mm=last.looks[-1].view.spacing_mm)
        report(1)
        own = (*last.looks, self._fitted(self._viewer.look(own_view, clicks, last.looks), new))
        report(2)
        wide_view = first_view(self._grid, clicks.points_mm, self._viewer.side)
        wide = (self._fitted(self._viewer.look(wide_view, clicks, last.looks), clicks),)
        return max(own, wide, key=lambda looks: steadiness(looks, clicks, self._grid))

    def _fitted(self, look: Look, clicks: Clicks) -> Look:
        """A look that goes wider or closer until the object fills its window well."""
        seen = [look.view]
        while len(seen) < _LOOKS:
            window = look.view.grid(self._grid)
            shown = clicks.in_sight(window)
            mask = shown.joined(look.logits > 0, window)
            better = next_view(self._grid, look.view, mask, shown.points_mm)
            if better is None or any(better.resembles(old) for old in seen):
                break
            look = self._viewer.look(better, clicks, (look,))
            seen.append(better)
        return look

    def _mask(
        self,
        looks: tuple[Look, ...],
        request: Request,
        old: Patch | None = None,
        said: Clicks | None = None,
    ) -> Patch:
        """What was found, kept to all that was said.

        Of an old mask only what was asked for is changed. What is not joined to a positive click or
        to what was drawn is left out.
        """
        found = found_in(looks, self._grid)
        if old is not None and said is not None:
            found = asked_for(old, found, said, self._grid)
        return request.settled(found.array(), found.start, self._grid, joined=True)

    def _given(self, previous: Answer | None) -> _Seen | None:
        """A mask that no window of ours made, as if one had: in a window that it fills."""
        if previous is None or previous.mask.is_empty:
            return None
        patch = previous.mask
        ends = self._grid.to_world(np.array([patch.start, patch.stop], np.float64) - [[0], [1]])
        view = view_of_box(self._grid, ends, self._viewer.side)
        logits = given_logits(patch, self._grid, view.grid(self._grid))
        return _Seen(looks=(Look(logits=logits, view=view),), clicks=Clicks.none(self._grid.ndim))


def _news(clicks: Clicks, told: Clicks | None) -> Clicks | None:
    """The clicks that were not told yet; None if the others were not told so, or there is none."""
    if told is None or not clicks.begins_with(told):
        return None
    new = clicks.only(slice(len(told.positive), None))
    return new if len(new.positive) else None
