"""The model's answer drawn to the edges that the image has, by a random walker with a prior."""

from collections.abc import Sequence

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import cg

from vesal.arrays import Intensities, Resampled

# Chosen on scans outside the test set, see docs/vesal-mini.md.
_CONTRAST = 200.0
"""How soon a step between neighbours counts as an edge: per squared step, in deviations."""
_TRUST = 0.1
"""In the model, against 1 for a neighbour that looks the same."""

_LEAST_WEIGHT = 1e-4  # of an edge: nothing is cut off altogether
_SEED_TRUST = 10.0
_STEPS, _TOLERANCE = 80, 1e-4
_LEAST_SHARE = 1e-4  # and at most 1 less it: logits stay finite


def drawn_to_edges(
    logits: Intensities, image: Intensities, clicks: Sequence[tuple[tuple[int, ...], bool]]
) -> Resampled:
    """The logits of a random walker that takes a model's for its prior.

    Minimises the sum, over neighbours, of ``exp(-contrast * step**2)`` times the squared
    difference of their probabilities, and over voxels, of the squared difference from the model's:
    L. Grady, Multilabel random walker image segmentation using prior models, CVPR 2005.

    Args:
        logits: of a window; above 0 is inside.
        image: the window's intensities, in any unit.
        clicks: voxels of the window, and whether the object has them.
    """
    scaled = image / max(float(image.std()), 1e-6)
    share = 1 / (1 + np.exp(-logits.astype(np.float64)))
    trust = np.full(share.shape, _TRUST)
    for voxel, positive in clicks:
        share[voxel], trust[voxel] = positive, _SEED_TRUST
    matrix = _laplacian(scaled) + sparse.diags(trust.ravel())
    step = sparse.diags(1 / matrix.diagonal())
    wanted = (trust * share).ravel()
    found, _ = cg(matrix, wanted, share.ravel(), rtol=_TOLERANCE, maxiter=_STEPS, M=step)
    kept = np.clip(found.reshape(share.shape), _LEAST_SHARE, 1 - _LEAST_SHARE)
    return np.asarray(np.log(kept / (1 - kept)), np.float32)


def _laplacian(image: Intensities) -> sparse.dia_matrix:
    """Of the graph of neighbouring voxels, weighted by how alike they are."""
    sizes, size = image.shape, image.size
    degree = np.zeros(sizes)
    bands, offsets = [], []
    for axis in range(image.ndim):
        steps = np.diff(image.astype(np.float64), axis=axis)
        weights = np.exp(-_CONTRAST * steps**2) + _LEAST_WEIGHT
        ends = [(0, 0)] * image.ndim
        ends[axis] = (0, 1)
        onwards = np.pad(weights, ends)
        ends[axis] = (1, 0)
        degree += onwards + np.pad(weights, ends)
        offset = int(np.prod(sizes[axis + 1 :], dtype=np.int64))
        if sizes[axis] > 1:
            bands.append(-onwards.ravel())
            offsets.append(offset)
    upper = [np.roll(band, offset) for band, offset in zip(bands, offsets, strict=True)]
    return sparse.dia_matrix(
        (np.stack([degree.ravel(), *bands, *upper]), [0, *(-o for o in offsets), *offsets]),
        shape=(size, size),
    )
