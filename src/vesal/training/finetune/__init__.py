"""A published model, and a user's few scans, to a model of the user's own."""

from vesal.training.finetune.card import Tuned
from vesal.training.finetune.plan import KEEP, Wishes
from vesal.training.finetune.run import finetune

__all__ = ["KEEP", "Tuned", "Wishes", "finetune"]
