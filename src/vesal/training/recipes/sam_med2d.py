"""SAM-Med2D, from SAM's ViT-B on SA-Med2D-20M (Cheng et al. 2023)."""

from vesal.models.zoo import PUBLISHED
from vesal.training.lessons.sam_med2d import SamMed2D
from vesal.training.recipe import Recipe
from vesal.training.schedule import Schedule
from vesal.training.settings import Settings
from vesal.training.sources.pairs import Pairs
from vesal.training.sources.pictures import Pictures

# The adapters are random at the start and have no scale: they change the network strongly.
MODEL = PUBLISHED["sam-med2d"]

LESSON = SamMed2D()
"""`SamMed2D(joint=True)` has the losses of the published code."""

START = "sam-vit-b"
"""Brought from 1024 pixels to 256. The code drops SAM's mask tokens, hypernetworks and scores on
the way; vesal keeps them."""

PICTURES = 50
"""A batch of each process: the authors' answer in issue 53, on eight A100. The code's default is
2."""

MASKS = 5
"""Drawn from those of each picture, with replacement: 250 prompts a batch."""

SETTINGS = Settings(
    epochs=12.0,  # paper; 15 in the code. Users saw 100 make a model deaf to prompts (issue 25).
    optimiser="adam",
    rate=1e-4,
    # Paper: halved after epochs 7 and 10. In the code after 5 and 10, and off by default.
    schedule=Schedule(kind="steps", milestones=(7 / 12, 10 / 12), gamma=0.5),
    precision="bf16-mixed",  # the code: float32, or apex's O1
)

RECIPE = Recipe(
    name="sam-med2d",
    about="SAM-Med2D: SAM with adapters, on boxes, points and masks at 256 x 256",
    model=MODEL,
    lesson=LESSON,
    data=Pairs(shown=Pictures(family="sam-med2d", batch=PICTURES, masks=MASKS)),
    settings=SETTINGS,
    start=START,
)
