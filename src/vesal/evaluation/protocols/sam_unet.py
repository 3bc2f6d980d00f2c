"""SAM-UNet's protocol: on slices, one box."""

from vesal.evaluation.protocols.protocol import Protocol, Variant
from vesal.evaluation.protocols.rules import largest_piece_box

SAM_UNET = Protocol(
    name="sam-unet",
    source=(
        "Yang et al., SAM-UNet, arXiv:2408.09886v1, and its test scripts: the box round the "
        "largest piece of the true mask, as it is; IoU and Dice at the image's own size; results "
        "by modality, seen and unseen. The mean over masks and the mean over modalities stand side "
        "by side, as the former is that of the largest modality. Other than in the scripts every "
        "mask counts, not the last of each batch. Volumes are taken apart into slices as for "
        "sam-med2d."
    ),
    variants=(Variant(name="box", first=largest_piece_box, needs="box", view="slices"),),
    reported=(1,),
    tolerance_mm=2.0,
)
