"""A place that may only be read is told in one sentence, by whoever was to write there."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.cohort.many import small_cohort
from tests.evaluation.test_results import RESULT
from tests.fakes import BrightModel
from tests.faults.disks import all_of, make_read_only, small_disk
from tests.grids import UGLY, speckle
from tests.session.small import new_session
from vesal.cohort.prompt_file import read_cases
from vesal.cohort.run import run
from vesal.cohort.settings import Settings
from vesal.curation.journal import Journal
from vesal.errors import ResourceError
from vesal.evaluation.results import Results
from vesal.export.write import prepare
from vesal.images import Mask
from vesal.images.source import Source
from vesal.server.monai.label_store import FINAL, LabelStore
from vesal.server.scans import Scans
from vesal.server.limits import Limits
from vesal.training.state import alone
