"""What sets SAM and the models that came from it apart, as data: one record for all of them.

Each field that is odd has a comment with its effect; published weights decide what is right.
"""

import math
from dataclasses import dataclass

from vesal.errors import ConfigError
from vesal.models.capabilities import Capabilities

_ALL = ("point", "box", "mask")
_SLICES = (2, 3)  # of 2D models: volumes are seen slice by slice

FAMILIES: dict[str, Capabilities] = {
    "sam": Capabilities(image_ndims=_SLICES, prompts=_ALL, trained_score=True),
    # Trained on boxes alone, and no loss touched its predicted IoU.
    "medsam": Capabilities(image_ndims=_SLICES, prompts=("box",), trained_score=False),
    "sam-med2d": Capabilities(image_ndims=_SLICES, prompts=_ALL, trained_score=True),
    "ft-sam": Capabilities(image_ndims=_SLICES, prompts=_ALL, trained_score=True),
    # Trained on boxes alone; its points and masks still have SAM's layers.
    "sam-unet": Capabilities(image_ndims=_SLICES, prompts=("box",), trained_score=False),
    # No loss touched its predicted IoU, nor the box rows of the files that have them.
    "sam-med3d": Capabilities(image_ndims=(3,), prompts=("point", "mask"), trained_score=False),
}
"""What each family was trained for."""

_BRANCHES = (0, 34, 50)
_MOST = 4096  # channels, voxels an axis: a config from elsewhere cannot ask for all memory
_MOST_BLOCKS = 64
_DECODER_PARTS = 16  # its 8 heads, of half the width where tokens look at the image


@dataclass(frozen=True, slots=True, kw_only=True)
class SamConfig:
    """Sizes and quirks of a `vesal.models.segmenter.Segmenter`.

    Raises:
        ConfigError: an unknown family, or sizes that are out of range or do not fit together.
    """

    family: str
    ndim: int
    image_channels: int
    image_size: int
    """Voxels an axis of the model's square or cubic input."""
    patch: int = 16
    width: int = 768
    """Channels of a token in the image encoder."""
    depth: int = 12
    heads: int = 12
    window: int = 14
    """Tokens an axis of a window of local attention."""
    global_blocks: tuple[int, ...] = (2, 5, 8, 11)
    """Blocks in which every token sees every other one."""
    prompt_width: int = 256
    """Channels of the embedding, the prompts and the decoder."""
    adapters: bool = False
    """SAM-Med2D: an adapter beside the MLP of each block."""
    branch_depth: int = 0
    """SAM-UNet: layers of the ResNet beside the ViT, 34 or 50; 0 for none."""
    point_embeddings: int = 4
    """Learned kinds of points: negative, positive, and the two corners of a box where it is 4."""
    code_waves: tuple[str, ...] = ("sin", "cos")
    """Waves of a position's code. SAM-Med3D repeats the sine as a third block, which fills its 384
    channels; without the repeat its published weights see other channels where the block was."""
    point_axes: tuple[int, ...] = (1, 0)
    """Array axes in the order in which a point's code takes them: SAM's points are (x, y)."""
    dense_axes: tuple[int, ...] = (1, 0)
    """The same for the code of the image grid. SAM-Med3D has (1, 0, 2) here and (0, 1, 2) for its
    points: the grid is coded with its first two axes exchanged, so that a click attends to the
    mirrored place, and its weights were trained that way."""
    relative_positions: str = "decomposed"
    """How relative positions enter attention: "decomposed" is the rule of the papers, "sam-med3d"
    what the published 3D code computes (see `vesal.models.relative`)."""

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            msg = f"the family must be one of {', '.join(FAMILIES)}, got {self.family!r}"
            raise ConfigError(msg)
        self._check_axes()
        self._check_sizes()
        if self.branch_depth not in _BRANCHES:
            msg = f"branch_depth must be one of {_BRANCHES}, got {self.branch_depth}"
            raise ConfigError(msg)
        if self.branch_depth and len(self.global_blocks) != 4:  # one for each stage of the ResNet
            msg = f"a ResNet branch needs 4 global blocks, got {self.global_blocks}"
            raise ConfigError(msg)

    @property
    def capabilities(self) -> Capabilities:
        """What the family was trained for."""
        return FAMILIES[self.family]

    @property
    def grid(self) -> int:
        """Tokens an axis."""
        return self.image_size // self.patch

    @property
    def mask_size(self) -> int:
        """Voxels an axis of the decoder's logits and of a mask prompt."""
        return 4 * self.grid

    def _check_axes(self) -> None:
        if self.ndim not in (2, 3):
            msg = f"ndim must be 2 or 3, got {self.ndim}"
            raise ConfigError(msg)
        for name in ("point_axes", "dense_axes"):
            axes = getattr(self, name)
            if sorted(axes) != list(range(self.ndim)):
                msg = f"{name} must name each of {self.ndim} axes once, got {axes}"
                raise ConfigError(msg)
        if self.relative_positions not in ("decomposed", "sam-med3d"):
            msg = (
                "relative_positions must be 'decomposed' or 'sam-med3d', "
                f"got {self.relative_positions!r}"
            )
            raise ConfigError(msg)
        if self.relative_positions == "sam-med3d" and self.ndim != 3:
            raise ConfigError("relative_positions 'sam-med3d' needs ndim 3, got 2")
        if not self.code_waves or any(wave not in ("sin", "cos") for wave in self.code_waves):
            msg = f"code_waves must be of 'sin' and 'cos', got {self.code_waves}"
            raise ConfigError(msg)

    def _check_sizes(self) -> None:
        for name in ("image_channels", "image_size", "patch", "width", "heads", "window"):
            value = getattr(self, name)
            if not 1 <= value <= _MOST:
                msg = f"{name} must be 1 to {_MOST}, got {value}"
                raise ConfigError(msg)
        if not 1 <= self.depth <= _MOST_BLOCKS or self.point_embeddings not in (2, 4):
            msg = (
                f"depth must be 1 to {_MOST_BLOCKS} and point_embeddings 2 or 4, "
                f"got {self.depth} and {self.point_embeddings}"
            )
            raise ConfigError(msg)
        if any(not 0 <= block < self.depth for block in self.global_blocks):
            msg = f"global_blocks must be below depth {self.depth}, got {self.global_blocks}"
            raise ConfigError(msg)
        if self.image_size % self.patch or self.width % self.heads:
            msg = (
                f"image_size {self.image_size} must be a multiple of patch {self.patch}, "
                f"and width {self.width} of heads {self.heads}"
            )
            raise ConfigError(msg)
        waves = len(self.code_waves)
        parts = math.lcm(_DECODER_PARTS, waves)
        if not 1 <= self.prompt_width <= _MOST or self.prompt_width % parts:
            msg = (
                f"prompt_width must be a multiple of {parts} up to {_MOST}, got {self.prompt_width}"
            )
            raise ConfigError(msg)
