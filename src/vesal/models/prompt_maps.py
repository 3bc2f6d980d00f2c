"""Clicks as maps: how near each voxel is to them, in space, in intensity, and along the way.

The way is a geodesic: each step costs its length and the change of intensity it crosses, so that a
click reaches all of its own tissue before it crosses an edge (Criminisi et al., GeoS, 2008).
Nothing here is learned; a network that starts from these maps is a region grower before its first
step.
"""

import torch

from vesal.models.shapes import AnyFeatures, AxisTerm, ClickLabels, ClickPoints, ClickValues

MAPS = 13
"""Channels of `click_maps` for a guide of two intensities."""

_NEAR = 1.0  # voxels of the maps' grid: the click itself
_FAR = 6.0  # its neighbourhood
_WAY = 10.0  # along the way, where a step across an edge counts several voxels
_SOFTNESS = 8.0  # a difference of 1/8 of intensity, whose range is 2, leaves 1/e
EDGE = (20.0, 15.0)
"""Cost of a change by 1 of the linear and of the ranked intensity."""
NOWHERE = 1e4
"""A distance at which nothing is felt."""
SWEEPS = 2
"""There and back along each axis: enough for ways that turn twice along each."""


def guide(intensities: AnyFeatures) -> AnyFeatures:
    """The intensities, and as a last channel the way from the window's faces to each voxel."""
    return torch.cat([intensities, _ways(faces(intensities), intensities)], dim=1)


def faces(intensities: AnyFeatures) -> AnyFeatures:
    """Zero on the window's faces and nowhere near inside; axes of one voxel have none."""
    start = torch.full_like(intensities[:, :1], NOWHERE)
    for axis in range(2, start.ndim):
        if start.shape[axis] > 1:
            start.select(axis, 0).zero_()
            start.select(axis, -1).zero_()
    return start


def click_maps(guided: AnyFeatures, points: ClickPoints, labels: ClickLabels) -> AnyFeatures:
    """Maps in [-1, 1] on the guide's grid, `MAPS` channels: positive before negative clicks.

    Args:
        guided: what `guide` returns.
        points: voxel indices on the guide's grid.
        labels: 1 positive, 0 negative, -1 padding.
    """
    intensities, from_faces = guided[:, :-1], guided[:, -1:]
    squared = nearest(_squared_distances(guided, points), labels)
    clicked = values_at(intensities, points)
    extra = (..., *[None] * (guided.ndim - 2))
    unlike = [(intensities - clicked[:, i][extra]).abs() for i in range(points.shape[1])]
    ways = _ways(seeds(guided, points, labels), intensities)
    return as_maps(squared, nearest(unlike, labels), ways, from_faces)


def as_maps(
    squared: AnyFeatures, unlike: AnyFeatures, ways: AnyFeatures, from_faces: AnyFeatures
) -> AnyFeatures:
    """Distances as the maps of `click_maps`.

    Args:
        squared: to the nearest positive and the nearest negative click, squared.
        unlike: difference of each intensity, to the most alike positive, then negative click.
        ways: along the way from the positive, and from the negative clicks.
        from_faces: along the way from the window's faces.
    """
    inside, outside = ways[:, :1], ways[:, 1:]
    maps = [
        torch.exp(-squared / (2 * _NEAR**2)),
        torch.exp(-squared.sqrt() / _FAR),
        torch.exp(-_SOFTNESS * unlike),
        torch.exp(-ways / _WAY),
        torch.exp(-from_faces / _WAY),
        torch.tanh((outside - inside) / _WAY),  # who is there first
        torch.tanh((from_faces - inside) / _WAY),
    ]
    return torch.cat(maps, dim=1)


def values_at(x: AnyFeatures, points: ClickPoints) -> ClickValues:
    """Channels at the voxel nearest to each point; points outside get the nearest one inside."""
    values = x.flatten(2)  # (batch, channel, voxel)
    flat = _flat_index(x, points)
    return values.gather(2, flat.unsqueeze(1).expand(-1, x.shape[1], -1)).transpose(1, 2)


def nearest(distances: list[AnyFeatures], labels: ClickLabels) -> AnyFeatures:
    """The smallest distance to a positive click, then to a negative one, channel by channel.

    A side without a click is far away everywhere.
    """
    extra = (..., *[None] * (distances[0].ndim - 1))
    sides = []
    for side in (1, 0):
        penalty = torch.where(labels == side, 0.0, NOWHERE)
        found = distances[0] + penalty[:, 0][extra]
        for click, distance in enumerate(distances[1:], start=1):
            found = torch.minimum(found, distance + penalty[:, click][extra])
        sides.append(found)
    return torch.cat(sides, dim=1)


def _squared_distances(x: AnyFeatures, points: ClickPoints) -> list[AnyFeatures]:
    """For each click the squared distance to every voxel, one channel."""
    axes = [torch.arange(n, device=x.device, dtype=x.dtype) for n in x.shape[2:]]
    return [
        _outer_sum([(axis - points[:, click, i, None]).square() for i, axis in enumerate(axes)])
        for click in range(points.shape[1])
    ]


def _outer_sum(terms: list[AxisTerm]) -> AnyFeatures:
    """For each voxel the sum of its terms, one of which is given for each axis; one channel."""
    total = terms[0]
    for term in terms[1:]:
        total = total[..., None] + term[(slice(None), *[None] * (total.ndim - 1))]
    return total[:, None]


def _flat_index(x: AnyFeatures, points: ClickPoints) -> ClickLabels:
    size = points.new_tensor(x.shape[2:])
    index = torch.minimum(points.round().clamp(min=0), size - 1).long()
    flat = index[..., 0]
    for axis in range(1, index.shape[-1]):
        flat = flat * x.shape[2 + axis] + index[..., axis]
    return flat


def seeds(x: AnyFeatures, points: ClickPoints, labels: ClickLabels) -> AnyFeatures:
    """Zero at the clicked voxels and nowhere near elsewhere: a channel a side, positive first."""
    flat = _flat_index(x, points)
    sides = []
    for side in (1, 0):
        start = x.new_full((x.shape[0], x[0, 0].numel()), NOWHERE)
        value = torch.where(labels == side, 0.0, NOWHERE).to(x.dtype)
        sides.append(start.scatter_reduce(1, flat, value, "amin").view_as(x[:, :1]))
    return torch.cat(sides, dim=1)


@torch.no_grad()
def _ways(start: AnyFeatures, intensities: AnyFeatures) -> AnyFeatures:
    """The cheapest ways from where ``start`` is zero: sweeps there and back along each axis."""
    found = start.clone()
    weights = intensities.new_tensor(EDGE).view(1, -1, *[1] * (intensities.ndim - 2))
    for _ in range(SWEEPS):
        for axis in range(2, found.ndim):
            change = intensities.diff(dim=axis).abs() * weights
            costs = (1 + change.sum(dim=1, keepdim=True)).unbind(axis)
            layers = found.unbind(axis)  # views: writing to them writes to `found`
            for i, cost in enumerate(costs):
                torch.minimum(layers[i + 1], layers[i] + cost, out=layers[i + 1])
            for i in reversed(range(len(costs))):
                torch.minimum(layers[i], layers[i + 1] + costs[i], out=layers[i])
    return found
