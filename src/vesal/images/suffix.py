"""How the names of image files end; what they hold is told by their content."""

SUFFIXES = (
    ".nii.gz",  # before what it could be mistaken for
    ".nii",
    ".nrrd",
    ".nhdr",
    ".mha",
    ".mhd",
    ".hdr",
    ".png",
    ".jpg",
    ".jpeg",
    ".tif",
    ".tiff",
    ".dcm",
    ".zip",
)
"""Of all that `open_image` reads, in small letters; a zip file holds DICOM."""


def suffix_of(name: str) -> str:
    """The suffix of an image file as it is written, such as ".nii.gz"; "" for another file."""
    lower = name.lower()
    for suffix in SUFFIXES:
        if lower.endswith(suffix) and len(name) > len(suffix):
            return name[-len(suffix) :]
    return ""


def stem_of(name: str) -> str:
    """The name of a file without its suffix; the ".seg" of 3D Slicer stays."""
    return name.removesuffix(suffix_of(name))
