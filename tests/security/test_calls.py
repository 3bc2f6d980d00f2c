"""No source of vesal unpickles, evaluates, calls a shell, or unpacks where it is told to."""

from pathlib import Path

import pytest

import vesal
from tests.security.calls import dangers

PACKAGE = Path(vesal.__file__).parent
MAY = {
    # Wheels that pip fetched for `vesal train mini`; zipfile keeps names inside.
    ("training/corpus.py", "extractall without filter='data'"),
}
"""What is allowed, with its reason. Pipes between vesal's own processes are no files: only the
process that made one can write to it (`workers.py`, `training/loader.py`)."""


def test_no_source_calls_what_runs_or_unpacks_a_strangers_data() -> None:
    """Neither by its full name, nor under another one."""
    sources = sorted(PACKAGE.rglob("*.py"))
    assert len(sources) > 300
    found = {
        (path.relative_to(PACKAGE).as_posix(), reason)
        for path in sources
        for _, reason in dangers(path.read_text(encoding="utf-8"))
    }
    assert found - MAY == set()
    assert MAY - found == set(), "no longer there: take it off the list"


@pytest.mark.parametrize(
    "code",
    [
        "import pickle\npickle.load(f)",
        "import pickle as p\np.loads(b)",
        "from pickle import loads as read\nread(b)",
        "import pickle\nclass A: pass\npickle.Unpickler(f).load()",
        "import torch\ntorch.load(f)",
        "import torch\ntorch.load(f, weights_only=False)",
        "import torch\ntorch.load(f, weights_only=flag)",
        "import torch\ntorch.jit.load(f)",
        "import numpy as np\nnp.load(f)",
        "import numpy as np\nnp.load(f, allow_pickle=True)",
        "from numpy.lib import format\nformat.read_array(f, allow_pickle=True)",
        "import yaml\nyaml.load(f)",
        "import os\nos.system(x)",
        "import subprocess\nsubprocess.run(x, shell=True)",
        "import shutil\nshutil.unpack_archive(x)",
        "eval(x)",
        "exec(x)",
        "__import__(x)",
        "import tarfile\ntarfile.open(x).extractall(y)",
        "import tarfile\nwith tarfile.open(x) as t:\n    t.extractall(y, filter='tar')",
        "import zipfile\nwith zipfile.ZipFile(x) as z:\n    z.extract(y)",
    ],
)
def test_the_search_finds_each_way(code: str) -> None:
    """Or the test above would prove nothing."""
    assert len(list(dangers(code))) == 1


@pytest.mark.parametrize(
    "code",
    [
        "import torch\ntorch.load(f, weights_only=True)",
        "import numpy as np\nnp.load(f, allow_pickle=False)",
        "import yaml\nyaml.safe_load(f)",
        "import json\njson.load(f)",
        "model.eval()",
        "import re\nre.compile(x)",
        "import subprocess\nsubprocess.run([x])",
        "import tarfile\nwith tarfile.open(x) as t:\n    t.extractall(y, filter='data')",
    ],
)
def test_the_search_leaves_the_rest_alone(code: str) -> None:
    """What is safe stays allowed."""
    assert list(dangers(code)) == []
