"""Images with what is known to be in them: pairs on the disk, whatever their folders look like."""

from vesal.datasets.find import find_pairs
from vesal.datasets.found import Found
from vesal.datasets.likeness import Signature, alike, find_twins, signature
from vesal.datasets.open import open_pair
from vesal.datasets.opened import Opened, Target
from vesal.datasets.pair import LabelFile, Pair, Structure
from vesal.datasets.split import check_split, split_by_patient

__all__ = [
    "Found",
    "LabelFile",
    "Opened",
    "Pair",
    "Signature",
    "Structure",
    "Target",
    "alike",
    "check_split",
    "find_pairs",
    "find_twins",
    "open_pair",
    "signature",
    "split_by_patient",
]
