"""Weights of one image size at another one: what is tied to the grid is interpolated.

These are the positions of the tokens, and the relative positions of the blocks that see the whole
grid. All else is copied, the mask tokens and the heads of the decoder too, which the training code
of SAM-Med2D and SAM-UNet leaves at random here.
"""

from collections.abc import Mapping
from dataclasses import replace

from torch import Tensor, nn

from vesal.errors import ConfigError
from vesal.models import nd
from vesal.models.sam_config import SamConfig

_POSITIONS = "image_encoder.pos_embed"
_AXES = "hwd"

Weights = dict[str, Tensor]


def resized(
    config: SamConfig, weights: Mapping[str, Tensor], image_size: int
) -> tuple[SamConfig, Weights, tuple[str, ...]]:
    """The config and the weights at this image size, and notes on what was interpolated.

    Linear over the cells of the grid and over the rows of the tables, without smoothing, as the
    reference implementations do (SAM-Med2D `build_sam.py`, SAM-UNet's builder).

    Raises:
        ConfigError: a size that the model cannot have.
    """
    if image_size == config.image_size:
        return config, dict(weights), ()
    target = replace(config, image_size=image_size)
    if config.adapters and target.grid % 2:  # they halve the grid and double it again
        msg = f"image_size must be an even multiple of {config.patch}, got {image_size}"
        raise ConfigError(msg)
    tables = [
        name
        for block in config.global_blocks
        for axis in _AXES[: config.ndim]
        if (name := f"image_encoder.blocks.{block}.attn.rel_pos_{axis}") in weights
    ]
    changed = {_POSITIONS: _regridded(weights[_POSITIONS], target.grid)}
    changed |= {name: _respaced(weights[name], 2 * target.grid - 1) for name in tables}
    note = (
        f"positions resized from {config.grid} to {target.grid} tokens an axis for images of "
        f"{image_size} voxels an axis: {_POSITIONS} and {len(tables)} relative tables"
    )
    return target, {**weights, **changed}, (note,)


def _regridded(positions: Tensor, grid: int) -> Tensor:
    channels_first = positions.float().movedim(-1, 1)  # (1, width, *grid)
    size = (grid,) * (positions.ndim - 2)
    return nd.resized(channels_first, size).movedim(1, -1).contiguous().to(positions.dtype)


def _respaced(table: Tensor, rows: int) -> Tensor:
    columns = table.float().T[None]  # (1, head channel, row)
    longer = nn.functional.interpolate(columns, size=rows, mode="linear", align_corners=False)
    return longer[0].T.contiguous().to(table.dtype)
