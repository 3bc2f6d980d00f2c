"""Modalities as data sets write them, in one spelling."""

import re

_WORDS = {
    "CT": ("ct", "cta", "cbct", "ldct", "hu"),
    "MR": (
        "mr", "mri", "mra", "t1", "t1w", "t1c", "t1ce", "t1gd", "t2", "t2w", "t2star", "flair",
        "pd", "pdw", "adc", "dwi", "dti", "swi", "bold", "lge", "cmr", "cine", "mprage", "hbv",
    ),
    "PET": ("pet", "pt", "suv"),
    "US": ("us", "ultrasound", "echo"),
    "XR": ("xr", "xray", "cr", "dx", "cxr", "radiograph"),
    "MG": ("mg", "mammography", "mammo"),
    "OCT": ("oct",),
    "ENDOSCOPY": ("endoscopy", "es", "colonoscopy"),
    "DERMOSCOPY": ("dermoscopy", "xc"),
    "FUNDUS": ("fundus", "op"),
    "MICROSCOPY": ("microscopy", "micr", "sm", "em", "fluo", "histology", "pathology"),
}  # fmt: skip
_KNOWN = {word: modality for modality, words in _WORDS.items() for word in words}
_SEQUENCES = frozenset(
    ("00", "cbf", "cbv", "mtt", "tmax", "rcbf", "rcbv", "ttp", "photography", *_WORDS["MR"])
)
"""What SA-Med2D and SAM-Med3D put between modality and data set."""


def modality_of(text: str) -> str:
    """The modality that a text begins with, such as "MR" for "T1w" or "mr_flair"; "" if unknown."""
    words = _words(text)
    if words[:2] == ["x", "ray"]:
        return "XR"
    return _KNOWN.get(words[0], "") if words else ""


def dataset_of(text: str) -> str:
    """What a text such as "mr_flair_BraTS2021" says after modality and sequence: "BraTS2021"."""
    words = text.split("_")
    rest = words[2:] if [w.lower() for w in words[:2]] == ["x", "ray"] else words[1:]
    while len(rest) > 1 and rest[0].lower() in _SEQUENCES:
        rest = rest[1:]
    return "_".join(rest) if modality_of(text) and rest else text


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[^a-z0-9]+", text.lower()) if word]
