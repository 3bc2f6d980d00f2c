"""Named, coloured objects on one grid, and the files they are written to."""

from vesal.labels.label_map import LabelMap
from vesal.labels.read import names_in, open_labels
from vesal.labels.segment import Segment

__all__ = ["LabelMap", "Segment", "names_in", "open_labels"]
