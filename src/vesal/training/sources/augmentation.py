"""Random changes of windows by MONAI: the image and what is in it are moved together."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from vesal.arrays import TrainingImage, TrainingMasks
from vesal.errors import ConfigError, ResourceError

if TYPE_CHECKING:
    from monai.transforms.compose import Compose

STRENGTHS = ("off", "flip", "strong")
"""Nothing; each axis mirrored in one of two windows, as published for SAM-Med3D; and in addition
small turns and zooms, and what scanners do to intensities, about as in nnU-Net."""

_TURN = np.deg2rad(15)
_ZOOM = 0.2  # shorter or longer by up to a fifth


class Augmentation:
    """Changes windows; the same for the same seed. Can be sent to another process.

    Args:
        strength: one of `STRENGTHS`.

    Raises:
        ConfigError: an unknown strength.
        ResourceError: MONAI is not there.
    """

    def __init__(self, strength: str) -> None:
        if strength not in STRENGTHS:
            msg = f"augmentation must be one of {', '.join(STRENGTHS)}, got {strength!r}"
            raise ConfigError(msg)
        self._strength = strength
        self._changes: dict[int, Compose] = {}
        if strength != "off":
            _monai()  # so that what is missing is said at the start

    def __getstate__(self) -> Mapping[str, object]:
        return {"_strength": self._strength, "_changes": {}}  # made anew where it is used

    def changed(
        self, image: TrainingImage, targets: TrainingMasks, rng: np.random.Generator
    ) -> tuple[TrainingImage, TrainingMasks]:
        """The window after random changes; as it was where a target would be moved out of it."""
        if self._strength == "off":
            return image, targets
        ndim = image.ndim - 1
        if ndim not in self._changes:
            self._changes[ndim] = _composed(self._strength, ndim)
        changes = self._changes[ndim]
        changes.set_random_state(seed=int(rng.integers(2**31)))
        given = {"image": image, "targets": targets.astype(np.uint8)}
        made: Any = changes(given)
        moved = np.asarray(made["targets"].numpy(), targets.dtype)
        spatial = tuple(range(1, targets.ndim))
        if (targets.any(axis=spatial) & ~moved.any(axis=spatial)).any():
            return image, targets
        return np.asarray(made["image"].numpy(), np.float32), moved


def _composed(strength: str, ndim: int) -> "Compose":
    transforms = _monai()
    both = ("image", "targets")
    steps: list[Callable[..., Any]] = [
        transforms.RandFlipd(both, prob=0.5, spatial_axis=axis) for axis in range(ndim)
    ]
    if strength == "strong":
        steps += [
            transforms.RandAffined(
                both,
                prob=0.3,
                rotate_range=(_TURN,) * (ndim if ndim == 3 else 1),
                scale_range=(_ZOOM,) * ndim,
                mode=("bilinear", "nearest"),
                padding_mode=("border", "zeros"),
            ),
            transforms.RandGaussianSmoothd(
                "image", prob=0.15, sigma_x=(0.5, 1), sigma_y=(0.5, 1), sigma_z=(0.5, 1)
            ),
            transforms.RandSimulateLowResolutiond(
                "image",
                prob=0.15,
                zoom_range=(0.5, 1.0),
                upsample_mode="trilinear" if ndim == 3 else "bilinear",
            ),
            transforms.RandBiasFieldd("image", prob=0.15, coeff_range=(0.0, 0.1)),
            transforms.RandScaleIntensityd("image", prob=0.15, factors=0.25),
            transforms.RandAdjustContrastd("image", prob=0.3, gamma=(0.7, 1.5), retain_stats=True),
            transforms.RandGaussianNoised("image", prob=0.15, std=0.1),
        ]
    composed: Compose = transforms.Compose(steps)
    return composed


def _monai() -> Any:  # noqa: ANN401  # a module
    try:
        from monai import transforms
    except ImportError as error:
        msg = (
            f"augmentation needs MONAI, which is not there ({error}): "
            "pip install 'vesal[train]', or turn it off"
        )
        raise ResourceError(msg) from error
    return transforms
