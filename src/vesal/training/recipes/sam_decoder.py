"""The decoder of any SAM on one's own pictures: minutes on a laptop, and little to forget.

No paper's recipe as it stands: SAM's loss and interactive rounds, its optimiser, and a rate that
weights which are already good bear.
"""

from vesal.models.zoo import PUBLISHED
from vesal.training.lessons.sam_decoder import SamDecoder
from vesal.training.recipe import Recipe
from vesal.training.schedule import Schedule
from vesal.training.settings import Settings
from vesal.training.sources.pairs import Pairs
from vesal.training.sources.pictures import Pictures

MODEL = PUBLISHED["sam-vit-b"]
START = "sam-vit-b"

LESSON = SamDecoder(rounds=3)

PICTURES = 2
"""A batch: each costs an encoding, which is nearly all of the time."""

MASKS = 5
"""Prompts a picture, at next to no cost."""

SETTINGS = Settings(
    epochs=20.0,
    optimiser="adamw",
    rate=1e-4,  # an eighth of what SAM begins with from nothing
    weight_decay=0.01,
    schedule=Schedule(kind="cosine", warmup_steps=50),
    clip_norm=1.0,
    precision="32-true",
)

RECIPE = Recipe(
    name="sam-decoder",
    about="SAM's decoder alone, on your own pictures at 1024 x 1024",
    model=MODEL,
    lesson=LESSON,
    data=Pairs(shown=Pictures(family="sam", size=1024, batch=PICTURES, masks=MASKS)),
    settings=SETTINGS,
    start=START,
)
