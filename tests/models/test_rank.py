"""Tests of vesal.models.rank."""

import numpy as np
import pytest
import torch

from vesal.inference import appearance
from vesal.models.rank import linear_and_rank


@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(0).normal(30, 200, (33, 31, 29)),
        np.random.default_rng(1).integers(0, 4, (16, 18, 20)) * 100.0,  # many ties
        np.random.default_rng(2).exponential(1, (40, 50)).round(1),
        np.where(np.arange(8000).reshape(20, 20, 20) == 77, 5.0, 0.0),  # one voxel stands out
        np.full((6, 5, 4), 3.0),
    ],
    ids=["noise", "ties", "slice", "nearly constant", "constant"],
)
def test_batches_are_shown_as_single_windows_are(values: np.ndarray) -> None:
    """One rule in two libraries: the encoder was trained on NumPy's."""
    window = values.astype(np.float32)
    batch = torch.from_numpy(np.stack([window, window[::-1].copy()])[:, None])
    ours = linear_and_rank(batch).numpy()
    for shown, one in zip(ours, (window, window[::-1]), strict=True):
        np.testing.assert_allclose(shown, appearance.linear_and_rank(one), atol=2e-4)
