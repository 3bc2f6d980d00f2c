"""SAM-Med2D's protocol: on slices, a box, or 1, 3 and 5 points."""

from vesal.evaluation.protocols.protocol import Protocol, Variant
from vesal.evaluation.protocols.rules import error_anywhere, largest_piece_box

SAM_MED2D = Protocol(
    name="sam-med2d",
    source=(
        "Cheng et al., SAM-Med2D, arXiv:2308.16184, and its test script: a box round the largest "
        "piece of the true mask, as it is; or a first point anywhere in the mask and further ones "
        "anywhere in the error, all points so far given each time. Each mask of an image counts "
        "once, at the image's own size. Volumes are taken apart into slices across their largest "
        "spacing, without masks below 0.153 % of the slice (SA-Med2D-20M). Other than in the "
        "script, errors are looked for at the image's size and not at 256 x 256, slices of a "
        "volume share one grey scale (percentiles, not each slice's minimum and maximum), and "
        "draws follow from the names of case and structure."
    ),
    variants=(
        Variant(name="box", first=largest_piece_box, needs="box", view="slices"),
        Variant(name="points", click=error_anywhere, clicks=5, view="slices"),
    ),
    reported=(1, 3, 5),
    tolerance_mm=2.0,
)
