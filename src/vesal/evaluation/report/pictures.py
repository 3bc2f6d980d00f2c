"""Pictures of the best, the median and the worst object of each model, as the contact sheet's."""

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from vesal.evaluation.report.course import Course
from vesal.evaluation.row import Row
from vesal.images.picture import Row as SceneRow
from vesal.images.picture import contact_sheet

Scene = Callable[[Row], SceneRow | None]
"""What the last row of an object looks like; None where it cannot be shown."""

_COLOURS = 256  # of a picture: a third of the bytes
_CAPTION = 22  # letters that fit beside the planes


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A sheet of one model.

    Attributes:
        model: its name.
        variant: which prompts were given.
        text: what is to be seen, for those who do not see it.
        data: a data URL of a PNG.
        width: in pixels.
        height: in pixels.
    """

    model: str
    variant: str
    text: str
    data: str
    width: int
    height: int


def pictures(courses: Sequence[Course], models: Sequence[str], scene: Scene) -> tuple[Picture, ...]:
    """One sheet for each model that has something to show, under its first variant."""
    found = []
    for model in models:
        own = [course for course in courses if course.last.model == model]
        variant = own[0].last.variant if own else ""
        made = _picture([course for course in own if course.last.variant == variant], scene)
        if made is not None:
            found.append(made)
    return tuple(found)


def chosen(courses: Sequence[Course]) -> tuple[tuple[str, Course], ...]:
    """The best, the median and the worst object by last Dice, none twice; equal ones by name."""
    ranked = sorted(courses, key=lambda course: (-course.last.dice, course.key))
    if len(ranked) < 2:
        return tuple(("only object", course) for course in ranked)
    found = [("best", ranked[0]), ("median", ranked[len(ranked) // 2]), ("worst", ranked[-1])]
    return tuple(found if len(ranked) > 2 else found[::2])


def _picture(courses: Sequence[Course], scene: Scene) -> Picture | None:
    rows, said = [], []
    for word, course in chosen(courses):
        row = scene(course.last)
        if row is None:
            continue
        last = course.last
        details = (f"{word}: Dice {last.dice:.2f}", *_details(last))
        rows.append(replace(row, title=_cut(last.object), details=details))
        said.append(f"{word}: {last.object} of {last.case}, Dice {last.dice:.2f}")
    if not rows:
        return None
    last = courses[0].last
    sheet = contact_sheet(rows, title=last.model, notes=[last.variant])
    stream = io.BytesIO()
    sheet.quantize(_COLOURS).save(stream, "png", optimize=True)
    return Picture(
        model=last.model,
        variant=last.variant,
        text="; ".join(said),
        data=f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}",
        width=sheet.width,
        height=sheet.height,
    )


def _details(last: Row) -> tuple[str, ...]:
    """Lines under the title: the case, and what was done."""
    if last.status == "failed":
        return _cut(last.case), "failed"
    return _cut(last.case), f"{last.clicks} click{'' if last.clicks == 1 else 's'}"


def _cut(text: str) -> str:
    """A text that fits beside the planes."""
    return text if len(text) <= _CAPTION else f"{text[: _CAPTION - 3]}..."
