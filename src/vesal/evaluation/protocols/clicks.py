"""Our own protocol: what a user meets who clicks on a scan until the mask is right."""

from vesal.evaluation.protocols.protocol import Protocol, Variant
from vesal.evaluation.protocols.rules import error_centre

CLICKS = Protocol(
    name="clicks",
    source=(
        "vesal's own. The whole image is shown, nothing is cut out round the true mask. The first "
        "click is the voxel deepest in the object, each further one deepest in what is wrong, by "
        "distance in mm (as in the CVPR 2025 challenge, but with false positives and false "
        "negatives kept apart). The mask after the click counts, never the best one of several."
    ),
    variants=(Variant(name="error centre", click=error_centre, clicks=10),),
    reported=(1, 3, 5, 10),
    tolerance_mm=2.0,
)
