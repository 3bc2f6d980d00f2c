"""Layers for two or three space axes: the only file that tells the two apart."""

from itertools import product

import torch
from torch import Tensor, nn

from vesal.models.shapes import AnyFeatures, Kernel, Tokens

_CONVOLUTIONS: dict[int, type[nn.Conv2d] | type[nn.Conv3d]] = {2: nn.Conv2d, 3: nn.Conv3d}
_TRANSPOSED: dict[int, type[nn.ConvTranspose2d] | type[nn.ConvTranspose3d]] = {
    2: nn.ConvTranspose2d,
    3: nn.ConvTranspose3d,
}
_BATCH_NORMS: dict[int, type[nn.BatchNorm2d] | type[nn.BatchNorm3d]] = {
    2: nn.BatchNorm2d,
    3: nn.BatchNorm3d,
}
_POOLS: dict[int, type[nn.MaxPool2d] | type[nn.MaxPool3d]] = {2: nn.MaxPool2d, 3: nn.MaxPool3d}
_THIN = 2  # voxels along an axis
_INTERPOLATIONS = {2: "bilinear", 3: "trilinear"}


def conv(
    ndim: int, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, *, bias: bool = True
) -> nn.Conv2d | nn.Conv3d:
    """A convolution that keeps the size (before the stride) for odd kernels."""
    return _CONVOLUTIONS[ndim](
        inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=bias
    )


def blocks(
    ndim: int, inputs: int, outputs: int, kernel: int, *, bias: bool = True
) -> nn.Conv2d | nn.Conv3d:
    """A convolution whose kernels lie side by side: each block of voxels becomes one."""
    return _CONVOLUTIONS[ndim](inputs, outputs, kernel, stride=kernel, bias=bias)


def doubling(
    ndim: int, inputs: int, outputs: int, kernel: int = 2, *, bias: bool = True
) -> nn.ConvTranspose2d | nn.ConvTranspose3d:
    """A transposed convolution that doubles the size, for even kernels."""
    return _TRANSPOSED[ndim](
        inputs, outputs, kernel, stride=2, padding=(kernel - 2) // 2, bias=bias
    )


def downsampled(layer: nn.Module, x: AnyFeatures) -> AnyFeatures:
    """A convolution of stride 2, in single precision where a slice would have it in bfloat16.

    There torch 2.13's gradients on CPUs with AMX are wrong: another direction, or NaN.
    """
    thin = min(x.shape[2:]) <= _THIN
    if not thin or not torch.is_autocast_enabled(x.device.type):
        out: Tensor = layer(x)
        return out
    with torch.autocast(x.device.type, enabled=False):
        single: Tensor = layer(x.float())
        return single


