"""Our own protocol for unsteady hands: clicks off the middle, boxes that do not fit."""

from vesal.evaluation.protocols.protocol import Protocol, Variant
from vesal.evaluation.protocols.rules import error_centre, loose_box, near_the_error_centre

_CLICKS = 5
_INSIDE_MM = (2.0, 5.0, 10.0)
_SHARES = (0, 10, 25)  # per cent

ROBUSTNESS = Protocol(
    name="robustness",
    source=(
        "vesal's own. Clicks up to 2, 5 and 10 mm off the middle of the largest error but still in "
        "it, and up to 5 mm off wherever that is, so that some say the wrong thing; boxes of which "
        "each face is moved in or out by up to 10 or 25 % of its extent. What a model loses "
        "against the steady hand is its lack of robustness."
    ),
    variants=(
        Variant(name="steady clicks", click=error_centre, clicks=_CLICKS),
        *(
            Variant(
                name=f"clicks up to {mm:g} mm off",
                click=near_the_error_centre(mm, kept=True),
                clicks=_CLICKS,
            )
            for mm in _INSIDE_MM
        ),
        Variant(
            name="clicks up to 5 mm off, some wrong",
            click=near_the_error_centre(5.0, kept=False),
            clicks=_CLICKS,
        ),
        *(
            Variant(
                name=f"box off by up to {share} %" if share else "tight box",
                first=loose_box(share / 100),
                needs="box",
            )
            for share in _SHARES
        ),
    ),
    reported=(1, 3, 5),
    tolerance_mm=2.0,
)
