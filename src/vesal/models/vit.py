"""SAM's image encoder: a Vision Transformer with local and a few global blocks, in 2D or 3D.

Segment Anything (Kirillov et al., 2023), section 3 and appendix A; with SAM-Med2D's adapters where
the config asks for them. Tokens keep their channels last throughout.
"""

from itertools import product

import torch
from torch import Tensor, nn

from vesal.models import nd
from vesal.models.relative import as_published_in_3d, attend, attend_in_parts, decomposed
from vesal.models.sam_config import SamConfig
from vesal.models.shapes import AnyFeatures, Images, Tokens, WindowHeads

_AXES = "dhw"  # the names of the references: the last two of a picture, all three of a volume
_EPS = 1e-6
_MLP_RATIO = 4
_ADAPTER_SHRINK = 4


class ImageEncoder(nn.Module):
    """Patches to tokens, blocks of attention, and a neck to the embedding's channels."""

    def __init__(self, config: SamConfig) -> None:
        super().__init__()
        ndim, width, out = config.ndim, config.width, config.prompt_width
        self.config = config
        self.pos_embed = nn.Parameter(torch.zeros(1, *[config.grid] * ndim, width))
        self.patch_embed = PatchEmbed(ndim, config.image_channels, width, config.patch)
        self.blocks = nn.ModuleList(Block(config, i) for i in range(config.depth))
        self.neck = nn.Sequential(
            nd.conv(ndim, width, out, 1, bias=False),
            nd.ChannelNorm(out),
            nd.conv(ndim, out, out, 3, bias=False),
            nd.ChannelNorm(out),
        )

    def forward(
        self, image: Images, added: tuple[Tokens, ...] = ()
    ) -> tuple[AnyFeatures, tuple[Tokens, ...]]:
        """The embedding ``(batch, channel, *grid)``, and the tokens after each global block.

        Args:
            image: ``(batch, channel, *space)`` of exactly the config's size, normalised.
            added: what is added to the tokens before each global block, if anything.
        """
        x = self.patch_embed(image) + self.pos_embed
        seen: list[Tensor] = []
        for i, block in enumerate(self.blocks):
            is_global = i in self.config.global_blocks
            if is_global and added:
                x = x + added[len(seen)]
            x = block(x)
            if is_global:
                seen.append(x)
        return self.neck(x.movedim(-1, 1)), tuple(seen)


class PatchEmbed(nn.Module):
    """A token for each block of voxels: a convolution without overlap, done as one product."""

    def __init__(self, ndim: int, channels: int, width: int, side: int) -> None:
        super().__init__()
        self.proj = nd.blocks(ndim, channels, width, side)

    def forward(self, image: Images) -> Tokens:
        """``(batch, *grid, width)``."""
        side = self.proj.kernel_size[0]
        weight = self.proj.weight.flatten(1)
        return nn.functional.linear(nd.patches(image, side), weight, self.proj.bias)


class Block(nn.Module):
    """Attention, then an MLP, each around a shortcut."""

    def __init__(self, config: SamConfig, index: int) -> None:
        super().__init__()
        width = config.width
        self.norm1 = nn.LayerNorm(width, eps=_EPS)
        self.attn = Attention(config, is_global=index in config.global_blocks)
        self.norm2 = nn.LayerNorm(width, eps=_EPS)
        self.mlp = Mlp(width, _MLP_RATIO * width)
        if config.adapters:
            self.Adapter = Adapter(config.ndim, width)

    def forward(self, x: Tokens) -> Tokens:
        """The tokens after attention and MLP."""
        x = x + self.attn(self.norm1(x))
        normed = self.norm2(x)
        out: Tensor = x + self.mlp(normed)
        if hasattr(self, "Adapter"):
            # Beside the MLP: the paper draws it after the attention, its weights were trained here.
            out = out + self.Adapter(normed)
        return out


