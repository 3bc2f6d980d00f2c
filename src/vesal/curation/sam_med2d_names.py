"""Names of the files of SA-Med2D-20M, made of where a slice comes from.

images/ct_00--AMOS2022--amos_0004--z_0090.png and, for each mask of it, the class and the instance
behind: masks/ct_00--AMOS2022--amos_0004--z_0090--0001_000.png.
"""

import re

from vesal.datasets import Pair
from vesal.labels.write import safe_names

IMAGES, MASKS = "images", "masks"
# As the release spells them; what it has not is spelt so that `modality_of` finds its way back.
_TAGS = {
    "CT": "ct_00",
    "MR": "mr_00",
    "PET": "pet_00",
    "US": "ultrasound_00",
    "XR": "x_ray",
    "MG": "mammography_00",
    "OCT": "oct_00",
    "ENDOSCOPY": "endoscopy_00",
    "DERMOSCOPY": "dermoscopy_00",
    "FUNDUS": "fundus_photography",
    "MICROSCOPY": "microscopy_00",
}
_UNKNOWN = "unknown_00"
_NAMELESS = "unnamed"


def modality_tag(modality: str) -> str:
    """How the release writes a modality and its kind: "ct_00" for "CT"; which MR is not known."""
    return _TAGS.get(modality, _UNKNOWN)


def dataset_word(dataset: str) -> str:
    """The name of a data set as a part of file names: without what divides their parts."""
    if not dataset:
        return _NAMELESS
    return re.sub("-{2,}", "-", safe_names([dataset])[0]).strip("-") or _NAMELESS


def case_word(case: str) -> str:
    """The name of a case as a part of file names; "--" may stay in it, but not at its end."""
    return re.sub("^-+|-+$", "_", safe_names([case])[0])


def image_stem(pair: Pair, place: str) -> str:
    """The name of a slice, without suffix.

    Args:
        pair: the case.
        place: axis and slice, such as "z_0090", or "2d_none".
    """
    tag, dataset = modality_tag(pair.modality), dataset_word(pair.dataset)
    return "--".join((tag, dataset, case_word(pair.name), place))


def mask_stem(image: str, number: int, instance: int) -> str:
    """The name of a mask, without suffix.

    Args:
        image: stem of its image.
        number: of its class in its data set.
        instance: which one of this class in the image, from 0 on.
    """
    return f"{image}--{number:04d}_{instance:03d}"
