"""Plays the challenge's protocol: all objects of an image in turns, on one label map."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from vesal.arrays import LabelArray, MaskArray
from vesal.datasets.challenge import read_case
from vesal.datasets.opened import Opened, Target
from vesal.evaluation.item import Item
from vesal.evaluation.method import Method, Trial
from vesal.evaluation.play import said_of, with_score
from vesal.evaluation.protocols.challenge import ROUNDS, RoundScore, round_score
from vesal.evaluation.protocols.protocol import Protocol
from vesal.evaluation.results import Found, Result
from vesal.evaluation.row import Row
from vesal.evaluation.score import score
from vesal.evaluation.usage import measuring
from vesal.evaluation.user import Said, generator_for, said_click
