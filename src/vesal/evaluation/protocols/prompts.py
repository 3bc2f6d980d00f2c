"""Our own protocol for kinds of prompts: box, scribble, lasso or click first, then clicks."""

from vesal.evaluation.protocols.protocol import Protocol, Variant
from vesal.evaluation.protocols.rules import (
    drawn_lasso,
    drawn_scribble,
    error_centre,
    loose_box,
)

_CLICKS = 5

PROMPTS = Protocol(
    name="prompts",
    source=(
        "vesal's own. The same objects begun with a click in their middle, with a tight box, with "
        "a line drawn along their middle on the largest slice, or with a closed line round them "
        "there (kinds and manner of ScribblePrompt, Wong et al. 2024, one stroke each); then "
        "clicks in the middle of the largest error; and scribbles alone. The whole image is shown."
    ),
    variants=(
        Variant(name="clicks", click=error_centre, clicks=_CLICKS),
        Variant(
            name="box, then clicks",
            first=loose_box(0.0),
            click=error_centre,
            clicks=_CLICKS,
            needs="box",
        ),
        Variant(
            name="scribble, then clicks",
            first=drawn_scribble,
            click=error_centre,
            clicks=_CLICKS,
            needs="scribble",
        ),
        Variant(
            name="lasso, then clicks",
            first=drawn_lasso,
            click=error_centre,
            clicks=_CLICKS,
            needs="lasso",
        ),
        Variant(name="scribbles", click=drawn_scribble, clicks=_CLICKS, needs="scribble"),
    ),
    reported=(1, 3, 5),
    tolerance_mm=2.0,
)
