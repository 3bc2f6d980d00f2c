"""The decoder of any SAM on one's own pictures: minutes on a laptop, and little to forget.

No paper's recipe as it stands: SAM's loss and interactive rounds, its optimiser, and a rate that
weights which are already good bear.
"""

from vesal.models.zoo import PUBLISHED
from vesal.training.lessons.sam_decoder import SamDecoder
from vesal.training.schedule import Schedule
from vesal.training.settings import Settings

MODEL = PUBLISHED["sam-vit-b"]
START = "sam-vit-b"

LESSON = SamDecoder(rounds=3)

PICTURES = 2
"""A batch: each costs an encoding, which is nearly all of the time."""

MASKS = 5
"""Prompts a picture, at next to no cost."""

SETTINGS = Settings(
    epochs=20,
    optimiser="adamw",
    rate=1e-4,  # an eighth of what SAM begins with from nothing
    weight_decay=0.01,
    schedule=Schedule(kind="cosine", warmup_steps=50),
    clip_norm=1.0,
    precision="32-true",
)