class Mlp(nn.Module):
    """Two linear layers around a GELU."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.lin1 = nn.Linear(width, hidden)
        self.lin2 = nn.Linear(hidden, width)

    def forward(self, x: Tokens) -> Tokens:
        """The tokens, each on its own."""
        out: Tensor = self.lin2(nn.functional.gelu(self.lin1(x)))
        return out


class Attention(nn.Module):
    """Multi-head self-attention with relative positions, in windows or over the whole grid."""

    def __init__(self, config: SamConfig, *, is_global: bool) -> None:
        super().__init__()
        self.heads = config.heads
        self.window = config.grid if is_global else config.window
        self.published_rule = config.relative_positions == "sam-med3d"
        self.qkv = nn.Linear(config.width, 3 * config.width)
        self.proj = nn.Linear(config.width, config.width)
        self.axes = [f"rel_pos_{name}" for name in _AXES[-config.ndim :]]
        for name in self.axes:
            table = torch.zeros(2 * self.window - 1, config.width // config.heads)
            self.register_parameter(name, nn.Parameter(table))

    def forward(self, x: Tokens) -> Tokens:
        """The tokens after attention; each axis is cut into windows, the last one maybe partial."""
        grid = tuple(x.shape[1:-1])
        qkv = self.qkv(x).reshape(*x.shape[:-1], 3, self.heads, -1)
        out = torch.empty_like(x)
        for part in product(*[_parts(n, self.window) for n in grid]):
            sides = [min(self.window, s.stop - s.start) for s in part]
            index = (slice(None), *part)
            windows = _split(qkv[index], sides)  # (3, batch, head, *sides, channel)
            out[index] = _join(self._within(windows), x.shape[0], part)
        result: Tensor = self.proj(out)
        return result

    def _within(self, qkv: Tensor) -> WindowHeads:
        """Attention inside windows of equal size, ``(window, head, *sides, channel)``."""
        q, k, v = qkv.unbind(0)
        tables = [getattr(self, name) for name in self.axes]
        q_bias, k_bias, v_bias = self.qkv.bias.reshape(3, self.heads, -1).unbind(0)
        if not self.published_rule:
            terms, beyond = decomposed(q, tables, self.window)
            return attend_in_parts(q, k, v, terms, _padding(q, beyond, k_bias, v_bias))
        bias, beyond = as_published_in_3d(q, tables, self.window, q_bias)
        n = q.shape[2:-1].numel()
        padding = _padding(q, beyond, k_bias, v_bias)
        if padding is not None:
            padding = (padding[0].flatten(2)[..., None], padding[1][:, :, None])
        rows = [x.flatten(2, -2) for x in (q, k, v)]
        out = attend(rows[0], rows[1], rows[2], bias.reshape(*bias.shape[:2], n, n), padding)
        return out.reshape(q.shape)


class Adapter(nn.Module):
    """SAM-Med2D's adapter: channels weighed by their mean, then a convolution down and up again.

    The grid's sides must be even. There is no bias and no scale, and the output is normalised, so
    that a fresh adapter already changes the network strongly.
    """

    def __init__(self, ndim: int, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)  # eps 1e-5, unlike the rest of the encoder
        hidden = width // _ADAPTER_SHRINK
        self.channel = nn.Sequential(
            nn.Linear(width, hidden, bias=False),
            nn.ReLU(),
            nn.Linear(hidden, width, bias=False),
            nn.Sigmoid(),
        )
        self.spatial = nn.Sequential(
            nd.conv(ndim, width, width, 3, stride=2, bias=False),
            nn.ReLU(),
            nd.doubling(ndim, width, width, 4, bias=False),
            nn.ReLU(),
        )

    def forward(self, x: Tokens) -> Tokens:
        """What is added to the tokens."""
        axes = tuple(range(1, x.ndim - 1))
        gate = self.channel(x.mean(axes, keepdim=True))
        down, up = (self.spatial.get_parameter(f"{layer}.weight") for layer in (0, 2))
        half = nn.functional.relu(nd.strided((x * gate).movedim(-1, 1), down))
        spatial = nn.functional.relu(nd.spread(half, up)).movedim(1, -1)
        out: Tensor = self.norm(x + spatial)
        return out


def _padding(
    q: WindowHeads, beyond: Tensor | None, k_bias: Tensor, v_bias: Tensor
) -> tuple[Tensor, Tensor] | None:
    """The logit of all padding for each query, and its value for each head of each window."""
    if beyond is None:
        return None
    per_head = k_bias.reshape(1, k_bias.shape[0], *[1] * (q.ndim - 4), -1, 1)
    logit = torch.matmul(q, per_head)[..., 0] * q.shape[-1] ** -0.5
    return logit + beyond, v_bias.expand(q.shape[0], -1, -1)


def _parts(n: int, window: int) -> list[slice]:
    """An axis as the part that whole windows fill, and the rest."""
    whole = n - n % window
    return [s for s in (slice(0, whole), slice(whole, n)) if s.stop > s.start]


def _split(qkv: Tensor, sides: list[int]) -> Tensor:
    """``(batch, *space, 3, head, channel)`` as ``(3, batch * windows, head, *sides, channel)``."""
    batch, *space = qkv.shape[:-3]
    ndim = len(space)
    pairs = [p for n, side in zip(space, sides, strict=True) for p in (n // side, side)]
    x = qkv.reshape(batch, *pairs, *qkv.shape[-3:])
    outer = [1 + 2 * axis for axis in range(ndim)]
    inner = [2 + 2 * axis for axis in range(ndim)]
    three, head, channel = 1 + 2 * ndim, 2 + 2 * ndim, 3 + 2 * ndim
    x = x.permute(three, 0, *outer, head, *inner, channel)
    return x.reshape(3, -1, qkv.shape[-2], *sides, qkv.shape[-1])


def _join(windows: WindowHeads, batch: int, part: tuple[slice, ...]) -> Tokens:
    """``(batch * windows, head, *sides, channel)`` as ``(batch, *space, head * channel)``."""
    sides = windows.shape[2:-1]
    ndim = len(sides)
    counts = [(s.stop - s.start) // side for s, side in zip(part, sides, strict=True)]
    x = windows.reshape(batch, *counts, windows.shape[1], *sides, windows.shape[-1])
    order = [axis for i in range(ndim) for axis in (1 + i, 2 + ndim + i)]
    x = x.permute(0, *order, 1 + ndim, 2 + 2 * ndim)
    return x.reshape(batch, *[s.stop - s.start for s in part], -1)
