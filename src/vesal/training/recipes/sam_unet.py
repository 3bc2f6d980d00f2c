"""SAM-UNet, from SAM's ViT-B and an ImageNet ResNet on SA-Med2D-16M (Yang et al. 2024).

Of its two scripts this is the one for several GPUs, whose numbers follow; the one for a single GPU
starts from random weights and freezes the random ViT.
"""

from vesal.models.zoo import PUBLISHED
from vesal.training.lessons.sam_unet import SamUNet
from vesal.training.recipe import Recipe
from vesal.training.schedule import Schedule
from vesal.training.settings import Settings
from vesal.training.sources.pairs import Pairs
from vesal.training.sources.pictures import Pictures

MODEL = PUBLISHED["sam-unet-34"]

LESSON = SamUNet()
"""`SamUNet(joint=True)` has the published Dice; `point_share` and `mask_rounds` train the rest of
the prompt encoder, too."""

START = "sam-unet-34"
"""Assembled of SAM's ViT-B and ImageNet's ResNet-34 by `vesal weights assemble`."""

PICTURES = 50
"""A batch of each of four processes."""

MASKS = 5
"""Drawn from those of each picture, with replacement."""

SETTINGS = Settings(
    epochs=12.0,  # 15 in the script for one GPU
    optimiser="adam",
    rate=1e-4,  # of all that learns
    schedule=Schedule(kind="steps", milestones=(5 / 12, 10 / 12), gamma=0.5),  # epochs 5 and 10
    precision="32-true",
)

RECIPE = Recipe(
    name="sam-unet",
    about="SAM-UNet: a frozen ViT, a ResNet beside it, masks at several scales",
    model=MODEL,
    lesson=LESSON,
    data=Pairs(shown=Pictures(family="sam-unet", batch=PICTURES, masks=MASKS)),
    settings=SETTINGS,
    start=START,
)