def strided(x: AnyFeatures, weight: Kernel) -> AnyFeatures:
    """A convolution of stride 2, kernel 3, padding 1, without a bias.

    In 2D as one product of gathered columns: on a CPU twice as fast as the convolution, whose
    layouts are changed there and back (docs/speed.md).
    """
    if x.ndim != 4:
        return nn.functional.conv3d(x, weight, stride=2, padding=1)
    columns = nn.functional.unfold(x, 3, stride=2, padding=1)
    out = torch.matmul(weight.flatten(1), columns)
    return out.reshape(x.shape[0], -1, *[(n + 1) // 2 for n in x.shape[2:]])


def spread(x: AnyFeatures, weight: Kernel) -> AnyFeatures:
    """A transposed convolution of stride 2, kernel 4, padding 1, without a bias.

    In 2D as one product whose columns are summed where they fall: twice as fast.
    """
    if x.ndim != 4:
        return nn.functional.conv_transpose3d(x, weight, stride=2, padding=1)
    columns = torch.matmul(weight.flatten(1).T, x.flatten(2))
    rows, across = x.shape[2:]
    return nn.functional.fold(columns, (2 * rows, 2 * across), 4, stride=2, padding=1)


def batch_norm(ndim: int, channels: int) -> nn.Module:
    """Normalisation by the statistics of training batches."""
    return _BATCH_NORMS[ndim](channels)


def max_pool(ndim: int, kernel: int, stride: int) -> nn.Module:
    """The largest value under a kernel."""
    return _POOLS[ndim](kernel, stride=stride, padding=kernel // 2)


class ChannelNorm(nn.Module):
    """Normalisation over the channels at each voxel, as SAM has it between convolutions."""

    def __init__(self, channels: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.eps = eps

    def forward(self, x: AnyFeatures) -> AnyFeatures:
        """``x`` with mean 0 and variance 1 over channels, then weighted and shifted."""
        last = nn.functional.layer_norm(
            x.movedim(1, -1), self.weight.shape, self.weight, self.bias, self.eps
        )
        return last.movedim(-1, 1)


def patches(x: AnyFeatures, side: int) -> Tokens:
    """Each block of ``side`` voxels an axis as one token.

    ``(batch, channel, *space)`` becomes ``(batch, *(space / side), channel * side**ndim)``, values
    in the order of a convolution's kernel.
    """
    batch, channels, *space = x.shape
    ndim = len(space)
    split = [part for n in space for part in (n // side, side)]
    outer = [2 + 2 * axis for axis in range(ndim)]
    inner = [3 + 2 * axis for axis in range(ndim)]
    x = x.reshape(batch, channels, *split).permute(0, *outer, 1, *inner)
    return x.reshape(batch, *[n // side for n in space], channels * side**ndim)


def resized(x: AnyFeatures, size: tuple[int, ...]) -> AnyFeatures:
    """``x`` interpolated linearly to ``size``, voxel faces aligned."""
    mode = _INTERPOLATIONS[x.ndim - 2]
    return nn.functional.interpolate(x, size=size, mode=mode, align_corners=False)


def pooled(x: AnyFeatures, size: tuple[int, ...]) -> AnyFeatures:
    """``x`` averaged over blocks to ``size``; blocks share voxels where sizes do not divide."""
    if x.ndim - 2 == 3:
        first, second, third = size
        return nn.functional.adaptive_avg_pool3d(x, (first, second, third))
    rows, columns = size
    return nn.functional.adaptive_avg_pool2d(x, (rows, columns))


def halved(x: AnyFeatures) -> AnyFeatures:
    """``x`` averaged over blocks of 2 voxels an axis: `pooled` in a form that exports to ONNX."""
    if x.ndim - 2 == 3:
        return nn.functional.avg_pool3d(x, 2)
    return nn.functional.avg_pool2d(x, 2)


def fold(x: AnyFeatures) -> AnyFeatures:
    """Each block of 2 voxels an axis as channels.

    ``(batch, channel, 2n, ...)`` becomes ``(batch, 2**ndim * channel, n, ...)``, corners outermost.
    """
    return torch.cat([x[corner] for corner in _corners(x.ndim - 2)], dim=1)


def unfold(x: AnyFeatures) -> AnyFeatures:
    """The inverse of `fold`."""
    ndim = x.ndim - 2
    parts = x.chunk(2**ndim, dim=1)
    size = [2 * n for n in x.shape[2:]]
    out = x.new_empty((x.shape[0], parts[0].shape[1], *size))
    for corner, part in zip(_corners(ndim), parts, strict=True):
        out[corner] = part
    return out


def fast_layout(x: Tensor) -> Tensor:
    """``x`` with channels innermost in memory: two to three times faster convolutions on a CPU."""
    layouts = {4: torch.channels_last, 5: torch.channels_last_3d}
    layout = layouts.get(x.ndim)
    return x if layout is None else x.contiguous(memory_format=layout)


def _corners(ndim: int) -> list[tuple[slice, ...]]:
    """One index for each corner of a block: all batches and channels, every second voxel."""
    everything = slice(None)
    return [
        (everything, everything, *(slice(start, None, 2) for start in starts))
        for starts in product((0, 1), repeat=ndim)
    ]
