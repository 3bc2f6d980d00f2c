"""SAM-Med3D's protocol: 1, 3, 5 and 10 points in a volume, whole or cut out round the truth."""

from vesal.evaluation.protocols.protocol import Protocol, Variant
from vesal.evaluation.protocols.rules import error_anywhere, error_centre

_CLICKS = 10

SAM_MED3D = Protocol(
    name="sam-med3d",
    source=(
        "Wang et al., SAM-Med3D, arXiv:2310.15161, and its validation scripts: a first click "
        "anywhere in the object, further ones anywhere in the error. The published scripts cut a "
        "cube of 128 voxels of 1.5 mm out round the box of the true mask, which no user can do: "
        "both that and the whole image, from which a model cuts round the click, are shown side by "
        "side. Masks are scored on the native grid, where what the cube cuts off is missing (old "
        "scripts scored the cube alone, and reported the best of all clicks; that number stands "
        "beside ours under its own name). NSD within 1 mm, as in the published metric."
    ),
    variants=(
        Variant(name="anywhere, whole image", click=error_anywhere, clicks=_CLICKS),
        Variant(
            name="anywhere, cut round the truth",
            click=error_anywhere,
            clicks=_CLICKS,
            view="label cube",
        ),
        Variant(name="error centre, whole image", click=error_centre, clicks=_CLICKS),
        Variant(
            name="error centre, cut round the truth",
            click=error_centre,
            clicks=_CLICKS,
            view="label cube",
        ),
    ),
    reported=(1, 3, 5, 10),
    tolerance_mm=1.0,
)
