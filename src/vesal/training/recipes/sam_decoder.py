"""The decoder of any SAM on one's own pictures: minutes on a laptop, and little to forget.

No paper's: the encoder stays as it is, as in the decoder-only tuning that MedSAM's repository
offers beside its own full one; the numbers are its and SAM's where those are known.
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
    rate=1e-4,  # MedSAM; SAM itself falls from 8e-4
    weight_decay=0.01,  # MedSAM
    schedule=Schedule(kind="cosine", warmup_steps=50),
    clip_norm=1.0,
    precision="bf16-mixed",
)
