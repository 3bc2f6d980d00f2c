"""Files to images, masks to files."""

from vesal.images.image import Image, Mask
from vesal.images.read import open_image
from vesal.images.source import Source

__all__ = ["Image", "Mask", "Source", "open_image"]
