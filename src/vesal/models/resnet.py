"""A ResNet of 34 or 50 layers without its classifier (He et al., 2016), in 2D or 3D.

The layers are those of torchvision, whose ImageNet weights fit after their names are changed: in
the bottleneck of 50 layers the stride sits in the middle convolution.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from vesal.models import nd
from vesal.models.shapes import AnyFeatures, Images

_COUNTS = (3, 4, 6, 3)
_WIDTHS = (64, 128, 256, 512)
_STEM = 64
_BOTTLENECK = 50  # layers from which on the blocks are bottlenecks
_EXPANSION = 4


class ResNet(nn.Module):
    """Features at 1/4, 1/8, 1/16 and 1/32 of the image's resolution."""

    def __init__(self, ndim: int, depth: int, channels: int) -> None:
        super().__init__()
        self.stage0 = nn.Sequential(
            nd.conv(ndim, channels, _STEM, 7, stride=2, bias=False),
            nd.batch_norm(ndim, _STEM),
            nn.ReLU(),
            nd.max_pool(ndim, 3, 2),
        )
        inputs = _STEM
        outputs = stage_channels(depth)
        for stage, (count, width, out) in enumerate(
            zip(_COUNTS, _WIDTHS, outputs, strict=True), start=1
        ):
            strides = [1 if stage == 1 else 2] + [1] * (count - 1)
            blocks = []
            for stride in strides:
                blocks.append(ResidualBlock(ndim, (inputs, width, out), stride))
                inputs = out
            setattr(self, f"stage{stage}", nn.Sequential(*blocks))

    def forward(self, image: Images) -> tuple[AnyFeatures, ...]:
        """The output of each of the four stages."""
        x = self.stage0(image)
        out = []
        for stage in range(1, len(_COUNTS) + 1):
            x = getattr(self, f"stage{stage}")(x)
            out.append(x)
        return tuple(out)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions, or 1x1, 3x3, 1x1 where the output is wider than the block."""

    def __init__(self, ndim: int, channels: Sequence[int], stride: int) -> None:
        super().__init__()
        inputs, width, outputs = channels
        wide = outputs != width
        layers = [(width, 1, 1), (width, 3, stride), (outputs, 1, 1)]
        if not wide:
            layers = [(width, 3, stride), (outputs, 3, 1)]
        self.count = len(layers)
        previous = inputs
        for i, (out, kernel, step) in enumerate(layers, start=1):
            setattr(self, f"conv{i}", nd.conv(ndim, previous, out, kernel, step, bias=False))
            setattr(self, f"bn{i}", nd.batch_norm(ndim, out))
            previous = out
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nd.conv(ndim, inputs, outputs, 1, stride, bias=False),
                nd.batch_norm(ndim, outputs),
            )

    def forward(self, x: AnyFeatures) -> AnyFeatures:
        """The block around its shortcut."""
        out = x
        for i in range(1, self.count + 1):
            out = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(out))
            if i < self.count:
                out = nn.functional.relu(out)
        total: Tensor = nn.functional.relu(out + self.downsample(x))
        return total


def stage_channels(depth: int) -> tuple[int, ...]:
    """Channels after each stage."""
    factor = _EXPANSION if depth >= _BOTTLENECK else 1
    return tuple(factor * width for width in _WIDTHS)
