"""Tells a checkpoint's family and all sizes from the names and shapes of its tensors.

What shapes cannot tell is taken from the zoo: the quirks that published weights were trained with.
MedSAM's files have the very shapes of SAM's.
"""

import dataclasses
import re
from collections.abc import Mapping

from vesal.errors import CheckpointError, ConfigError
from vesal.models.sam_config import SamConfig
from vesal.models.zoo import PUBLISHED

Shapes = Mapping[str, tuple[int, ...]]


_PATCHES = "image_encoder.patch_embed.proj.weight"
_POSITIONS = "image_encoder.pos_embed"
_NECK = "image_encoder.neck.0.weight"
_UNET_TOKEN = "mask_decoder.med_token.weight"  # noqa: S105  # of a transformer
_BOTTLENECK = "resnet.stage1.0.conv3.weight"
_BLOCK = re.compile(r"image_encoder\.blocks\.(\d+)\.attn\.rel_pos_h")
_POINT = re.compile(r"prompt_encoder\.point_embeddings\.\d+\.weight")
_FT_SAM_SIZE = 256
PLAIN = ("sam", "medsam", "ft-sam")
"""Families of the same shapes: the keys do not tell them apart."""


def recognised(shapes: Shapes, family: str | None = None) -> SamConfig:
    """The config of the tensors with these canonical names and shapes.

    Args:
        shapes: names as `families.canonical` gives them.
        family: what the caller takes them for; decides between families of the same shapes.

    Raises:
        CheckpointError: of no known family, of another one than the caller says, or of sizes
            that do not fit together.
    """
    lacking = [name for name in (_PATCHES, _POSITIONS, _NECK) if not shapes.get(name)]
    if lacking:
        msg = (
            f"they are of no family that vesal knows: {lacking[0]} is missing, "
            f"what there is begins with {', '.join(sorted(shapes)[:2])}"
        )
        raise CheckpointError(msg)
    try:
        config = _measured(shapes)
    except ConfigError as error:
        msg = f"they have sizes that do not fit together: {error}"
        raise CheckpointError(msg) from error
    return as_family(config, family)


def as_family(config: SamConfig, family: str | None) -> SamConfig:
    """The config as one of the family that the caller says, if the shapes allow that.

    Raises:
        CheckpointError: they are of another family.
    """
    if family is None or family == config.family:
        return config
    if family in PLAIN and config.family in PLAIN:
        return dataclasses.replace(config, family=family)
    msg = f"they are of the family {config.family}, not {family}; leave the family out"
    raise CheckpointError(msg)


def _measured(shapes: Shapes) -> SamConfig:
    """Raises CheckpointError or ConfigError where shapes contradict each other."""
    patch = shapes[_PATCHES][2:]
    ndim = len(patch)
    if ndim not in (2, 3) or len(set(patch)) > 1:
        msg = f"their patches have the sides {patch}; 2 or 3 equal ones would be right"
        raise CheckpointError(msg)
    width, channels = shapes[_PATCHES][:2]
    grid = _grid(shapes[_POSITIONS], ndim)
    rows, head_width = _relative_positions(shapes)
    window, global_blocks = _windows(rows, grid)
    quirks = PUBLISHED["sam-med3d" if ndim == 3 else "sam-vit-b"]  # what shapes cannot tell
    return dataclasses.replace(
        quirks,
        family=_family(shapes, ndim, grid * patch[0]),
        ndim=ndim,
        image_channels=channels,
        image_size=grid * patch[0],
        patch=patch[0],
        width=width,
        depth=len(rows),
        heads=width // head_width,
        window=window,
        global_blocks=global_blocks,
        prompt_width=shapes[_NECK][0],
        adapters=any(".Adapter." in name for name in shapes),
        branch_depth=_branch_depth(shapes),
        point_embeddings=sum(1 for name in shapes if _POINT.fullmatch(name)),
    )


def _family(shapes: Shapes, ndim: int, size: int) -> str:
    if _UNET_TOKEN in shapes:
        return "sam-unet"
    if ndim == 3:
        return "sam-med3d"
    if any(".Adapter." in name for name in shapes):
        return "sam-med2d"
    return "ft-sam" if size == _FT_SAM_SIZE else "sam"


def _grid(positions: tuple[int, ...], ndim: int) -> int:
    sides = positions[1:-1]
    if len(sides) != ndim or len(set(sides)) > 1:
        msg = f"their positions have the shape {positions}; {ndim} equal sides would be right"
        raise CheckpointError(msg)
    return sides[0]


def _relative_positions(shapes: Shapes) -> tuple[tuple[int, ...], int]:
    """Rows of the table of each block, and channels of an attention head."""
    found = {int(m[1]): shapes[name] for name in shapes if (m := _BLOCK.fullmatch(name))}
    tables = [found[block] for block in range(len(found)) if block in found]
    if not tables or len(tables) < len(found) or len({table[-1:] for table in tables}) > 1:
        msg = f"their relative positions are of the blocks {sorted(found)} and do not agree"
        raise CheckpointError(msg)
    if any(len(table) != 2 or not all(table) for table in tables):
        msg = f"their relative positions have the shapes {tables[:3]}; two axes would be right"
        raise CheckpointError(msg)
    return tuple(rows for rows, _ in tables), tables[0][1]


def _windows(rows: tuple[int, ...], grid: int) -> tuple[int, tuple[int, ...]]:
    """Tokens a side of the local windows, and the blocks without windows."""
    whole = tuple(block for block, count in enumerate(rows) if count == 2 * grid - 1)
    local = {count for count in rows if count != 2 * grid - 1}
    if not local:  # the window is as large as the grid; SAM's blocks without one are evenly spaced
        quarter = max(len(rows) // 4, 1)
        return grid, tuple(range(quarter - 1, len(rows), quarter))
    if len(local) > 1 or not min(local) % 2:
        msg = (
            f"their relative positions have {sorted({*rows})} rows; {2 * grid - 1} for the grid "
            "and one other odd number for the windows would be right"
        )
        raise CheckpointError(msg)
    return (min(local) + 1) // 2, whole


def _branch_depth(shapes: Shapes) -> int:
    if not any(name.startswith("resnet.") for name in shapes):
        return 0
    return 50 if _BOTTLENECK in shapes else 34
