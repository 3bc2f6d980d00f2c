"""What an automatic model is, as data: it finds the structures it was taught, without prompts."""

import math
from dataclasses import dataclass

from vesal.errors import ConfigError
from vesal.images.normalisation import Normalisation
from vesal.labels.segment import check_name
from vesal.models.capabilities import Capabilities
from vesal.models.sam_config import SamConfig
from vesal.models.unet_config import PromptableUNetConfig

AUTOMATIC = "automatic"
"""The family of all automatic models, whatever encoder they have."""

_GLOBAL_BLOCKS = 4  # UNETR joins its decoder to four depths of the encoder
_PATCH = 16  # voxels: four doublings, one for each of its steps
_MOST_CLASSES = 255  # of labels of 8 bits, beside the background
_MOST = 4096  # voxels an axis, channels: a config from elsewhere cannot ask for all memory


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomaticConfig:
    """Sizes of a `vesal.models.automatic.Automatic`, and how an image is shown to it.

    The axes of windows and spacings are those closest to right, front and head of a volume, in this
    order; of a raster they are down and right.

    Raises:
        ConfigError: names that cannot be used, or sizes that are out of range or do not fit
            together.
    """

    family: str = AUTOMATIC
    encoder: SamConfig | PromptableUNetConfig
    """A ViT with a UNETR's decoder (SAM-Med3D, Table 6), or vesal-mini's with a light one."""
    classes: tuple[str, ...]
    """Names of the structures; their numbers count from 1, 0 is the background."""
    window: tuple[int, ...]
    """Voxels of a window along each axis."""
    spacing_mm: tuple[float, ...]
    """Between voxels of a window along each axis; 0 for the image's own."""
    normalisation: Normalisation
    features: int = 16
    """Channels of the decoder at full resolution (UNETR: 16); vesal-mini's has its own widths."""

    def __post_init__(self) -> None:
        if self.family != AUTOMATIC:
            msg = f"the family must be {AUTOMATIC!r}, got {self.family!r}"
            raise ConfigError(msg)
        self._check_classes()
        self._check_sizes()
        if isinstance(self.encoder, SamConfig):
            self._check_transformer(self.encoder)
        elif any(side % self.encoder.step for side in self.window):
            msg = f"sides of the window must be multiples of {self.encoder.step}, got {self.window}"
            raise ConfigError(msg)

    @property
    def ndim(self) -> int:
        """Space axes of the images."""
        return self.encoder.ndim

    @property
    def capabilities(self) -> Capabilities:
        """It takes no prompts."""
        return Capabilities(image_ndims=(self.ndim,), prompts=(), trained_score=False)

    @property
    def outputs(self) -> int:
        """Channels of its answer: the background and the classes."""
        return 1 + len(self.classes)

    def _check_classes(self) -> None:
        for name in self.classes:
            check_name(name)
        count = len(self.classes)
        if not 1 <= count <= _MOST_CLASSES or len(set(self.classes)) < count:
            msg = (
                f"an automatic model needs 1 to {_MOST_CLASSES} classes of different names, "
                f"got {count}: {', '.join(self.classes[:5])}"
            )
            raise ConfigError(msg)

    def _check_sizes(self) -> None:
        if len(self.window) != self.ndim or any(not 1 <= side <= _MOST for side in self.window):
            msg = f"the window needs {self.ndim} sides of 1 to {_MOST} voxels, got {self.window}"
            raise ConfigError(msg)
        if len(self.spacing_mm) != self.ndim or any(
            not 0 <= spacing < math.inf for spacing in self.spacing_mm
        ):
            msg = f"spacing_mm needs {self.ndim} numbers from 0 on, got {self.spacing_mm}"
            raise ConfigError(msg)
        if not 1 <= self.features <= _MOST:
            msg = f"features must be 1 to {_MOST}, got {self.features}"
            raise ConfigError(msg)

    def _check_transformer(self, encoder: SamConfig) -> None:
        if self.window != (encoder.image_size,) * self.ndim:
            msg = (
                f"the window must be the encoder's, {encoder.image_size} voxels an axis, "
                f"got {self.window}"
            )
            raise ConfigError(msg)
        if len(encoder.global_blocks) != _GLOBAL_BLOCKS or encoder.patch != _PATCH:
            msg = (
                f"UNETR needs an encoder with {_GLOBAL_BLOCKS} global blocks and patches of "
                f"{_PATCH} voxels, got {encoder.global_blocks} and {encoder.patch}"
            )
            raise ConfigError(msg)
        if encoder.branch_depth:
            msg = f"UNETR takes a ViT alone, got {encoder.family} with a ResNet beside it"
            raise ConfigError(msg)
