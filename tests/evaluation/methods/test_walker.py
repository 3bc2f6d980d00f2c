"""Tests of vesal.evaluation.methods.walker."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.linalg import spsolve

from vesal.errors import ResourceError
from vesal.evaluation.methods.walker import probability, walker_method
from vesal.evaluation.methods.window import Window
from vesal.geometry import Grid


def seeded(values: np.ndarray) -> Window:
    """A window with a seed in each of two corners."""
    inside, outside = np.zeros(values.shape, np.bool_), np.zeros(values.shape, np.bool_)
    inside[tuple(min(1, n - 1) for n in values.shape)] = outside[(-1,) * values.ndim] = True
    grid = Grid(shape=values.shape, affine=np.eye(values.ndim + 1))
    return Window(grid=grid, values=values, inside=inside, outside=outside)


@pytest.mark.parametrize("shape", [(7, 6), (5, 4, 6), (5, 6, 1)], ids=str)
def test_a_walker_has_the_probabilities_of_an_electric_circuit(shape: tuple[int, ...]) -> None:
    """Kirchhoff's equations on the grid's edges, solved directly."""
    values = np.random.default_rng(2).random(shape).astype(np.float32)
    beta = 5.0
    found = probability(seeded(values), beta)
    numbers = np.arange(values.size).reshape(shape)
    rows, columns, weights = [], [], []
    for axis in range(values.ndim):
        firsts, nexts = range(shape[axis] - 1), range(1, shape[axis])
        a, b = (np.take(numbers, one, axis).ravel() for one in (firsts, nexts))
        steps = values.ravel()[a].astype(float) - values.ravel()[b]
        weight = np.exp(-beta * steps**2 / (10 * values.astype(float).std())) + 1e-10
        rows += [a, b]
        columns += [b, a]
        weights += [weight, weight]
    joined = sparse.csr_matrix(
        (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns)))
    )
    laplacian = (sparse.diags(np.asarray(joined.sum(axis=1)).ravel()) - joined).tocsr()
    seen = seeded(values)
    held = (seen.inside | seen.outside).ravel()
    known = seen.inside.ravel().astype(float)
    inner, border = laplacian[~held][:, ~held], laplacian[~held][:, held]
    known[~held] = spsolve(inner.tocsc(), -border @ known[held])
    np.testing.assert_allclose(found.ravel(), known, atol=5e-3)  # the solver's tolerance


def test_where_there_is_nothing_to_see_only_what_was_clicked_is_inside() -> None:
    """A plain window, one without background, and one that is all seeds."""
    plain = seeded(np.zeros((6, 5), np.float32))
    np.testing.assert_array_equal(probability(plain), plain.inside)
    values = np.random.default_rng(0).random((6, 5)).astype(np.float32)
    seen = seeded(values)
    for outside in (np.zeros((6, 5), np.bool_), ~seen.inside):
        other = replace(seen, outside=outside)
        np.testing.assert_array_equal(probability(other), seen.inside)


def test_without_scikit_image_one_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before any image is looked at."""
    monkeypatch.setitem(sys.modules, "skimage", None)
    with pytest.raises(ResourceError, match=r"pip install 'vesal\[evaluate\]'"):
        walker_method()
